import type { Conflict, Replica } from '@tidemark/engine'
import type { ConflictRow } from '@tidemark/protocol'
import { localChange } from '../queue/local-change.ts'

/**
 * What a push has overwritten, as a pull tells it: with the row that the change was made on, and what it made of it.
 */
export function overwrittenConflicts(replica: Replica, rows: readonly ConflictRow[]): Conflict[] {
  const changes = replica.capturedChanges(rows.map(({ changeId }) => changeId))
  return rows.map((row) => {
    const captured = changes.get(row.changeId)
    const change = captured === undefined ? null : localChange(captured)
    const isRow = change !== null && change.kind !== 'schema'
    return { ...row, base: isRow ? change.before : null, local: isRow ? change.after : null, reason: null }
  })
}
