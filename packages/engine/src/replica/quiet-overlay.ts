import { PAGE_SIZE } from '@tidemark/protocol'

import type { WalIndexHeader } from '../wal/wal-index.ts'
import type { ReplicaSession } from './session.ts'

/**
 * An overlay that is nothing but capture itself: nothing is pending, and nobody has written anything since the engine installed it. A pull that leaves the
 * schema alone can keep it: see docs/adr/0015.
 */
export interface QuietOverlay {
  /** The pages of the base's `sqlite_schema`. */
  readonly schemaPages: ReadonlySet<number>
  /** The page of `tidemark_base`, beyond the base's size. */
  readonly statePage: number
}

/** Where page 1 has the first page of the freelist and how long that is; and what the freelist and the auto-vacuum mode do not touch. */
const FREELIST = [32, 40] as const
const AUTO_VACUUM_ROOT = 52
/** What each commit of a server may change in page 1 without a change of the schema: counters, the size, the freelist, SQLite's version. */
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
  const statePage = session.work.db
    .prepare<[], number>("SELECT rootpage FROM sqlite_schema WHERE name = 'tidemark_base'")
    .pluck()
    .get()
  return statePage === undefined || statePage <= session.base.sizeInPages
    ? null
    : { schemaPages: new Set(schemaPages.pluck().all()), statePage }
}

/**
 * The overlay's images of pages that the base has too; null where the overlay is another one than described: somebody has written, or SQLite has made use of
 * pages that are free in the base. Under the write lock.
 */
export function quietImages(
  session: ReplicaSession,
  index: WalIndexHeader,
  { schemaPages }: QuietOverlay,
): Map<number, Uint8Array> | null {
  const images = new Map<number, Uint8Array>()
  for (const frame of session.wal.readFrames(session.base.watermark!.frame + 1, index.maxFrame)) {
    const isLast = frame.frameNumber === index.maxFrame
    if (!isLast && frame.commitSizeInPages > 0) return null
    if (frame.pageNumber > session.base.sizeInPages) continue
    if (!schemaPages.has(frame.pageNumber)) return null
    images.set(frame.pageNumber, Uint8Array.from(frame.image))
  }
  return images.has(1) ? images : null
}

/** The overlay's page 1 over `next`, where that has the schema of `base`; null where it has another one. */
export function rebasedPageOne(overlay: Uint8Array, base: Uint8Array, next: Uint8Array): Uint8Array | null {
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
  const isVacuumed = new DataView(base.buffer, base.byteOffset, PAGE_SIZE).getUint32(AUTO_VACUUM_ROOT) !== 0
  return !isVacuumed && Buffer.compare(overlay.subarray(...FREELIST), base.subarray(...FREELIST)) === 0
}
