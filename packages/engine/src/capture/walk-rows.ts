import type { SqlValue } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import { ExactSelect, mayBeLossy, restoreRawText } from '../sql/exact-read.ts'
import { binding, isPlain, placeholder } from '../sql/exact-write.ts'
import { quoteIdentifier } from '../sql/quote.ts'
import { keyOf } from './to-wire-change.ts'
import { keyCollate } from './user-table.ts'
import type { UserTable } from './user-table.ts'

const chunkRows = 512
const chunkBytes = 1 << 20

/** A stored row with what identifies it in its own file: the rowid, or the key in a table without rowids. */
export interface StoredRow {
  readonly rowid: bigint | null
  readonly image: readonly SqlValue[]
}

/**
 * All rows of a table in the order of their identity. Memory is bounded by one row or about a MiB (I7), and
 * no statement stays open between two rows.
 */
export function* walkRows(db: Database.Database, table: UserTable): Generator<StoredRow> {
  let last: StoredRow | null = null
  for (;;) {
    const chunk = readChunk(db, table, last)
    yield* chunk
    if (chunk.length === 0) return
    last = chunk.at(-1)!
  }
}

/** Finds rows of one table by the identity of a row of another file of the same origin. */
export class RowFinder {
  readonly #db: Database.Database
  readonly #table: UserTable
  readonly #select: ExactSelect

  constructor(db: Database.Database, table: UserTable) {
    this.#db = db
    this.#table = table
    this.#select = this.#prepare(() => '?')
  }

  find(row: StoredRow): StoredRow | null {
    const identity = identityOf(this.#table, row)
    const select = isPlain(identity) ? this.#select : this.#prepare((index) => placeholder(identity[index]!))
    const cells = select.get(...identity.map(binding))
    return cells === undefined ? null : storedRow(this.#table, cells)
  }

  #prepare(place: (index: number) => string): ExactSelect {
    const { names, collate } = identityColumns(this.#table)
    const where = names.map((name, index) => `${name} = ${place(index)}${collate[index]}`)
    return new ExactSelect(
      this.#db,
      columnsOf(this.#table),
      `FROM ${quoteIdentifier(this.#table.shape.name)} WHERE ${where.join(' AND ')}`,
    )
  }
}

function readChunk(db: Database.Database, table: UserTable, last: StoredRow | null): StoredRow[] {
  const { tail, parameters } = rowsAfter(table, last)
  const sql = `SELECT ${columnsOf(table).join()} ${tail} LIMIT ${chunkRows}`
  const statement = db.prepare<unknown[], SqlValue[]>(sql).raw(true).safeIntegers(true)
  const chunk: SqlValue[][] = []
  let bytes = 0
  for (const cells of statement.iterate(...parameters)) {
    chunk.push(cells)
    for (const value of cells)
      bytes += typeof value === 'string' || value instanceof Uint8Array ? value.length : 8
    if (bytes >= chunkBytes) break
  }
  const rows: StoredRow[] = []
  for (const cells of chunk) {
    if (mayBeLossy(cells)) restoreRawText(cells, bytesAfter(db, table, rows.at(-1) ?? last))
    rows.push(storedRow(table, cells))
  }
  return rows
}

/** The row that follows `last`, as bytes: its identity may be what is malformed, so it cannot be found by that. */
function bytesAfter(db: Database.Database, table: UserTable, last: StoredRow | null): (Uint8Array | null)[] {
  const { tail, parameters } = rowsAfter(table, last)
  const columns = columnsOf(table).map((column) => `CAST(${column} AS BLOB)`)
  return db
    .prepare<unknown[], (Uint8Array | null)[]>(`SELECT ${columns.join()} ${tail} LIMIT 1`)
    .raw(true)
    .get(...parameters)!
}

function rowsAfter(
  table: UserTable,
  last: StoredRow | null,
): { readonly tail: string; readonly parameters: readonly unknown[] } {
  const { names, collate } = identityColumns(table)
  const identity = last === null ? [] : identityOf(table, last)
  const places = identity.map((value, index) => placeholder(value) + collate[index])
  const after = last === null ? '' : `WHERE (${names.join()}) > (${places.join()})`
  return {
    tail: `FROM ${quoteIdentifier(table.shape.name)} ${after} ORDER BY ${names.map((name, index) => name + collate[index]).join()}`,
    parameters: identity.map(binding),
  }
}

function columnsOf({ shape, rowid }: UserTable): string[] {
  return [rowid ?? 'NULL', ...shape.columns.map(quoteIdentifier)]
}

/**
 * The columns that identify a row, and for each the COLLATE clause with which they are compared: beside the
 * value, where SQLite still uses the index.
 */
function identityColumns(table: UserTable): { readonly names: string[]; readonly collate: string[] } {
  const { shape, rowid } = table
  if (rowid !== null) return { names: [rowid], collate: [''] }
  const key = shape.key.map((position) => shape.columns[position]!)
  return { names: key.map(quoteIdentifier), collate: key.map((name) => keyCollate(table, name)) }
}

function identityOf({ shape, rowid }: UserTable, row: StoredRow): SqlValue[] {
  return rowid === null ? keyOf(shape.key, row.image) : [row.rowid]
}

function storedRow({ rowid }: UserTable, cells: readonly SqlValue[]): StoredRow {
  return { rowid: rowid === null ? null : (cells[0] as bigint), image: cells.slice(1) }
}
