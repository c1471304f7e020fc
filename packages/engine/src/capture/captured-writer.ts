import type { SqlValue, TableShape } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import { binding, isPlain, placeholder } from '../sql/exact-write.ts'
import type { CapturedChange, CapturedRow } from './captured-change.ts'
import { growImages } from './image-tables.ts'
import { shapeNumber } from './shape-number.ts'
import { changeTypes } from './own-tables.ts'

/** Writes changes into `tidemark_cdc` as they are, without the help of triggers. */
export class CapturedWriter {
  readonly #db: Database.Database
  readonly #exec: (sql: string) => void
  readonly #shapes = new Map<string, number>()
  readonly #statements = new Map<string, Database.Statement<unknown[]>>()
  #last: { readonly shape: TableShape; readonly number: number } | null = null
  #width = 0

  /** `exec` runs the schema statements that make room for wide tables. */
  constructor(db: Database.Database, exec: (sql: string) => void = (sql) => void db.exec(sql)) {
    this.#db = db
    this.#exec = exec
  }

  /** Writes `change` under its own id, in place of a marker that has it. */
  put(change: CapturedChange): void {
    this.#write(change, BigInt(change.changeId))
  }

  /** Writes `change` under the next free id. */
  append(change: CapturedChange): void {
    this.#write(change, null)
  }

  #write(change: CapturedChange, changeId: bigint | null): void {
    const timeMs = BigInt(change.timeMs)
    const head = 'INSERT OR REPLACE INTO tidemark_cdc(change_id, change_time, change_type'
    if (change.kind === 'commit') {
      const lastIdBefore = change.lastIdBefore === null ? null : BigInt(change.lastIdBefore)
      this.#statement(`${head}, id) VALUES (?, ?, ${changeTypes.commit}, ?)`).run(
        changeId,
        timeMs,
        lastIdBefore,
      )
    } else if (change.kind === 'schema') {
      this.#statement(`${head}, a0) VALUES (?, ?, ${changeTypes.schema}, ?)`).run(
        changeId,
        timeMs,
        change.sql,
      )
    } else {
      this.#writeRow(change, changeId, timeMs)
    }
  }

  #writeRow(change: CapturedRow, changeId: bigint | null, timeMs: bigint): void {
    const shape = this.#shape(change.table)
    const values: SqlValue[] = []
    if (change.after !== null) for (const value of change.after) values.push(value)
    if (change.before !== null) for (const value of change.before) values.push(value)
    const statement = this.#rowStatement(change, values)
    if (isPlain(values)) statement.run(changeId, timeMs, BigInt(shape), change.rowid, ...values)
    else statement.run(changeId, timeMs, BigInt(shape), change.rowid, ...values.map(binding))
  }

  #rowStatement(
    { kind, after, before, table }: CapturedRow,
    values: readonly SqlValue[],
  ): Database.Statement<unknown[]> {
    const isExact = isPlain(values)
    const cacheKey = `${kind} ${table.columns.length}`
    const cached = isExact ? this.#statements.get(cacheKey) : undefined
    if (cached !== undefined) return cached
    const letters = [...(after === null ? [] : ['a']), ...(before === null ? [] : ['b'])]
    const images = letters.flatMap((letter) => table.columns.map((_, index) => letter + index))
    const statement = this.#db.prepare(
      `INSERT OR REPLACE INTO tidemark_cdc(change_id, change_time, change_type, shape, id, ${images.join()})
       VALUES (?, ?, ${changeTypes[kind]}, ?, ?, ${values.map(placeholder).join()})`,
    )
    if (isExact) this.#statements.set(cacheKey, statement)
    return statement
  }

  #shape(shape: TableShape): number {
    if (this.#last?.shape === shape) return this.#last.number
    const text = JSON.stringify([shape.name, shape.columns, shape.key])
    let number = this.#shapes.get(text)
    if (number === undefined) {
      number = shapeNumber(this.#db, shape)
      this.#shapes.set(text, number)
    }
    if (shape.columns.length > this.#width) {
      growImages(this.#db, shape.columns.length, this.#exec)
      this.#width = shape.columns.length
    }
    this.#last = { shape, number }
    return number
  }

  #statement(sql: string): Database.Statement<unknown[]> {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}
