import { closeSync, fsyncSync, openSync } from 'node:fs'

import Database from 'better-sqlite3'
import { FRAME_HEADER_SIZE, PAGE_SIZE } from '@tidemark/protocol'

import { hasCapture } from '../capture/install.ts'
import { writeFully } from '../wal/wal-file.ts'
import type { WalIndexHeader } from '../wal/wal-index.ts'
import { removeFile } from './durable-file.ts'
import { findBase, isMainFileIntact } from './find-base.ts'
import { discardPullFiles, finishReplay, isAtInjection, isReplayed, recordBase } from './finish-replay.ts'
import type { ApplyReport, ReplayOptions } from './finish-replay.ts'
import { loadInfo } from './info.ts'
import { readReplayPlan } from './replay-file.ts'
import type { ReplayPlan } from './replay-file.ts'
import type { ReplicaSession } from './session.ts'

/** What became of a pull that was interrupted; `report` is null where its pages had not come in: the replica is at its old revision. */
export interface ResumedPull {
  readonly report: ApplyReport | null
}

const keepLocal: ReplayOptions = { resolve: () => 'keep-local', onConflict: () => {} }

/**
 * Finishes what `-replay` says is unfinished (I4); null without that file.
 *
 * @throws BusyError when somebody is writing; call again
 */
export function resumeInterruptedPull(
  session: ReplicaSession,
  options: ReplayOptions = keepLocal,
): ResumedPull | null {
  const plan = readReplayPlan(session.paths.replay)
  if (plan === null) {
    removeFile(session.paths.replay)
    return null
  }
  // It may be another process that was interrupted.
  session.replaceInfo(loadInfo(session.paths.info))
  const index = session.readIndex()
  const { db } = session.work
  if (isReplayed(db, plan)) {
    session.setBase(session.info.replayId === plan.replayId ? findBase(session, session.info) : null)
    discardPullFiles(session)
    return { report: { pages: 0, replayed: 0, conflicts: 0, constraint: 0 } }
  }
  if (isInWal(session, plan, index) || !hasCapture(db)) {
    session.setBase(findInjectedBase(session, plan, index))
    return { report: resumeReplay(session, plan, options) }
  }
  revokeInjection(session, plan)
  session.setBase(findBase(session, session.info))
  removeFile(session.paths.replay)
  return { report: null }
}

/** Whether the WAL has the plan's commit frame, committed. It may have been checkpointed and started over since: then capture is missing. */
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
 * A commit frame that was written and never published is no commit to those who have the database open, and is one to SQLite's next
 * recovery. Without `-replay` what was pending would then be lost, so the frame goes first.
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
  const isUnchanged = session.withWriteLock((index) => {
    if (!isAtInjection(plan, index)) return false
    session.repin()
    return true
  })
  if (isUnchanged)
    return finishReplay(session, plan, { ...options, pages: 0, snapshotAtInjection: session.pinned })
  // What others have written since the injection cannot be told from the base; the base is fetched again.
  if (session.watermark === null)
    return finishReplay(session, plan, { ...options, pages: 0, snapshotAtInjection: null })
  return resumeReplayOnCopy(session, plan, options)
}

/** Somebody has written since the injection, and no snapshot of it is left: compares with a copy of the base. */
function resumeReplayOnCopy(session: ReplicaSession, plan: ReplayPlan, options: ReplayOptions): ApplyReport {
  const path = session.paths.baseCopy
  let base: Database.Database | null = null
  try {
    copyBase(session, plan, path)
    base = new Database(path, { readonly: true })
    return finishReplay(session, plan, { ...options, pages: 0, snapshotAtInjection: base })
  } finally {
    base?.close()
    removeFile(path)
  }
}

/** Writes the base to a database file of its own, page by page. */
function copyBase(session: ReplicaSession, plan: ReplayPlan, path: string): void {
  recordBase(session, plan)
  const descriptor = openSync(path, 'w')
  try {
    const pages = Array.from({ length: plan.sizeInPages }, (_, index) => index + 1)
    for (const { pageNumber, image } of session.baseImages(pages)) {
      // The copy is read without a WAL.
      if (pageNumber === 1) image.set([1, 1], 18)
      writeFully(descriptor, image, (pageNumber - 1) * PAGE_SIZE)
    }
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
