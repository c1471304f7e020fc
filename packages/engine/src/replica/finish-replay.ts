import type Database from 'better-sqlite3'

import { captureDifference } from '../capture/difference.ts'
import { decodeCaptured } from '../capture/captured-codec.ts'
import type { CapturedChange } from '../capture/captured-change.ts'
import { installCapture } from '../capture/install.ts'
import { acknowledgedChangeId, acknowledgedRowids } from '../replay/acknowledged.ts'
import { replayCaptured } from '../replay/replay-captured.ts'
import type { Conflict, ConflictResolver } from '../replay/conflict.ts'
import { removeFile } from './durable-file.ts'
import { readReplayRecords } from './replay-file.ts'
import type { ReplayPlan } from './replay-file.ts'
import type { ReplicaSession } from './session.ts'

export interface ReplayOptions {
  /** Decides each conflict between a pending change and what was pulled. */
  readonly resolve: ConflictResolver
  readonly onConflict: (conflict: Conflict) => void
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
 * The second half of a pull: the pages of `plan.revision` are in, up to the watermark, and are now recorded as the base; what was pending is put back.
 * Every step may be repeated after a crash.
 */
export function finishReplay(
  session: ReplicaSession,
  plan: ReplayPlan,
  options: ReplayOptions & {
    readonly pages: number
    /** A connection that reads the state right after the injection. */
    readonly snapshotAtInjection: Database.Database
  },
): ApplyReport {
  recordBase(session, plan)
  const report = session.inReplayTransaction((db) => {
    const slipped = session.readIndex().maxFrame !== plan.lastFrame
    const lastChangeId = Math.max(plan.maxChangeId, acknowledgedChangeId(db, session.info.clientId))
    // One id goes to the row that keeps ids from starting lower; the pending rows have theirs already.
    installCapture(db, { firstChangeId: lastChangeId + 2 })
    // Another process has committed while there were no triggers: find out what (I6).
    if (slipped) captureDifference(options.snapshotAtInjection, db)
    const done = replayCaptured(session.work, decodeRecords(session), {
      acknowledgedId: acknowledgedChangeId(db, session.info.clientId),
      rowids: acknowledgedRowids(db, session.info.clientId),
      resolve: options.resolve,
      onConflict: options.onConflict,
    })
    db.prepare('INSERT OR REPLACE INTO tidemark_state (key, value) VALUES (?, ?)').run(REPLAY_ID, plan.replayId)
    return done
  })
  discardPullFiles(session)
  return { pages: options.pages, ...report }
}

/** The pulled revision is the base now; `-wal-revert` belongs to the one before. */
export function recordBase(session: ReplicaSession, plan: ReplayPlan): void {
  session.adoptBase(plan)
  session.save({
    revision: plan.revision,
    sizeInPages: plan.sizeInPages,
    replayId: plan.replayId,
    lastPullUnixTime: Math.floor(Date.now() / 1000),
  })
}

/** Whether the replay of `plan` has been committed. */
export function isReplayed(db: Database.Database, plan: ReplayPlan): boolean {
  const hasState = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'tidemark_state'").get() !== undefined
  if (!hasState) return false
  return db.prepare('SELECT value FROM tidemark_state WHERE key = ?').pluck().get(REPLAY_ID) === plan.replayId
}

/** Removes `-replay` first: without it, a `-changes` file is only a download. */
export function discardPullFiles(session: ReplicaSession): void {
  removeFile(session.paths.replay)
  removeFile(session.paths.changes)
}

function* decodeRecords(session: ReplicaSession): Generator<CapturedChange> {
  for (const record of readReplayRecords(session.paths.replay)) yield decodeCaptured(record)
}
