import { randomBytes } from 'node:crypto'

import { isEmptied } from '../wal/begin-wal.ts'
import { injectPages } from '../wal/inject.ts'
import type { FramePosition, PageImage } from '../wal/inject.ts'
import type { WalIndexHeader } from '../wal/wal-index.ts'
import { LOCK_BYTE_PAGE } from './base.ts'
import type { StagedPages } from './staged-pages.ts'
import { pulledBasePage } from './pulled-base.ts'
import type { PulledBase } from './pulled-base.ts'
import { keptOverlay } from './quiet-overlay.ts'
import type { QuietOverlay } from './quiet-overlay.ts'
import type { ReplicaSession } from './session.ts'

/**
 * Applies a stage where nothing is pending and the schema stays as it is: one commit brings the pulled pages,
 * and puts the pages of the overlay over them again, further behind where the base has grown. Capture is
 * never absent, so there is nothing to replay and nothing to recover: before the commit frame the replica is
 * at the old revision, with it at the new one (I4), and `tidemark_base` says so.
 *
 * @returns false, and nothing has happened, where the pull has to take the long way
 * @throws BusyError
 */
export function pullQuietly(session: ReplicaSession, stage: StagedPages): boolean {
  const { revision, sizeInPages } = stage.staged
  if (revision === '' || sizeInPages < session.base.sizeInPages) return false
  const overlay = session.quietOverlay()
  if (overlay === null || !leavesSchemaAlone(stage, overlay)) return false
  return session.withWriteLock((index) => injectBelowOverlay(session, stage, overlay, index))
}

function leavesSchemaAlone({ pageNumbers }: StagedPages, { schemaPages }: QuietOverlay): boolean {
  return [...schemaPages].every((page) => page === 1 || !pageNumbers.has(page))
}

function injectBelowOverlay(
  session: ReplicaSession,
  stage: StagedPages,
  overlay: QuietOverlay,
  index: WalIndexHeader,
): boolean {
  // The application may have written since, or another program.
  if (session.quietOverlay() === null) return false
  if (index.maxFrame === 0 && !isEmptied(session.wal, index)) return false
  const growth = stage.staged.sizeInPages - session.base.sizeInPages
  const kept = keptOverlay(session, index, overlay, { growth, nextPageOne: stage.read(1) })
  if (kept === null) return false

  let adopted: PulledBase | null = null
  injectPages({
    wal: session.wal,
    shmDescriptor: session.shmDescriptor,
    index,
    sizeInPages: index.sizeInPages + growth,
    // The base images in `-wal-revert`, which goes, are needed until then.
    isDurable: session.durability === 'full' || session.revert.size > 0,
    pages: basePages(session, stage, kept.basePages),
    *overlay(end): Generator<PageImage> {
      adopted = pulledBase(session, stage, end, index)
      const { statePage } = kept.overlay
      for (const [pageNumber, image] of kept.images) if (pageNumber !== statePage) yield { pageNumber, image }
      yield { pageNumber: statePage, image: pulledBasePage(adopted) }
    },
  })
  session.adoptPulledBase(adopted!, kept.overlay)
  return true
}

/** The new base's images of the pages that the overlay covers and of those that the pull brings. */
function* basePages(
  session: ReplicaSession,
  stage: StagedPages,
  covered: readonly number[],
): Generator<PageImage> {
  yield* session.base.images(covered.filter((page) => !stage.pageNumbers.has(page)))
  for (const page of stage.pages()) if (page.pageNumber !== LOCK_BYTE_PAGE) yield page
}

function pulledBase(
  session: ReplicaSession,
  { staged }: StagedPages,
  end: FramePosition,
  { salts }: WalIndexHeader,
): PulledBase {
  return {
    replayId: randomBytes(16).toString('hex'),
    revision: staged.revision,
    sizeInPages: staged.sizeInPages,
    watermark: { frame: end.lastFrame, salts, checksum: end.checksum },
    pageOne: staged.pageOne ?? session.base.pageOne,
    lastPullUnixTime: Math.floor(Date.now() / 1000),
  }
}
