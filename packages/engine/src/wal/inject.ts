import { FRAME_SIZE, FrameSequence, PAGE_SIZE } from '@tidemark/protocol'
import type { WalChecksum } from '@tidemark/protocol'

import type { WalFile } from './wal-file.ts'
import { appendPageNumbers, publishHeader } from './wal-index.ts'
import type { WalIndexHeader } from './wal-index.ts'

const FRAMES_PER_WRITE = 256

/** Offsets in page 1 (https://www.sqlite.org/fileformat2.html#the_database_header). */
export const SCHEMA_COOKIE_OFFSET = 40
export const FORMAT_VERSIONS_OFFSET = 18
/** Write and read format version of a database in WAL mode. */
export const WAL_FORMAT_VERSION = 2

export interface PageImage {
  readonly pageNumber: number
  /** Valid until the next page is asked for. */
  readonly image: Uint8Array
}

/** A place in the WAL: the number of a frame, and its checksum. */
export interface FramePosition {
  readonly lastFrame: number
  readonly checksum: WalChecksum
}

/**
 * Appends `pages` as one transaction to a live WAL and publishes it. The caller holds SQLite's write lock and has read
 * `index` under it; `index.maxFrame` is not 0. A page may be among `pages` and `overlay`: the latter image is the database's, the former can still be
 * read by its frame.
 *
 * The commit frame goes last and alone, after `beforeCommit` has returned: until it is written, neither this process's
 * readers nor SQLite's recovery after a crash can see any of the pages. What `beforeCommit` makes durable is therefore
 * there whenever the pages are.
 *
 * @returns where `pages` end
 * @throws whatever `pages`, `beforeCommit` or the file system throws; the database is then unchanged
 */
export function injectPages(options: {
  readonly wal: WalFile
  readonly shmDescriptor: number
  readonly index: WalIndexHeader
  readonly pages: Iterable<PageImage>
  /** Goes behind `pages`, in the same transaction. Default: nothing. */
  readonly overlay?: (end: FramePosition) => Iterable<PageImage>
  readonly sizeInPages: number
  /** Told where the commit frame will be. */
  readonly beforeCommit?: (end: FramePosition) => void
  /** False: a power loss may take it, whole. Default true. */
  readonly isDurable?: boolean
}): FramePosition {
  const { wal, index, sizeInPages } = options
  const frames = new FrameSequence({ ...index, capacity: FRAMES_PER_WRITE })
  const pageNumbers: number[] = []
  let next = index.maxFrame + 1
  const flush = (): void => {
    wal.writeFrames(next, frames.bytes)
    next += frames.bytes.byteLength / FRAME_SIZE
    frames.clear()
  }

  // One page is held back, because only the last one carries the commit size.
  const held = { pageNumber: 0, image: new Uint8Array(PAGE_SIZE) }
  const addHeld = (commitSizeInPages: number): FramePosition => {
    frames.add(held.pageNumber, commitSizeInPages, held.image)
    pageNumbers.push(held.pageNumber)
    held.pageNumber = 0
    return { lastFrame: index.maxFrame + pageNumbers.length, checksum: frames.checksum }
  }
  const hold = (page: PageImage): void => {
    if (held.pageNumber > 0) addHeld(0)
    if (frames.isFull) flush()
    held.pageNumber = page.pageNumber
    held.image.set(page.image)
  }
  for (const page of options.pages) hold(page)
  let baseEnd: FramePosition | null = null
  if (options.overlay !== undefined) {
    baseEnd = addHeld(0)
    for (const page of options.overlay(baseEnd)) hold(page)
  }
  flush()
  const end = addHeld(sizeInPages)

  options.beforeCommit?.(end)
  flush()
  if (options.isDurable !== false) wal.sync()
  appendPageNumbers(options.shmDescriptor, index.maxFrame, pageNumbers)
  publishHeader(options.shmDescriptor, index, {
    maxFrame: end.lastFrame,
    sizeInPages,
    checksum: end.checksum,
  })
  return baseEnd ?? end
}
