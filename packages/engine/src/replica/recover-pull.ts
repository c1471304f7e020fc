import { closeSync, fsyncSync, openSync } from 'node:fs'

import Database from 'better-sqlite3'
import { PAGE_SIZE, StateError } from '@tidemark/protocol'

import { writeFully } from '../wal/wal-file.ts'
import { removeFile } from './durable-file.ts'
import { findBase } from './find-base.ts'
import { discardPullFiles, finishReplay, isReplayed, recordBase } from './finish-replay.ts'
import { loadInfo } from './info.ts'
import { readReplayPlan } from './replay-file.ts'
import type { ReplayPlan } from './replay-file.ts'
import type { ReplicaSession } from './session.ts'

/** Finishes what `-replay` says is unfinished; does nothing without that file. True if there was something to finish. */
export function resumeInterruptedPull(session: ReplicaSession): boolean {
  const plan = readReplayPlan(session.paths.replay)
  if (plan === null) {
    removeFile(session.paths.replay)
    return false
  }
  finishInterruptedPull(session, plan)
  return true
}

/**
 * Finishes a pull that was interrupted while it was being applied (I4). The plan names the frame at which the injection ends: if the WAL has it as a committed
 * frame, the pages are in and the replay follows; otherwise nothing has happened and the replica stays at its old revision.
 */
function finishInterruptedPull(session: ReplicaSession, plan: ReplayPlan): void {
  // It may be another process that was interrupted.
  session.replaceInfo(loadInfo(session.paths.info))
  const index = session.readIndex()
  const isSameWal = index.salts[0] === plan.salts[0] && index.salts[1] === plan.salts[1]
  const header = isSameWal && index.maxFrame >= plan.lastFrame ? session.wal.frameHeader(plan.lastFrame) : null
  const isInjected = header !== null && header.checksum[0] === plan.checksum[0] && header.checksum[1] === plan.checksum[1]

  if (!isInjected && session.info.replayId !== plan.replayId) {
    session.setBase(findBase(session, session.info))
    discardPullFiles(session)
    return
  }
  if (isInjected) {
    session.setBase({ watermark: { frame: plan.lastFrame, salts: plan.salts, checksum: plan.checksum }, pageOne: plan.pageOne })
  } else {
    // `-info` names this pull, which is recorded only after the injection; the WAL has been checkpointed since.
    session.setBase(findBase(session, session.info))
  }
  if (isReplayed(session.work.db, plan)) {
    if (isInjected) recordBase(session, plan)
    discardPullFiles(session)
    return
  }
  resumeReplay(session, plan)
}

function resumeReplay(session: ReplicaSession, plan: ReplayPlan): void {
  const options = { resolve: () => 'keep-local' as const, onConflict: () => {}, pages: 0 }
  if (session.readIndex().maxFrame === plan.lastFrame) {
    finishReplay(session, plan, { ...options, snapshotAtInjection: session.pinned })
    return
  }
  if (session.watermark === null) {
    throw new StateError(
      'TIDEMARK_REPLAY_INTERRUPTED',
      `A pull was interrupted, and another program has checkpointed ${session.paths.main} since. The pending changes are safe in ${session.paths.replay}; keep that file and report this.`,
      { recovery: 'operator' },
    )
  }
  const path = `${session.paths.main}-base`
  copyBase(session, plan, path)
  const base = new Database(path, { readonly: true })
  try {
    finishReplay(session, plan, { ...options, snapshotAtInjection: base })
  } finally {
    base.close()
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
