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

export interface Injection {
  /** Number and checksum of the commit frame. */
  readonly lastFrame: number
  readonly checksum: WalChecksum
  /** Page numbers of the injected frames, in order. */
  readonly pageNumbers: readonly number[]
}

/**
 * Appends `pages` as one transaction to a live WAL and publishes it. The caller holds SQLite's write lock and has read
 * `index` under it; `index.maxFrame` is not 0.
 *
 * The commit frame goes last and alone, after `beforeCommit` has returned: until it is written, neither this process's
 * readers nor SQLite's recovery after a crash can see any of the pages. What `beforeCommit` makes durable is therefore
 * there whenever the pages are.
 *
 * @throws whatever `pages`, `beforeCommit` or the file system throws; the database is then unchanged
 */
export function injectPages(options: {
  readonly wal: WalFile
  readonly shmDescriptor: number
  readonly index: WalIndexHeader
  readonly pages: Iterable<PageImage>
  readonly sizeInPages: number
  readonly beforeCommit: (end: { readonly lastFrame: number; readonly checksum: WalChecksum }) => void
}): Injection {
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
  for (const page of options.pages) {
    if (held.pageNumber > 0) {
      frames.add(held.pageNumber, 0, held.image)
      pageNumbers.push(held.pageNumber)
      if (frames.isFull) flush()
    }
    held.pageNumber = page.pageNumber
    held.image.set(page.image)
  }
  flush()
  frames.add(held.pageNumber, sizeInPages, held.image)
  pageNumbers.push(held.pageNumber)
  const end = { lastFrame: next, checksum: frames.checksum }

  options.beforeCommit(end)
  flush()
  wal.sync()
  appendPageNumbers(options.shmDescriptor, index.maxFrame, pageNumbers)
  publishHeader(options.shmDescriptor, index, {
    maxFrame: end.lastFrame,
    sizeInPages,
    checksum: end.checksum,
  })
  return { ...end, pageNumbers }
}
