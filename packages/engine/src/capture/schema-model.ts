import Database from 'better-sqlite3'
import { classifyStatement } from '../sql/classify-statement.ts'
import { isDone } from '../sql/is-done.ts'
import { inSavepoint } from '../sql/savepoint.ts'
import { currentSchema } from './known-schema.ts'
import type { SchemaObject } from './known-schema.ts'

/** A schema without rows, in memory, on which statements can be tried. */
export class SchemaModel {
  readonly #db = new Database(':memory:')

  /** Objects that this SQLite cannot create (a module it does not have) are left out. */
  constructor(objects: readonly SchemaObject[]) {
    this.#db.pragma('foreign_keys = OFF')
    const order = ['table', 'index', 'view', 'trigger']
    for (const object of objects.toSorted((a, b) => order.indexOf(a.type) - order.indexOf(b.type)))
      this.tryAll([object.sql])
  }

  /** Runs all of `statements`, or, if one fails, none of them; tells which. */
  tryAll(statements: readonly string[]): boolean {
    try {
      inSavepoint(this.#db, () => {
        for (const sql of statements) this.#db.exec(sql)
      })
      return true
    } catch {
      return false
    }
  }

  /** Whether a schema statement has nothing left to do. */
  has(sql: string): boolean {
    const statement = classifyStatement(sql)
    return statement.kind === 'schema' && statement.name !== null && isDone(this.#db, statement, sql)
  }

  objects(): SchemaObject[] {
    return currentSchema(this.#db)
  }

  close(): void {
    this.#db.close()
  }
}
