import type { ApplyConnection } from '../apply/apply-connection.ts'
import type { CapturedChange } from '../capture/captured-change.ts'
import { prepareCapture } from '../capture/install.ts'
import { maxChangeId, readCaptured } from '../capture/read-captured.ts'
import { blockedChanges } from '../queue/blocked-changes.ts'
import { acknowledgement } from '../replay/acknowledged.ts'
import { replayCaptured } from '../replay/replay-captured.ts'
import type { ReplicaSession } from './session.ts'

/**
 * Makes captured changes, up to `throughId`, on a copy of the base. What is not in its table in the replica is
 * not made here either.
 */
export function replayOnBase(
  { work: { db }, info }: ReplicaSession,
  copy: ApplyConnection,
  throughId: number = maxChangeId(db),
): void {
  const blocked = blockedChanges(db, 0)
  const changes = function* (): Generator<CapturedChange> {
    for (const change of readCaptured(db, 0, throughId)) if (!blocked.has(change.changeId)) yield change
  }
  copy.db.exec('BEGIN IMMEDIATE')
  prepareCapture(copy.db, { firstChangeId: maxChangeId(db) + 1 })
  const { changeId, rowids, sharedThroughId } = acknowledgement(copy.db, info)
  replayCaptured(copy, changes(), {
    acknowledgedId: changeId,
    sharedThroughId,
    rowids,
    resolve: () => 'keep-local',
    onConflict: () => {},
  })
  copy.db.exec('COMMIT')
}
