import type { ConflictRow } from '@tidemark/protocol'
import type { CapturedChange } from '../capture/captured-change.ts'
import type { Conflict } from './conflict.ts'
import { conflictOf } from './row-replay.ts'

/**
 * Passes `changes` on, and tells of those that have overwritten rows on the server by a push whose answer was
 * lost. They are pending here and done there, so a replay drops them.
 */
export function* tellingOverwritten(
  changes: Iterable<CapturedChange>,
  overwritten: readonly ConflictRow[],
  onConflict: (conflict: Conflict) => void,
): Generator<CapturedChange> {
  const rows = new Map(overwritten.map((row) => [row.changeId, row]))
  for (const change of changes) {
    const row = rows.get(change.changeId)
    if (row !== undefined && 'table' in change) onConflict(conflictOf(change, row.kind, row.remote))
    yield change
  }
}
