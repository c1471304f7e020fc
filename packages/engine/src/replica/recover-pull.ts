import { existsSync } from 'node:fs'

import Database from 'better-sqlite3'
import { FRAME_HEADER_SIZE } from '@tidemark/protocol'

import { hasCapture } from '../capture/install.ts'
import { maxChangeId } from '../capture/read-captured.ts'
import type { WalIndexHeader } from '../wal/wal-index.ts'
import { baseDamaged, withDamageErrors } from './base-damaged.ts'
import { removeDurably, removeFile } from './durable-file.ts'
import { findBase, isMainFileIntact } from './find-base.ts'
import { completePull, finishReplay, isAtInjection, isReplayed, recordBase } from './finish-replay.ts'
import type { ApplyReport, ReplayOptions } from './finish-replay.ts'
import { loadInfo } from './info.ts'
import { isUnchanged } from './main-file.ts'
import { readReplayPlan, replayDamaged } from './replay-file.ts'
import type { ReplayPlan } from './replay-file.ts'
import type { ReplicaSession } from './session.ts'
import { writeDatabase } from './write-database.ts'

/**
 * What became of a pull that was interrupted; `report` is null where its pages had not come in: the replica
 * is at its old revision.
 */
export interface ResumedPull {
  readonly report: ApplyReport | null
}

/**
 * Finishes what `-replay` says is unfinished (I4); null without that file.
 *
 * @throws BusyError when somebody is writing; call again
 * @throws StateError `TIDEMARK_BASE_DAMAGED` when SQLite cannot read what was pulled, or a damaged WAL has
 * lost what was pending; see `repairBase`
 * @throws ProtocolError `TIDEMARK_REPLAY_DAMAGED`; the files stay as they are
 */
export function resumeInterruptedPull(
  session: ReplicaSession,
  options: ReplayOptions = session.interruptedPull,
): ResumedPull | null {
  if (!existsSync(session.paths.replay)) return null
  const plan = readReplayPlan(session.paths.replay)
  if (plan === null) {
    // One that was never sealed lies beside a queue that is still in the database: the pages come in after that.
    if (!hasCapture(session.work.db)) throw replayDamaged(session.paths.replay, 'its header cannot be read')
    removeFile(session.paths.replay)
    return null
  }
  return withDamageErrors(session.paths, () => resume(session, plan, options))
}

function resume(session: ReplicaSession, plan: ReplayPlan, options: ReplayOptions): ResumedPull {
  // It may be another process that was interrupted.
  session.replaceInfo(loadInfo(session.paths.info))
  const index = session.readIndex()
  const { db } = session.work
  if (isReplayed(db, plan)) {
    session.replaceInfo(session.readInfo())
    session.setBase(session.info.replayId === plan.replayId ? findBase(session, session.info) : null)
    completePull(session, plan)
    return { report: { pages: 0, replayed: 0, conflicts: 0, constraint: 0 } }
  }
  if (isInWal(session, plan, index) || !hasCapture(db)) {
    session.setBase(findInjectedBase(session, plan, index))
    return { report: resumeReplay(session, plan, options) }
  }
  // Every commit was on disk before `-replay` was, see `injectStage`.
  if (session.durability === 'full' && maxChangeId(db) < plan.maxChangeId)
    throw baseDamaged(session.paths, new Error('its WAL ends before what was pending'))
  revokeInjection(session, plan)
  session.replaceInfo(session.readInfo())
  session.setBase(findBase(session, session.info))
  removeDurably(session.paths.replay)
  return { report: null }
}

/**
 * Whether the WAL has the plan's commit frame, committed. It may have been checkpointed and started over
 * since: then capture is missing.
 */
function isInWal(session: ReplicaSession, plan: ReplayPlan, index: WalIndexHeader): boolean {
  return isSameWal(plan, index) && index.maxFrame >= plan.lastFrame && holdsCommitFrame(session, plan)
}

function holdsCommitFrame(session: ReplicaSession, plan: ReplayPlan): boolean {
  const header = session.wal.frameHeader(plan.lastFrame)
  return header !== null && header.checksum[0] === plan.checksum[0] && header.checksum[1] === plan.checksum[1]
}

function isSameWal(plan: ReplayPlan, index: WalIndexHeader): boolean {
  return index.salts[0] === plan.salts[0] && index.salts[1] === plan.salts[1]
}

/** The base right after the injection; null where another program has moved later frames into the main file. */
function findInjectedBase(
  session: ReplicaSession,
  plan: ReplayPlan,
  index: WalIndexHeader,
): ReturnType<typeof findBase> {
  if (isInWal(session, plan, index)) {
    const mainFile = session.info.base?.mainFile ?? null
    if (!isMainFileIntact(session, { frame: plan.lastFrame, mainFile }, index)) return null
    return {
      watermark: { frame: plan.lastFrame, salts: plan.salts, checksum: plan.checksum },
      pageOne: plan.pageOne,
    }
  }
  return session.info.replayId === plan.replayId ? findBase(session, session.info) : null
}

/**
 * A commit frame that was written and never published is no commit to those who have the database open, and
 * is one to SQLite's next recovery. Without `-replay` what was pending would then be lost, so the frame goes
 * first.
 */
function revokeInjection(session: ReplicaSession, plan: ReplayPlan): void {
  session.withWriteLock((index) => {
    if (isSameWal(plan, index) && index.maxFrame < plan.lastFrame && holdsCommitFrame(session, plan)) {
      session.wal.writeFrames(plan.lastFrame, new Uint8Array(FRAME_HEADER_SIZE))
    }
    session.wal.sync()
  })
}

function resumeReplay(session: ReplicaSession, plan: ReplayPlan, options: ReplayOptions): ApplyReport {
  const isUntouched = session.withWriteLock((index) => {
    if (!isAtInjection(plan, index)) return false
    session.connections.repin(index.maxFrame)
    return true
  })
  if (isUntouched)
    return finishReplay(session, plan, { ...options, pages: 0, snapshotAtInjection: session.pinned })
  // What others have written since the injection cannot be told from the base until that is fetched again.
  if (session.base.watermark === null) {
    if (!hasLostWal(session, plan)) session.save({ captureGap: true })
    return finishReplay(session, plan, { ...options, pages: 0, snapshotAtInjection: null })
  }
  return resumeReplayOnCopy(session, plan, options)
}

/**
 * The WAL was deleted or is damaged before the injection, and nobody has written since: the file is at an
 * older state, and what it lacks was deleted by nobody. Only what was pending comes from `-replay`.
 */
function hasLostWal(session: ReplicaSession, plan: ReplayPlan): boolean {
  const index = session.readIndex()
  const isOlder = index.maxFrame === 0 || (isSameWal(plan, index) && index.maxFrame < plan.lastFrame)
  const { base } = session.info
  return isOlder && base !== null && isUnchanged(session.paths.main, base.mainFile)
}

/** Somebody has written since the injection, and no snapshot of it is left: compares with a copy of the base. */
function resumeReplayOnCopy(session: ReplicaSession, plan: ReplayPlan, options: ReplayOptions): ApplyReport {
  const path = session.paths.baseCopy
  let base: Database.Database | null = null
  try {
    recordBase(session, plan)
    const pages = Array.from({ length: plan.sizeInPages }, (_, index) => index + 1)
    writeDatabase(path, session.base.images(pages))
    base = new Database(path, { readonly: true })
    return finishReplay(session, plan, { ...options, pages: 0, snapshotAtInjection: base })
  } finally {
    base?.close()
    removeFile(path)
  }
}
