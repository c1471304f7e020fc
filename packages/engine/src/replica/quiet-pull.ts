import { randomBytes } from 'node:crypto'

import { PAGE_SIZE } from '@tidemark/protocol'

import { injectPages } from '../wal/inject.ts'
import type { FramePosition, PageImage } from '../wal/inject.ts'
import type { WalIndexHeader } from '../wal/wal-index.ts'
import { LOCK_BYTE_PAGE } from './base.ts'
import type { StagedPages } from './changes-file.ts'
import { pulledBasePage } from './pulled-base.ts'
import type { PulledBase } from './pulled-base.ts'
import { quietImages, rebasedPageOne } from './quiet-overlay.ts'
import type { QuietOverlay } from './quiet-overlay.ts'
import type { ReplicaSession } from './session.ts'

/**
 * Applies a stage where nothing is pending and the schema stays as it is: one commit brings the pulled pages, and puts the pages of the overlay over them
 * again. Capture is never absent, so there is nothing to replay and nothing to recover: before the commit frame the replica is at the old revision, with
 * it at the new one (I4), and `tidemark_base` says so.
 *
 * @returns false, and nothing has happened, where the pull has to take the long way
 * @throws BusyError
 */
export function pullQuietly(session: ReplicaSession, stage: StagedPages): boolean {
  const { revision, sizeInPages } = stage.staged
  if (revision === '' || sizeInPages !== session.base.sizeInPages) return false
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
  const images = quietImages(session, index, overlay)
  if (images === null) return false
  const base = new Uint8Array(PAGE_SIZE)
  if (!session.base.read(1, base)) return false
  const pageOne = rebasedPageOne(images.get(1)!, base, stage.read(1) ?? base)
  if (pageOne === null) return false
  images.set(1, pageOne)

  let adopted: PulledBase | null = null
  injectPages({
    wal: session.wal,
    shmDescriptor: session.shmDescriptor,
    index,
    sizeInPages: index.sizeInPages,
    isDurable: session.durability === 'full',
    pages: basePages(session, stage, [...images.keys()]),
    *overlay(end): Generator<PageImage> {
      adopted = pulledBase(session, stage, end, index)
      for (const [pageNumber, image] of images) yield { pageNumber, image }
      yield { pageNumber: overlay.statePage, image: pulledBasePage(adopted) }
    },
  })
  session.adoptPulledBase(adopted!)
  return true
}

/** The new base's images of the overlay's pages and of those that the pull brings. */
function* basePages(
  session: ReplicaSession,
  stage: StagedPages,
  overlayPages: readonly number[],
): Generator<PageImage> {
  yield* session.base.images(overlayPages.filter((page) => !stage.pageNumbers.has(page)))
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
