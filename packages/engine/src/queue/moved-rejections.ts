import type Database from 'better-sqlite3'
import type { RowidMap } from '../apply/rowid-map.ts'
import type { CapturedChange } from '../capture/captured-change.ts'
import { decodeCaptured, encodeCaptured } from '../capture/captured-codec.ts'
import { putRejected, rejectedRows } from './rejected-changes.ts'

/**
 * Lets what was set aside follow the rows without keys that a replay has put under other rowids, as pending
 * changes do. Put back under the old ones, it would miss them, and insert them a second time. To be called
 * once for each replay, in its transaction.
 */
export function moveRejections(db: Database.Database, rowids: RowidMap): void {
  if (rowids.entries().length === 0) return
  for (const rows of Map.groupBy(rejectedRows(db), ({ entry }) => entry).values()) {
    const changes = rows.map((row) => decodeCaptured(row.change))
    for (const [index, change] of moved(changes, rowids).entries())
      if (change !== changes[index]) putRejected(db, { ...rows[index]!, change: encodeCaptured(change) })
  }
}

/**
 * The changes of an entry under the rowids that their rows have now. Rows that the entry has inserted itself
 * are in no table: their rowids only say what belongs together, and one that another row of the entry has now
 * becomes one that none has.
 */
function moved(changes: readonly CapturedChange[], rowids: RowidMap): CapturedChange[] {
  const own = new Set<string>()
  const taken = new Set<string>()
  let highest = 0n
  const placed = changes.map((change) => {
    if (!('table' in change) || change.rowid === null) return { change, ownRow: null }
    const table = change.table.name
    const row = nameOf(table, change.rowid)
    if (change.kind === 'insert') own.add(row)
    const rowid = own.has(row) ? change.rowid : rowids.resolve(table, change.rowid)
    if (rowid > highest) highest = rowid
    if (own.has(row)) return { change, ownRow: row }
    if (rowid === change.rowid) return { change, ownRow: null }
    taken.add(nameOf(table, rowid))
    return { change: { ...change, rowid }, ownRow: null }
  })
  const free = new Map<string, bigint>()
  return placed.map(({ change, ownRow }) => {
    if (ownRow === null || !taken.has(ownRow)) return change
    const rowid = free.get(ownRow) ?? BigInt.asIntN(64, highest + BigInt(free.size) + 1n)
    free.set(ownRow, rowid)
    return { ...change, rowid }
  })
}

function nameOf(table: string, rowid: bigint): string {
  return `${rowid} ${table.toLowerCase()}`
}
