import { randomBytes } from 'node:crypto'

import { BusyError, ProtocolError, StateError } from '@tidemark/protocol'
import type Database from 'better-sqlite3'

import type { CapturedChange } from '../capture/captured-change.ts'
import { CapturedEncoder } from '../capture/captured-codec.ts'
import { isForeignCaptured } from '../capture/foreign-schema.ts'
import { isOutOfOrder } from '../capture/late-triggers.ts'
import { maxChangeId, readCaptured } from '../capture/read-captured.ts'
import { encodeRejected, rejectedRows } from '../queue/rejected-changes.ts'
import { injectPages, WAL_FORMAT_VERSION } from '../wal/inject.ts'
import type { PageImage } from '../wal/inject.ts'
import type { WalIndexHeader } from '../wal/wal-index.ts'
import { LOCK_BYTE_PAGE } from './base.ts'
import { trueBase } from './base-pages.ts'
import type { InjectedPages } from './base-pages.ts'
import { captureForeign } from './capture-foreign.ts'
import type { StagedPages } from './staged-pages.ts'
import { closeCaptureGap } from './close-capture-gap.ts'
import { adoptAcknowledgement, discardPullFiles, finishReplay } from './finish-replay.ts'
import type { ApplyReport, ReplayOptions } from './finish-replay.ts'
import { pullQuietly } from './quiet-pull.ts'
import { resumeInterruptedPull } from './recover-pull.ts'
import type { KnownBase } from './known-base.ts'
import { writePageOne } from './page-one.ts'
import { ReplayFile } from './replay-file.ts'
import type { ReplayPlan } from './replay-file.ts'
import type { ReplicaSession } from './session.ts'
import { SettledMigrations } from './settle-migrations.ts'

const ATTEMPTS = 5

/**
 * Applies the staged pull: reverts the overlay to the base, brings in the pulled pages, and replays what is
 * pending. Synchronous, so that nothing else of this process runs in between.
 *
 * After a crash the replica opens at the old revision or at the new one, with all local changes (I4): up to
 * the commit frame nothing is visible, and `-replay` is on disk before the commit frame is.
 *
 * If it fails after the pages came in, the next call finishes it.
 *
 * @throws BusyError when somebody is writing; call again
 * @throws ProtocolError when the staged pages do not make up the announced database; nothing has changed
 */
export function applyPull(session: ReplicaSession, options: ReplayOptions): ApplyReport {
  const resumed = resumeInterruptedPull(session, options)?.report
  if (resumed) return resumed
  const stage = session.openStage()
  if (stage === null) {
    throw new StateError('TIDEMARK_NOTHING_STAGED', 'There is no completed download to apply', {
      recovery: 'pull',
    })
  }
  try {
    assertComplete(session.base, stage)
    // Only the base that it was written on tells what another program has written.
    const { captureGap, revision } = session.info
    const isIncomplete = captureGap || (session.base.isAssumed && isOutOfOrder(session.work.db))
    if (isIncomplete && stage.staged.revision === revision) closeCaptureGap(session, trueBase(session, stage))
    if (pullQuietly(session, stage)) {
      adoptAcknowledgement(session)
      discardPullFiles(session)
      return { pages: stage.staged.pageCount, replayed: 0, conflicts: 0, constraint: 0 }
    }
    const keepsPending = options.keepPending !== false
    using settled = keepsPending ? SettledMigrations.settle(session, stage, options.onConflict) : null
    const plan = injectStage(
      session,
      stage,
      settled === null
        ? encodeRejectedOnly
        : (db) => encodePending(db, (change) => settled.inNewForm(change)),
    )
    const report = finishReplay(session, plan, {
      ...options,
      pages: stage.staged.pageCount,
      snapshotAtInjection: session.pinned,
    })
    return { ...report, conflicts: report.conflicts + (settled?.conflicts ?? 0) }
  } finally {
    stage.close()
  }
}

/** Every page of the new size is either in the base or among the pages. */
export function assertComplete(
  base: Pick<KnownBase, 'sizeInPages'>,
  stage: Pick<StagedPages, 'staged' | 'pageNumbers'>,
): void {
  const { sizeInPages } = stage.staged
  if (sizeInPages === 0) throw new ProtocolError('The server says that the database has no pages')
  if (sizeInPages < base.sizeInPages && !stage.pageNumbers.has(1)) {
    throw new ProtocolError(
      `The server says that the database has only ${sizeInPages} pages and has not sent the first, which says so too`,
    )
  }
  for (let page = base.sizeInPages + 1; page <= sizeInPages; page++) {
    if (page !== LOCK_BYTE_PAGE && !stage.pageNumbers.has(page)) {
      throw new ProtocolError(
        `The server says that the database has ${sizeInPages} pages and has not sent page ${page}`,
      )
    }
  }
}

/** The first half of a pull: its pages are in when this returns, and what was pending is in `-replay`. */
export function injectStage(
  session: ReplicaSession,
  stage: InjectedPages,
  pending: (db: Database.Database) => Iterable<Uint8Array> = encodePending,
): ReplayPlan {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (session.readIndex().maxFrame === 0) session.writeAnyFrame()
    // What capture's triggers do not see must be pending before the overlay is reverted, and can be written
    // up to the moment when the lock is had.
    const plan = session.withWriteLock((index) =>
      index.maxFrame === 0 || !isQueueComplete(session)
        ? null
        : injectUnderLock(session, stage, index, pending),
    )
    if (plan !== null) return plan
    captureForeign(session)
  }
  throw new BusyError(
    'The pull cannot be applied: another program keeps changing the schema. Try again later.',
  )
}

/**
 * A queue whose base is only assumed stays out of order, where it is: there is no other way to tell what it came to.
 */
function isQueueComplete({ work, base }: ReplicaSession): boolean {
  return isForeignCaptured(work.db) && (base.isAssumed || !isOutOfOrder(work.db))
}

function injectUnderLock(
  session: ReplicaSession,
  stage: InjectedPages,
  index: WalIndexHeader,
  pending: (db: Database.Database) => Iterable<Uint8Array>,
): ReplayPlan {
  const { db } = session.work
  const { staged } = stage
  const replay = new ReplayFile(session.paths.replay, pending(db))
  const pageOne = staged.pageOne ?? session.base.pageOne
  const cookie =
    Math.max(db.pragma('schema_version', { simple: true }) as number, pageOne?.schemaCookie ?? 0) + 1
  let plan: ReplayPlan | null = null
  try {
    const injection = injectPages({
      wal: session.wal,
      shmDescriptor: session.shmDescriptor,
      index,
      sizeInPages: staged.sizeInPages,
      pages: patchPageOne(revertThenPulled(session, stage, index), cookie),
      beforeCommit: (end) => {
        plan = {
          ...end,
          replayId: randomBytes(16).toString('hex'),
          revision: staged.revision,
          isSameBase: staged.revision === session.info.revision,
          // A replica that has not pulled yet has an empty base; the database that stands for it has a page.
          sizeInPages: staged.revision === '' ? 0 : staged.sizeInPages,
          pageOne,
          salts: index.salts,
          maxChangeId: Math.max(maxChangeId(db), session.info.lastPushedChangeId),
          enforceForeignKeys: session.connections.enforcesForeignKeys,
        }
        // What is in `-replay` must be in the WAL too after a power loss, also what a program has committed
        // that does not sync.
        if (session.durability === 'full') session.wal.sync()
        replay.seal(plan)
      },
    })
    session.advanceTo({ ...index, maxFrame: injection.lastFrame, checksum: injection.checksum })
  } finally {
    replay.close()
  }
  return plan!
}

function* encodeRejectedOnly(db: Database.Database): Generator<Uint8Array> {
  for (const row of rejectedRows(db)) yield encodeRejected(row)
}

/** Each record is valid until the next. */
function* encodePending(
  db: Database.Database,
  inNewForm: (change: CapturedChange) => CapturedChange | null = (change) => change,
): Generator<Uint8Array> {
  yield* encodeRejectedOnly(db)
  const encoder = new CapturedEncoder()
  for (const change of readCaptured(db, 0)) {
    const pending = inNewForm(change)
    if (pending !== null) yield encoder.encode(pending)
  }
}

/**
 * Base images of the overlay's pages that the pull does not bring, then the pulled pages. Page 1 is always among them.
 */
function* revertThenPulled(
  session: ReplicaSession,
  stage: InjectedPages,
  index: WalIndexHeader,
): Generator<PageImage> {
  const overlay = session.base.overlayPages(index).add(1)
  const reverted = [...overlay].filter(
    (page) => page <= stage.staged.sizeInPages && !stage.pageNumbers.has(page),
  )
  yield* session.base.images(reverted)
  for (const page of stage.pages()) if (page.pageNumber !== LOCK_BYTE_PAGE) yield page
}

/**
 * The schema cookie must only go up: a connection that has cached another schema under the same number would
 * misread tables. And the database must stay in WAL mode.
 */
export function* patchPageOne(pages: Iterable<PageImage>, schemaCookie: number): Generator<PageImage> {
  for (const page of pages) {
    if (page.pageNumber !== 1) {
      yield page
      continue
    }
    const image = Uint8Array.from(page.image)
    writePageOne(image, { schemaCookie, formatVersions: [WAL_FORMAT_VERSION, WAL_FORMAT_VERSION] })
    yield { pageNumber: 1, image }
  }
}
