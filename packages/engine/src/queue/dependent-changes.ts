import type Database from 'better-sqlite3'
import type { CapturedChange } from '../capture/captured-change.ts'
import { readCaptured } from '../capture/read-captured.ts'
import { RowKeys } from './row-keys.ts'
import { transactionOf } from './transaction-of.ts'

/**
 * The ids of the pending changes (after `afterId`) that have to leave the queue with `seeds`: later changes of the same rows and, with
 * `wholeTransactions`, everything that was done in one transaction with any of them, so that none is ever sent in part (I5).
 */
export function dependentChanges(
  db: Database.Database,
  options: {
    readonly afterId: number
    readonly seeds: ReadonlySet<number>
    readonly wholeTransactions: boolean
  },
): Set<number> {
  const { afterId, seeds, wholeTransactions } = options
  const unitOf = wholeTransactions
    ? transactionOf(db, afterId)
    : (change: CapturedChange): string => `change ${change.changeId}`
  const taken = new Set<number>()
  const takenRows = new Set<string>()
  const rowKeys = new RowKeys()
  let unit: Unit = { name: '', ids: [], rows: [], isTaken: false }
  const close = ({ ids, rows, isTaken }: Unit): void => {
    if (!isTaken) return
    for (const id of ids) taken.add(id)
    for (const row of rows) takenRows.add(row)
  }
  for (const change of readCaptured(db, afterId)) {
    if (change.kind === 'commit') continue
    const name = unitOf(change)
    if (unit.name !== name) {
      close(unit)
      unit = { name, ids: [], rows: [], isTaken: false }
    }
    const rows = rowKeys.of(change)
    unit.ids.push(change.changeId)
    unit.rows.push(...rows)
    unit.isTaken ||= seeds.has(change.changeId) || rows.some((row) => takenRows.has(row))
  }
  close(unit)
  return taken
}

/** Changes that stay together. */
interface Unit {
  readonly name: string
  readonly ids: number[]
  readonly rows: string[]
  isTaken: boolean
}
