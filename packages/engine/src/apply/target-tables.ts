import type { TableShape } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import { foreignKeys } from './foreign-keys.ts'
import type { ForeignKey } from './foreign-keys.ts'
import { TargetTable } from './target-table.ts'

const maxTables = 1000

/**
 * The tables of one connection by the shape of the changes, and their foreign keys, kept as long as the
 * schema stays, across pushes.
 */
export class TargetTables {
  readonly #db: Database.Database
  readonly #byText = new Map<string, TargetTable>()
  #byShape = new WeakMap<TableShape, TargetTable>()
  #foreignKeys: readonly ForeignKey[] | null = null
  #schemaVersion = -1

  constructor(db: Database.Database) {
    this.#db = db
  }

  /**
   * Forgets what was learnt for another schema. To be called when a transaction begins and after each schema change.
   */
  refresh(schemaVersion: number): void {
    if (schemaVersion === this.#schemaVersion) return
    this.forget()
    this.#schemaVersion = schemaVersion
  }

  forget(): void {
    this.#schemaVersion = -1
    this.#byText.clear()
    this.#byShape = new WeakMap()
    this.#foreignKeys = null
  }

  /** Of all tables. */
  get foreignKeys(): readonly ForeignKey[] {
    return (this.#foreignKeys ??= foreignKeys(this.#db))
  }

  /** @throws RefusedChangeError when the database has no such table or column */
  get(shape: TableShape): TargetTable {
    let table = this.#byShape.get(shape)
    if (table !== undefined) return table
    const text = JSON.stringify([shape.name, shape.columns, shape.key])
    table = this.#byText.get(text)
    if (table === undefined) {
      table = new TargetTable(this.#db, shape)
      if (this.#byText.size === maxTables) this.#byText.clear()
      this.#byText.set(text, table)
    }
    this.#byShape.set(shape, table)
    return table
  }
}
