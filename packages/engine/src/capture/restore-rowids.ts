import { isDeepStrictEqual } from 'node:util'

import type Database from 'better-sqlite3'
import { quoteIdentifier } from '../sql/quote.ts'
import { sameValue } from '../sql/value-equality.ts'
import { userTables } from './user-table.ts'
import type { UserTable } from './user-table.ts'
import { RowFinder, walkRows } from './walk-rows.ts'

const chunkRows = 512

/**
 * Undoes what VACUUM does to a table that has neither a key nor any index, as none of ours protects it while
 * capture is not installed: it numbers the rows anew, from 1, and others know them by their rowids. `base` is
 * an earlier state of `current`. Rows that were added since follow the others. Where rows were also changed
 * or deleted, nothing tells which is which, and the table stays as it is.
 *
 * In the caller's write transaction, without triggers; in bounded memory (I7).
 */
export function restoreRowids(base: Database.Database, current: Database.Database): void {
  const before = userTables(base)
  for (const table of userTables(current)) {
    if (table.shape.key.length > 0 || table.rowid === null) continue
    if (!before.some(({ shape }) => isDeepStrictEqual(shape, table.shape))) continue
    const count = rowsIfRenumbered(base, current, table)
    if (count > 0) renumber(base, current, table, count)
  }
}

/** How many rows the table had in `base`, if they are the first of `current`, under other rowids; else 0. */
function rowsIfRenumbered(base: Database.Database, current: Database.Database, table: UserTable): number {
  const inCurrent = new RowFinder(current, table)
  let count = 0
  let isMoved = false
  for (const row of walkRows(base, table)) {
    count += 1
    const now = inCurrent.find({ rowid: BigInt(count), image: [] })
    if (now === null || !row.image.every((value, index) => sameValue(value, now.image[index]!))) return 0
    isMoved ||= row.rowid !== BigInt(count)
  }
  return isMoved ? count : 0
}

/** The last first, so that each finds its place free: VACUUM only makes rowids smaller. */
function renumber(
  base: Database.Database,
  current: Database.Database,
  table: UserTable,
  count: number,
): void {
  const name = quoteIdentifier(table.shape.name)
  const move = current.prepare(`UPDATE ${name} SET ${table.rowid} = ? WHERE ${table.rowid} = ?`)
  const largest = rowidsFromLast(base, table).next().value!
  for (const rowid of rowidsFromLast(current, table)) {
    if (rowid <= BigInt(count)) break
    move.run(rowid + largest - BigInt(count), rowid)
  }
  let position = BigInt(count)
  for (const rowid of rowidsFromLast(base, table)) {
    move.run(rowid, position)
    position -= 1n
  }
}

function* rowidsFromLast(db: Database.Database, table: UserTable): Generator<bigint, undefined, undefined> {
  const { rowid } = table
  const select = (where: string): Database.Statement<unknown[], bigint> =>
    db
      .prepare<unknown[], bigint>(
        `SELECT ${rowid} FROM ${quoteIdentifier(table.shape.name)} ${where} ORDER BY ${rowid} DESC LIMIT ${chunkRows}`,
      )
      .pluck()
      .safeIntegers(true)
  let chunk = select('').all()
  while (chunk.length > 0) {
    yield* chunk
    chunk = select(`WHERE ${rowid} < ?`).all(chunk.at(-1)!)
  }
}
