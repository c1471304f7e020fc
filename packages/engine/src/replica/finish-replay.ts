import type Database from 'better-sqlite3'

import { acknowledgedChangeId } from '../apply/push-record.ts'
import { captureDifference } from '../capture/difference.ts'
import { CapturedDecoder, changeIdOf } from '../capture/captured-codec.ts'
import type { CapturedChange } from '../capture/captured-change.ts'
import { installCapture, prepareCapture } from '../capture/install.ts'
import { restoreRowids } from '../capture/restore-rowids.ts'
import { decodeRejected, putRejected } from '../queue/rejected-changes.ts'
import { acknowledgement } from '../replay/acknowledged.ts'
import { tellingOverwritten } from '../replay/overwritten.ts'
import { replayCaptured } from '../replay/replay-captured.ts'
import type { ReplayReport } from '../replay/replay-captured.ts'
import { checkResolution } from '../replay/check-resolution.ts'
import type { Conflict, ConflictResolver } from '../replay/conflict.ts'
import type { WalIndexHeader } from '../wal/wal-index.ts'
import { withDamageErrors } from './base-damaged.ts'
import { removeDurably } from './durable-file.ts'
import { sentThrough } from './info.ts'
import { writePulledBase } from './pulled-base.ts'
import type { PulledBase } from './pulled-base.ts'
import { readReplayRecords } from './replay-file.ts'
import type { ReplayPlan } from './replay-file.ts'
import type { ReplicaSession } from './session.ts'

export interface ReplayOptions {
  /** Decides each conflict between a pending change and what was pulled. */
  readonly resolve: ConflictResolver
  readonly onConflict: (conflict: Conflict) => void
  /** False: pending changes are dropped. Default true. */
  readonly keepPending?: boolean
  /** As for `replayCaptured`. */
  readonly rowidsAreReused?: boolean
}

export interface ApplyReport {
  /** Pages pulled. */
  readonly pages: number
  /** Pending changes that were put back. */
  readonly replayed: number
  readonly conflicts: number
  /** Pending changes that violate a constraint on the new base: still pending, but not in their table. */
  readonly constraint: number
}

const REPLAY_ID = 'replay_id'

/**
 * The second half of a pull: the pages of `plan.revision` are in, up to the watermark, and are now recorded
 * as the base; what was pending is put back. Every step may be repeated after a crash.
 *
 * @throws BusyError when another program keeps the write lock for too long; `-replay` stays, and the next
 * operation goes on from there
 * @throws StateError `TIDEMARK_BASE_DAMAGED` when SQLite cannot read what was pulled; `-replay` stays, see `repairBase`
 * @throws what a callback of `options` throws, or TypeError for an answer that is none: after the pull is
 * done, with all local changes kept
 */
export function finishReplay(
  session: ReplicaSession,
  plan: ReplayPlan,
  options: ReplayOptions & {
    readonly pages: number
    /** A connection that reads the state right after the injection; null: that state is not known any more. */
    readonly snapshotAtInjection: Database.Database | null
  },
): ApplyReport {
  let isInCallback = false
  const watched =
    <A, R>(callback: (argument: A) => R) =>
    (argument: A): R => {
      isInCallback = true
      const result = callback(argument)
      isInCallback = false
      return result
    }
  const resolve = watched((conflict: Conflict) => checkResolution(options.resolve(conflict), conflict))
  const onConflict = watched(options.onConflict)
  try {
    const report = replay(session, plan, { ...options, resolve, onConflict })
    return { pages: options.pages, ...report }
  } catch (error) {
    if (!isInCallback) {
      return withDamageErrors(session.paths, () => {
        throw error
      })
    }
    // Until the replay is committed no trigger captures anything, so it cannot wait for a callback that works.
    withDamageErrors(session.paths, () =>
      replay(session, plan, { ...options, resolve: () => 'keep-local', onConflict: () => {} }),
    )
    throw error
  }
}

function replay(
  session: ReplicaSession,
  plan: ReplayPlan,
  options: ReplayOptions & { readonly snapshotAtInjection: Database.Database | null },
): ReplayReport {
  let isQuiet = false
  const report = session.inReplayTransaction((db) => {
    // Not before the lock is had: until then other programs write on a state without what is pending here,
    // and nothing captures it.
    const pulled = recordBase(session, plan)
    // Another process has committed while there were no triggers: find out what (I6).
    const hasSlipped = !isAtInjection(plan, session.readIndex())
    const snapshot = hasSlipped ? options.snapshotAtInjection : null
    if (snapshot !== null) {
      session.work.withoutTriggers({ keepSchema: false }, () => {
        restoreRowids(snapshot, db)
      })
    }
    const lastChangeId = Math.max(plan.maxChangeId, acknowledgedChangeId(db, session.info.clientId))
    // One id goes to the row that keeps ids from starting lower; the pending rows have theirs already.
    const ids = { firstChangeId: lastChangeId + 2 }
    prepareCapture(db, ids)
    const now = Date.now()
    // It may come from one transaction.
    if (snapshot !== null) captureDifference(snapshot, db, () => now)
    const { changeId, sharedThroughId, rowids, overwritten } = acknowledgement(db, session.info)
    // What the base has is looked at only where later changes may have to follow its rows, or somebody is to
    // be told of it.
    const passedOver = rowids.length === 0 && overwritten.length === 0 ? changeId : 0
    const records = decodeRecords(session, db, passedOver)
    const changes = tellingOverwritten(records, overwritten, options.onConflict)
    const done = replayCaptured(session.work, changes, {
      acknowledgedId: changeId,
      sharedThroughId,
      sentThroughId: sentThrough(session.info),
      rowids,
      rowidsAreReused: options.rowidsAreReused ?? false,
      resolve: options.resolve,
      onConflict: options.onConflict,
      enforceForeignKeys: plan.enforceForeignKeys,
    })
    installCapture(db, ids)
    db.prepare('INSERT OR REPLACE INTO tidemark_state (key, value) VALUES (?, ?)').run(
      REPLAY_ID,
      plan.replayId,
    )
    writePulledBase(db, pulled)
    isQuiet = !hasSlipped && done.replayed === 0
    return { ...done, conflicts: done.conflicts + overwritten.length }
  })
  if (isQuiet) session.markQuiet()
  completePull(session, plan)
  return report
}

/**
 * The replay is committed: takes over what the base says of the replica's pushes, and removes the files of
 * the pull. What a server that has gone back to an older state has lost is pending again.
 */
export function completePull(session: ReplicaSession, plan: ReplayPlan): void {
  const { captureGap } = session.info
  if (captureGap && session.base.watermark !== null) session.save({ captureGap: false })
  if (!plan.isSameBase) adoptAcknowledgement(session)
  discardPullFiles(session)
}

/** Takes over what the base of a new revision says of the replica's pushes. */
export function adoptAcknowledgement(session: ReplicaSession): void {
  const { lastPushedChangeId, previousClientId } = session.info
  const { changeId, isOurs } = acknowledgement(session.work.db, session.info)
  const known = isOurs ? Math.max(lastPushedChangeId, changeId) : changeId
  if (known !== lastPushedChangeId || previousClientId !== null)
    session.save({ lastPushedChangeId: known, previousClientId: null })
}

/** Whether nothing has been committed since the injection. */
export function isAtInjection(plan: ReplayPlan, index: WalIndexHeader): boolean {
  return (
    index.maxFrame === plan.lastFrame && index.salts[0] === plan.salts[0] && index.salts[1] === plan.salts[1]
  )
}

/**
 * The pulled revision is the base now. `-info` is saved only where its own base is lost by that:
 * `-wal-revert` belonged to it, or it had none. Else the replay's transaction says it, by what is returned;
 * until then `-replay` does.
 */
export function recordBase(session: ReplicaSession, plan: ReplayPlan): PulledBase {
  const { base, captureGap, lastPullUnixTime } = session.info
  const { replayId, revision, sizeInPages, pageOne, lastFrame, salts, checksum } = plan
  const recorded = {
    replayId,
    revision,
    sizeInPages,
    // An edit of the queue brings no pages of the server.
    lastPullUnixTime: revision === session.info.revision ? lastPullUnixTime : Math.floor(Date.now() / 1000),
  }
  const pulled = { ...recorded, watermark: { frame: lastFrame, salts, checksum }, pageOne }
  const isBaseKept = base !== null && base.revert === null && !captureGap
  session.base.replace(plan)
  if (isBaseKept) session.note(pulled)
  else session.save(recorded)
  return pulled
}

/** Whether the replay of `plan` has been committed. */
export function isReplayed(db: Database.Database, plan: ReplayPlan): boolean {
  const hasState = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'tidemark_state'").get() !== undefined
  if (!hasState) return false
  return db.prepare('SELECT value FROM tidemark_state WHERE key = ?').pluck().get(REPLAY_ID) === plan.replayId
}

/**
 * Removes `-replay` first: without it, a `-changes` file is only a download. The replay must be on disk by
 * then, which its commit alone does not make it when `synchronous` is `normal`. For good: one that came back
 * after a push would take back what the push has acknowledged (I3).
 */
export function discardPullFiles(session: ReplicaSession): void {
  if (session.durability !== 'full') session.wal.sync()
  removeDurably(session.paths.replay)
  try {
    session.discardStage()
  } catch {
    // The pull is done; the next download overwrites the file.
  }
}

/** The changes above `afterId` that were captured; what was set aside is put back where it was on the way. */
function* decodeRecords(
  session: ReplicaSession,
  db: Database.Database,
  afterId: number,
): Generator<CapturedChange> {
  const decoder = new CapturedDecoder()
  for (const record of readReplayRecords(session.paths.replay)) {
    const rejected = decodeRejected(record)
    if (rejected !== null) putRejected(db, rejected)
    else if (changeIdOf(record) > afterId) yield decoder.decode(record)
  }
}
