import { PAGE_SIZE } from '@tidemark/protocol'

import { SCHEMA_COOKIE_OFFSET } from '../wal/inject.ts'
import type { WalIndexHeader } from '../wal/wal-index.ts'
import { LOCK_BYTE_PAGE } from './base.ts'
import { replaceKnownCookie } from './known-cookie.ts'
import { movePages } from './move-pages.ts'
import type { ReplicaSession } from './session.ts'

/**
 * An overlay that is nothing but capture itself: nothing is pending, and nobody has written anything since
 * the engine installed it. A pull that leaves the schema alone can keep it: see docs/adr/0015 and
 * docs/adr/0023.
 */
export interface QuietOverlay {
  /** The pages of the base's `sqlite_schema`. */
  readonly schemaPages: ReadonlySet<number>
  /** The pages of `tidemark_base` and `tidemark_state`, beyond the base's size. */
  readonly statePage: number
  readonly cookiePage: number
}

/** What a pull puts over its pages. */
export interface KeptOverlay {
  readonly overlay: QuietOverlay
  readonly images: ReadonlyMap<number, Uint8Array>
  /** The pages among them that the base had already. */
  readonly basePages: readonly number[]
}

/**
 * Where page 1 has the database's size; the first page of the freelist and how long that is; and what the
 * freelist and the auto-vacuum mode do not touch.
 */
const SIZE_OFFSET = 28
const FREELIST = [32, 40] as const
const AUTO_VACUUM_ROOT = 52
/**
 * What each commit of a server may change in page 1 without a change of the schema: counters, the size, the
 * freelist, SQLite's version.
 */
const CHANGING = [
  [24, 40],
  [92, 100],
] as const

/** What capture has put over the base at the session's pin; null where a pull has to install it anew. */
export function describeQuietOverlay(session: ReplicaSession): QuietOverlay | null {
  const { pinned } = session
  const hasVirtual = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND rootpage = 0"
  if (pinned.prepare(hasVirtual).get() !== undefined) return null
  const schemaPages = pinned.prepare<[], number>("SELECT pageno FROM dbstat WHERE name = 'sqlite_schema'")
  const rootOf = session.work.db
    .prepare<[string], number>("SELECT rootpage FROM sqlite_schema WHERE name = ? AND type = 'table'")
    .pluck()
  const [statePage, cookiePage] = [rootOf.get('tidemark_base'), rootOf.get('tidemark_state')]
  if (statePage === undefined || cookiePage === undefined) return null
  if (Math.min(statePage, cookiePage) <= session.base.sizeInPages) return null
  return { schemaPages: new Set(schemaPages.pluck().all()), statePage, cookiePage }
}

/**
 * The overlay for a base that is larger by `growth` pages and has the page 1 `nextPageOne` (null: it stays).
 * Null where it cannot be kept: it is another one than described, since somebody has written or SQLite has
 * made use of pages that are free in the base, or the base has another schema. Under the write lock.
 */
export function keptOverlay(
  session: ReplicaSession,
  index: WalIndexHeader,
  overlay: QuietOverlay,
  next: { readonly growth: number; readonly nextPageOne: Uint8Array | null },
): KeptOverlay | null {
  const { base } = session
  const images = overlayImages(session, index, overlay)
  const pageOne = new Uint8Array(PAGE_SIZE)
  if (images === null || !base.read(1, pageOne)) return null
  const rebased = rebasedPageOne(images.get(1)!, pageOne, next.nextPageOne ?? pageOne)
  if (rebased === null) return null
  images.set(1, rebased)
  const basePages = [...images.keys()].filter((page) => page <= base.sizeInPages)
  if (next.growth > 0) {
    const moved = movedBehind(session, index, images, overlay, next.growth)
    return moved === null ? null : { ...moved, basePages }
  }
  return { overlay, images: new Map(basePages.map((page) => [page, images.get(page)!])), basePages }
}

/** Whether nobody has written anything but `overlay`. Under the write lock. */
export function isUntouched(session: ReplicaSession, index: WalIndexHeader, overlay: QuietOverlay): boolean {
  return overlayImages(session, index, overlay) !== null
}

/** The overlay's images, at least of the pages that the base has too; null where it is another one than described. */
function overlayImages(
  session: ReplicaSession,
  index: WalIndexHeader,
  overlay: QuietOverlay,
): Map<number, Uint8Array> | null {
  return session.revert.size > 0 ? sealedImages(session, index) : writtenImages(session, index, overlay)
}

/**
 * Of an overlay that was untouched when it was sealed: the watermark is behind it, and `-wal-revert` has the
 * base's images of the pages that both have.
 */
function sealedImages(
  { base, revert }: ReplicaSession,
  { maxFrame }: WalIndexHeader,
): Map<number, Uint8Array> | null {
  if (maxFrame > base.knownWatermark().frame) return null
  const images = new Map<number, Uint8Array>()
  for (const page of revert.pageNumbers) {
    const image = new Uint8Array(PAGE_SIZE)
    if (!base.readBehind(page, image)) return null
    images.set(page, image)
  }
  return images
}

/** What the overlay has written since the watermark. */
function writtenImages(
  session: ReplicaSession,
  index: WalIndexHeader,
  { schemaPages }: QuietOverlay,
): Map<number, Uint8Array> | null {
  const images = new Map<number, Uint8Array>()
  for (const frame of session.wal.readFrames(session.base.watermark!.frame + 1, index.maxFrame)) {
    const isLast = frame.frameNumber === index.maxFrame
    if (!isLast && frame.commitSizeInPages > 0) return null
    if (frame.pageNumber <= session.base.sizeInPages && !schemaPages.has(frame.pageNumber)) return null
    images.set(frame.pageNumber, Uint8Array.from(frame.image))
  }
  return images.has(1) ? images : null
}

/**
 * All pages of the overlay, those behind the base further behind. Root pages have other numbers then, so
 * every connection has to read the schema again.
 */
function movedBehind(
  session: ReplicaSession,
  { sizeInPages }: WalIndexHeader,
  images: Map<number, Uint8Array>,
  { schemaPages, statePage, cookiePage }: QuietOverlay,
  growth: number,
): Pick<KeptOverlay, 'overlay' | 'images'> | null {
  const behind = session.base.sizeInPages
  if (behind < LOCK_BYTE_PAGE && sizeInPages + growth >= LOCK_BYTE_PAGE) return null
  for (let page = behind + 1; page <= sizeInPages; page++) {
    if (images.has(page)) continue
    const image = new Uint8Array(PAGE_SIZE)
    if (!session.base.readBehind(page, image)) return null
    images.set(page, image)
  }
  const pageOne = viewOf(images.get(1)!)
  const cookie = pageOne.getUint32(SCHEMA_COOKIE_OFFSET)
  if (!replaceKnownCookie(images.get(cookiePage)!, cookie, cookie + 1)) return null
  pageOne.setUint32(SCHEMA_COOKIE_OFFSET, cookie + 1)
  pageOne.setUint32(SIZE_OFFSET, sizeInPages + growth)
  const moved = movePages(images, { behind, by: growth })
  if (moved === null) return null
  return {
    images: moved,
    overlay: { schemaPages, statePage: statePage + growth, cookiePage: cookiePage + growth },
  }
}

/** The overlay's page 1 over `next`, where that has the schema of `base`; null where it has another one. */
function rebasedPageOne(overlay: Uint8Array, base: Uint8Array, next: Uint8Array): Uint8Array | null {
  if (!hasSameSchema(base, next) || !isFreelistKept(overlay, base)) return null
  const image = Uint8Array.from(overlay)
  image.set(next.subarray(...FREELIST), FREELIST[0])
  return image
}

function hasSameSchema(a: Uint8Array, b: Uint8Array): boolean {
  const [left, right] = [a, b].map((image) => {
    const kept = Uint8Array.from(image)
    for (const [start, end] of CHANGING) kept.fill(0, start, end)
    return kept
  })
  return Buffer.compare(left!, right!) === 0
}

/** Auto-vacuum keeps a map of all pages, in which capture's pages stand too. */
function isFreelistKept(overlay: Uint8Array, base: Uint8Array): boolean {
  const isVacuumed = viewOf(base).getUint32(AUTO_VACUUM_ROOT) !== 0
  return !isVacuumed && Buffer.compare(overlay.subarray(...FREELIST), base.subarray(...FREELIST)) === 0
}

function viewOf(image: Uint8Array): DataView {
  return new DataView(image.buffer, image.byteOffset, PAGE_SIZE)
}
