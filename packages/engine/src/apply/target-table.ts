import { ValueDigest } from '@tidemark/protocol'
import type { ImageValue, SqlValue, TableShape } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import { isReservedName } from '../capture/own-tables.ts'
import { findTable, keyCollate } from '../capture/user-table.ts'
import { findVirtualTable } from '../capture/virtual-table.ts'
import { binding, isPlain, placeholder } from '../sql/exact-write.ts'
import { ExactSelect } from '../sql/exact-read.ts'
import { quoteIdentifier } from '../sql/quote.ts'
import { RefusedChangeError } from './refused-change-error.ts'

/** What tells a row of a table apart: its key, or its rowid where it has no key or a NULL in it. */
export type RowIdentity =
  | { readonly by: 'key'; readonly values: readonly SqlValue[] }
  | { readonly by: 'rowid'; readonly rowid: bigint }

/** Statements kept of a kind: there are as many as sets of columns that updates change (I7). */
const mostStatements = 256

/**
 * One table of the receiving database, as seen through the shape of a change: reads and writes rows with
 * statements that are reused.
 *
 * A row that does not fit fails its statement, whatever ON CONFLICT clauses the table has: they have had
 * their effect where the change was made, and here they would drop the change, or rows of others, or the
 * whole transaction, without a word. Statements for other tables say nothing of it: what they say would also
 * count for those of triggers that replace rows of a full-text index.
 */
export class TargetTable {
  readonly shape: TableShape
  /** The shape's columns, then those that only the receiver has: the order of {@link read}'s rows. */
  readonly columns: readonly string[]
  readonly #db: Database.Database
  readonly #isVirtual: boolean
  /** What INSERT and UPDATE do where a row does not fit. */
  readonly #orAbort: string
  readonly #name: string
  readonly #quoted: readonly string[]
  /** Of the columns of the key. */
  readonly #collate: readonly string[]
  readonly #rowid: string | null
  readonly #statements = new Map<string, Database.Statement<unknown[]>>()
  readonly #selects = new Map<string, ExactSelect>()
  readonly #byColumns = new Map<string, Database.Statement<unknown[]>>()
  #lastInsert: {
    readonly columns: readonly number[]
    readonly statement: Database.Statement<unknown[]>
  } | null = null

  /** @throws RefusedChangeError when the table, or a column of the shape, does not exist or must not be written */
  constructor(db: Database.Database, shape: TableShape) {
    const isReserved = isReservedName(shape.name)
    const ordinary = isReserved ? null : findTable(db, shape.name)
    const table = isReserved ? null : (ordinary ?? findVirtualTable(db, shape.name)?.table ?? null)
    if (table === null) throw new RefusedChangeError(`no such table: ${shape.name}`)
    const stored = new Set(table.shape.columns.map((name) => name.toLowerCase()))
    for (const name of shape.columns)
      if (!stored.has(name.toLowerCase()))
        throw new RefusedChangeError(`table ${shape.name} has no column named ${name}`)
    const shaped = new Set(shape.columns.map((name) => name.toLowerCase()))
    this.shape = shape
    this.#isVirtual = ordinary === null
    this.#orAbort = hasConflictClause(db, table.shape.name) ? ' OR ABORT' : ''
    this.columns = [
      ...shape.columns,
      ...table.shape.columns.filter((name) => !shaped.has(name.toLowerCase())),
    ]
    this.#db = db
    this.#name = quoteIdentifier(table.shape.name)
    this.#quoted = shape.columns.map(quoteIdentifier)
    this.#collate = shape.key.map((position) => keyCollate(table, shape.columns[position]!))
    this.#rowid = table.rowid
  }

  /** @throws SqliteError */
  insert(columns: readonly number[], values: readonly SqlValue[]): void {
    if (!isPlain(values)) this.#statement(this.#insertSql(columns, values)).run(...values.map(binding))
    else this.#plainInsert(columns).run(...values)
  }

  /**
   * Inserts the values of all rows by one statement, or of none where it fails. False: not here, nothing was
   * done. Plain values only.
   *
   * @throws SqliteError
   */
  insertAll(columns: readonly number[], rows: readonly { readonly values: readonly SqlValue[] }[]): boolean {
    if (this.#isVirtual) return false
    const values: SqlValue[] = []
    for (const row of rows) for (const value of row.values) values.push(value)
    const sql = this.#insertSql(columns, [])
    const places = sql.slice(sql.lastIndexOf('('))
    this.#statement(sql + `,${places}`.repeat(rows.length - 1)).run(values)
    return true
  }

  /** Inserts under `rowid`. @throws SqliteError, SQLITE_CONSTRAINT_ROWID or _PRIMARYKEY when it is taken */
  insertAt(rowid: bigint, columns: readonly number[], values: readonly SqlValue[]): void {
    const sql = this.#insertSql(columns, values, this.#rowidName())
    this.#statement(sql).run(rowid, ...values.map(binding))
  }

  /** Inserts under a rowid that SQLite chooses, and returns it. */
  insertAnywhere(columns: readonly number[], values: readonly SqlValue[]): bigint {
    const result = this.#statement(this.#insertSql(columns, values)).run(...values.map(binding))
    return BigInt(result.lastInsertRowid)
  }

  /** Sets `columns` of the row if it is there. */
  update(identity: RowIdentity, columns: readonly number[], values: readonly SqlValue[]): boolean {
    const set = columns
      .map((column, index) => `${this.#quoted[column]}=${placeholder(values[index]!)}`)
      .join()
    const sql = `UPDATE${this.#orAbort} ${this.#name} SET ${set} WHERE ${this.#where(identity)}`
    return this.#statement(sql).run(...values.map(binding), ...bindingsOf(identity)).changes > 0
  }

  /**
   * Sets `columns` of the row with the key `key` in one statement, if they still hold `expected`. False: the
   * row is absent, holds something else, or the values cannot be compared in SQL; then look closer.
   */
  updateExpected(
    key: readonly SqlValue[],
    columns: readonly number[],
    values: readonly SqlValue[],
    expected: readonly ImageValue[],
  ): boolean {
    if (!isPlain(values) || !isPlain(key) || !areComparable(expected)) return false
    const signature = columns.join()
    let statement = this.#byColumns.get(signature)
    if (statement === undefined) {
      const set = columns.map((column) => `${this.#quoted[column]}=?`).join()
      const unchanged = columns.map((column) => ` AND ${this.#quoted[column]} COLLATE BINARY IS ?`).join('')
      statement = this.#db.prepare(
        `UPDATE${this.#orAbort} ${this.#name} SET ${set} WHERE ${this.#where({ by: 'key', values: key })}${unchanged}`,
      )
      if (this.#byColumns.size === mostStatements) this.#byColumns.clear()
      this.#byColumns.set(signature, statement)
    }
    return statement.run(...values, ...key, ...expected).changes > 0
  }

  /** Deletes the row if it is there. */
  delete(identity: RowIdentity): boolean {
    return (
      this.#statement(`DELETE FROM ${this.#name} WHERE ${this.#where(identity)}`).run(...bindingsOf(identity))
        .changes > 0
    )
  }

  /** The row, in the order of {@link columns}. */
  read(identity: RowIdentity): SqlValue[] | undefined {
    return this.#select(this.columns.map(quoteIdentifier), identity)
  }

  /** The rowid of the row; null if there is none. */
  rowidOf(identity: RowIdentity): bigint | null {
    return this.#rowid === null
      ? null
      : ((this.#select([this.#rowid], identity)?.[0] as bigint | undefined) ?? null)
  }

  /** The SQL condition, over bare column names, that finds the row, and what to bind to it. */
  locate(identity: RowIdentity): { readonly where: string; readonly bindings: readonly unknown[] } {
    return { where: this.#where(identity), bindings: bindingsOf(identity) }
  }

  /** A row of {@link read} with its column names. */
  named(row: readonly SqlValue[]): Record<string, SqlValue> {
    return Object.fromEntries(this.columns.map((name, index) => [name, row[index] ?? null]))
  }

  #select(columns: readonly string[], identity: RowIdentity): SqlValue[] | undefined {
    const tail = `FROM ${this.#name} WHERE ${this.#where(identity)}`
    const cacheKey = columns.length === this.columns.length ? tail : columns.join() + tail
    let select = this.#selects.get(cacheKey)
    if (select === undefined) {
      select = new ExactSelect(this.#db, columns, tail)
      this.#selects.set(cacheKey, select)
    }
    return select.get(...bindingsOf(identity))
  }

  #plainInsert(columns: readonly number[]): Database.Statement<unknown[]> {
    const last = this.#lastInsert
    if (last?.columns === columns) return last.statement
    // Another push of the same application.
    const isSame =
      last?.columns.length === columns.length &&
      columns.every((column, index) => column === last.columns[index])
    const statement = isSame ? last.statement : this.#statement(this.#insertSql(columns, []))
    this.#lastInsert = { columns, statement }
    return statement
  }

  #insertSql(columns: readonly number[], values: readonly SqlValue[], rowid?: string): string {
    const names = columns.map((column) => this.#quoted[column]!)
    const places = columns.map((_, index) => placeholder(values[index] ?? null))
    if (rowid !== undefined) {
      names.unshift(rowid)
      places.unshift('?')
    }
    if (names.length === 0) return `INSERT${this.#orAbort} INTO ${this.#name} DEFAULT VALUES`
    return `INSERT${this.#orAbort} INTO ${this.#name}(${names.join()}) VALUES(${places.join()})`
  }

  #where(identity: RowIdentity): string {
    if (identity.by === 'rowid') return `${this.#rowidName()}=?`
    return this.shape.key
      .map((position, index) => {
        const value = placeholder(identity.values[index] ?? null)
        return `${this.#quoted[position]}=${value}${this.#collate[index]}`
      })
      .join(' AND ')
  }

  #rowidName(): string {
    if (this.#rowid === null) throw new RefusedChangeError(`table ${this.shape.name} has no rowid`)
    return this.#rowid
  }

  #statement(sql: string): Database.Statement<unknown[]> {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#db.prepare(sql).safeIntegers(true)
      if (this.#statements.size === mostStatements) this.#statements.clear()
      this.#statements.set(sql, statement)
    }
    return statement
  }
}

function hasConflictClause(db: Database.Database, name: string): boolean {
  const select =
    "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE AND sql LIKE '%CONFLICT%'"
  return db.prepare<[string], 1>(select).get(name) !== undefined
}

function bindingsOf(identity: RowIdentity): unknown[] {
  return identity.by === 'rowid' ? [identity.rowid] : identity.values.map(binding)
}

function areComparable(images: readonly ImageValue[]): images is readonly SqlValue[] {
  for (const image of images) if (image instanceof ValueDigest) return false
  return isPlain(images as readonly SqlValue[])
}
