import { RawText } from '@tidemark/protocol'
import type Database from 'better-sqlite3'

import { captureDifference } from '../capture/difference.ts'
import { CapturedDecoder } from '../capture/captured-codec.ts'
import type { CapturedChange } from '../capture/captured-change.ts'
import { installCapture } from '../capture/install.ts'
import { acknowledgedChangeId, acknowledgedRowids } from '../replay/acknowledged.ts'
import { replayCaptured } from '../replay/replay-captured.ts'
import type { ReplayReport } from '../replay/replay-captured.ts'
import type { Conflict, ConflictResolver, Resolution } from '../replay/conflict.ts'
import type { WalIndexHeader } from '../wal/wal-index.ts'
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
 *
 * @throws BusyError when another program keeps the write lock for too long; `-replay` stays, and the next operation goes on from there
 * @throws what a callback of `options` throws, or TypeError for an answer that is none: after the pull is done, with all local changes kept
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
  recordBase(session, plan)
  let isInCallback = false
  const watched =
    <A, R>(callback: (argument: A) => R) =>
    (argument: A): R => {
      isInCallback = true
      const result = callback(argument)
      isInCallback = false
      return result
    }
  const resolve = watched((conflict: Conflict) => checkResolution(options.resolve(conflict)))
  const onConflict = watched(options.onConflict)
  try {
    return { pages: options.pages, ...replay(session, plan, { ...options, resolve, onConflict }) }
  } catch (error) {
    if (!isInCallback) throw error
    // Until the replay is committed no trigger captures anything, so it cannot wait for a callback that works.
    replay(session, plan, { ...options, resolve: () => 'keep-local', onConflict: () => {} })
    throw error
  }
}

function replay(
  session: ReplicaSession,
  plan: ReplayPlan,
  options: ReplayOptions & { readonly snapshotAtInjection: Database.Database | null },
): ReplayReport {
  const report = session.inReplayTransaction((db) => {
    const lastChangeId = Math.max(plan.maxChangeId, acknowledgedChangeId(db, session.info.clientId))
    // One id goes to the row that keeps ids from starting lower; the pending rows have theirs already.
    installCapture(db, { firstChangeId: lastChangeId + 2 })
    // Another process has committed while there were no triggers: find out what (I6).
    const hasSlipped = !isAtInjection(plan, session.readIndex())
    if (hasSlipped && options.snapshotAtInjection !== null) captureDifference(options.snapshotAtInjection, db)
    const done = replayCaptured(session.work, decodeRecords(session), {
      acknowledgedId: acknowledgedChangeId(db, session.info.clientId),
      rowids: acknowledgedRowids(db, session.info.clientId),
      resolve: options.resolve,
      onConflict: options.onConflict,
      enforceForeignKeys: session.enforcesForeignKeys,
    })
    db.prepare('INSERT OR REPLACE INTO tidemark_state (key, value) VALUES (?, ?)').run(
      REPLAY_ID,
      plan.replayId,
    )
    return done
  })
  discardPullFiles(session)
  return report
}

function checkResolution(resolution: Resolution): Resolution {
  if (resolution === 'keep-local' || resolution === 'accept-remote') return resolution
  const row = typeof resolution === 'object' && resolution !== null ? resolution.row : null
  if (typeof row !== 'object' || row === null || !Object.values(row).every(isSqlValue)) {
    throw new TypeError(
      "A conflict resolver must return 'keep-local', 'accept-remote' or { row } with SQLite values",
    )
  }
  return resolution
}

function isSqlValue(value: unknown): boolean {
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value
  return (
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    value instanceof Uint8Array ||
    value instanceof RawText
  )
}

/** Whether nothing has been committed since the injection. */
export function isAtInjection(plan: ReplayPlan, index: WalIndexHeader): boolean {
  return (
    index.maxFrame === plan.lastFrame && index.salts[0] === plan.salts[0] && index.salts[1] === plan.salts[1]
  )
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

/**
 * Removes `-replay` first: without it, a `-changes` file is only a download. The replay must be on disk by then, which its commit alone does not
 * make it when `synchronous` is `normal`.
 */
export function discardPullFiles(session: ReplicaSession): void {
  if (session.durability !== 'full') session.wal.sync()
  removeFile(session.paths.replay)
  try {
    removeFile(session.paths.changes)
  } catch {
    // The pull is done; the next download overwrites the file.
  }
}

function* decodeRecords(session: ReplicaSession): Generator<CapturedChange> {
  const decoder = new CapturedDecoder()
  for (const record of readReplayRecords(session.paths.replay)) yield decoder.decode(record)
}
