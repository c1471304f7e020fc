import type { SqlValue } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import { ExactSelect, mayBeLossy } from '../sql/exact-read.ts'
import { binding, placeholder } from '../sql/exact-write.ts'
import { quoteIdentifier } from '../sql/quote.ts'
import { keyOf } from './to-wire-change.ts'
import type { UserTable } from './user-table.ts'

const chunkRows = 512
const chunkBytes = 1 << 20

/** A stored row with what identifies it in its own file: the rowid, or the key in a table without rowids. */
export interface StoredRow {
  readonly rowid: bigint | null
  readonly image: readonly SqlValue[]
}

/**
 * All rows of a table in the order of their identity. Memory is bounded by one row or about a MiB (I7), and no statement stays open
 * between two rows.
 */
export function* walkRows(db: Database.Database, table: UserTable): Generator<StoredRow> {
  const find = new RowFinder(db, table)
  let last: StoredRow | null = null
  for (;;) {
    const chunk = readChunk(db, table, find, last)
    yield* chunk
    if (chunk.length === 0) return
    last = chunk.at(-1)!
  }
}

/** Finds rows of one table by the identity of a row of another file of the same origin. */
export class RowFinder {
  readonly #table: UserTable
  readonly #select: ExactSelect

  constructor(db: Database.Database, table: UserTable) {
    const where = identityColumns(table).map((column) => `${column} = ?`)
    this.#table = table
    this.#select = new ExactSelect(
      db,
      columnsOf(table),
      `FROM ${quoteIdentifier(table.shape.name)} WHERE ${where.join(' AND ')}`,
    )
  }

  find(row: StoredRow): StoredRow | null {
    const cells = this.#select.get(...identityOf(this.#table, row).map(binding))
    return cells === undefined ? null : storedRow(this.#table, cells)
  }
}

function readChunk(
  db: Database.Database,
  table: UserTable,
  find: RowFinder,
  last: StoredRow | null,
): StoredRow[] {
  const identity = last === null ? [] : identityOf(table, last)
  const names = identityColumns(table)
  const after = last === null ? '' : `WHERE (${names.join()}) > (${identity.map(placeholder).join()})`
  const sql = `SELECT ${columnsOf(table).join()} FROM ${quoteIdentifier(table.shape.name)} ${after} ORDER BY ${names.join()} LIMIT ${chunkRows}`
  const statement = db.prepare<unknown[], SqlValue[]>(sql).raw(true).safeIntegers(true)
  const chunk: SqlValue[][] = []
  let bytes = 0
  for (const cells of statement.iterate(...identity.map(binding))) {
    chunk.push(cells)
    for (const value of cells)
      bytes += typeof value === 'string' || value instanceof Uint8Array ? value.length : 8
    if (bytes >= chunkBytes) break
  }
  return chunk.map((cells) => {
    const row = storedRow(table, cells)
    return mayBeLossy(cells) ? (find.find(row) ?? row) : row
  })
}

function columnsOf({ shape, rowid }: UserTable): string[] {
  return [rowid ?? 'NULL', ...shape.columns.map(quoteIdentifier)]
}

function identityColumns({ shape, rowid }: UserTable): string[] {
  return rowid === null ? shape.key.map((position) => quoteIdentifier(shape.columns[position]!)) : [rowid]
}

function identityOf({ shape, rowid }: UserTable, row: StoredRow): SqlValue[] {
  return rowid === null ? keyOf(shape.key, row.image) : [row.rowid]
}

function storedRow({ rowid }: UserTable, cells: readonly SqlValue[]): StoredRow {
  return { rowid: rowid === null ? null : (cells[0] as bigint), image: cells.slice(1) }
}
