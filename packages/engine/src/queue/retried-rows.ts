import type { SqlValue } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import { identityOf } from '../apply/row-identity.ts'
import type { CapturedChange, CapturedRow } from '../capture/captured-change.ts'
import { decodeCaptured, encodeCaptured } from '../capture/captured-codec.ts'
import { keyOf } from '../capture/to-wire-change.ts'
import { sameValue } from '../sql/value-equality.ts'
import { putRejected, rejectedRows } from './rejected-changes.ts'

type Image = readonly SqlValue[]

/** A row without a key that was changed by what was put back. */
interface RetriedRow {
  readonly columns: readonly string[]
  /** What it was where the changes put back began. */
  readonly before: Image
  /** What it is now, and where. */
  readonly now: Image
  readonly rowid: bigint
}

/**
 * Lets what is still set aside follow the rows without keys that were put back. Such a row is known by what
 * it was: put back on the row as another entry has left it, a change would take it for another, and insert it
 * a second time. To be called before the retried entry is deleted, in its transaction.
 *
 * @param retried its changes, as they were made once more
 * @param made what became of them, as it is pending
 */
export function followRetried(
  db: Database.Database,
  id: number,
  retried: readonly CapturedChange[],
  made: readonly CapturedChange[],
): void {
  const rows = retriedRows(retried, made)
  if (rows.size === 0) return
  for (const entry of Map.groupBy(rejectedRows(db), (row) => row.entry).values()) {
    if (entry[0]!.entry === id) continue
    const changes = entry.map((row) => decodeCaptured(row.change))
    for (const [index, change] of followed(changes, rows).entries())
      if (change !== changes[index]) putRejected(db, { ...entry[index]!, change: encodeCaptured(change) })
  }
}

/** By the name of the row where it was set aside. */
function retriedRows(
  retried: readonly CapturedChange[],
  made: readonly CapturedChange[],
): Map<string, RetriedRow> {
  const madeById = new Map(made.map((change) => [change.changeId, change]))
  const rows = new Map<string, RetriedRow>()
  for (const change of retried) {
    const name = nameOf(change)
    if (name === null || !('table' in change)) continue
    const { before } = rows.get(name) ?? change
    const outcome = madeById.get(change.changeId)
    const { after, rowid } = outcome !== undefined && 'table' in outcome ? outcome : change
    if (before === null || after === null) rows.delete(name)
    else rows.set(name, { columns: change.table.columns, before, now: after, rowid: rowid! })
  }
  return rows
}

/** The changes of an entry on the rows as they are now. Rows that the entry has inserted itself are its own. */
function followed(
  changes: readonly CapturedChange[],
  rows: ReadonlyMap<string, RetriedRow>,
): readonly CapturedChange[] {
  const own = new Set(changes.filter(({ kind }) => kind === 'insert').map(nameOf))
  const current = new Map<string, RetriedRow>()
  return changes.map((change) => {
    const name = nameOf(change)
    if (name === null || !('table' in change) || change.before === null || own.has(name)) return change
    const row = current.get(name) ?? rows.get(name)
    if (row === undefined || !isOf(change, row, current.has(name))) return change
    if (own.has(nameOf({ ...change, rowid: row.rowid }))) return change
    const { before, after } = change
    const now = after?.map((value, index) => (sameValue(value, before[index]!) ? row.now[index]! : value))
    if (now !== undefined) current.set(name, { ...row, now })
    return { ...change, rowid: row.rowid, before: row.now, after: now ?? null }
  })
}

/** Whether `change` is of `row`, and not of another that had its rowid: most of what it was is the same. */
function isOf({ table, before }: CapturedRow, row: RetriedRow, isKnown: boolean): boolean {
  if (table.columns.join('\0') !== row.columns.join('\0')) return false
  return (
    isKnown ||
    before!.filter((value, index) => sameValue(value, row.before[index]!)).length * 2 > before!.length
  )
}

/** Null: the change is of no row, or of one with a key. */
function nameOf(change: CapturedChange): string | null {
  if (!('table' in change) || change.rowid === null) return null
  const { table, rowid, before, after } = change
  const isByRowid = identityOf(table, keyOf(table.key, (before ?? after)!), rowid).by === 'rowid'
  return isByRowid ? `${rowid} ${table.name.toLowerCase()}` : null
}
