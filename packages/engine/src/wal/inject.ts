import { FRAME_SIZE, FrameSequence } from '@tidemark/protocol'
import type { WalChecksum } from '@tidemark/protocol'

import { beginWal } from './begin-wal.ts'
import type { WalFile } from './wal-file.ts'
import { appendPageNumbers, publishHeader } from './wal-index.ts'
import type { WalIndexHeader } from './wal-index.ts'

/** 256 KiB: a processor's cache holds them from the page's arrival to the write. */
const FRAMES_PER_WRITE = 64
/** 8 MiB. */
const FRAMES_PER_FLUSH = 2048

/** Offsets in page 1 (https://www.sqlite.org/fileformat2.html#the_database_header). */
export const SCHEMA_COOKIE_OFFSET = 40
export const FORMAT_VERSIONS_OFFSET = 18
/** Write and read format version of a database in WAL mode. */
export const WAL_FORMAT_VERSION = 2

export interface PageImage {
  readonly pageNumber: number
  /** 4096 bytes, valid until the next page is asked for. */
  readonly image: Uint8Array
  /** The image's own (`pageChecksums`), where it is known. */
  readonly checksum?: WalChecksum
}

/** A place in the WAL: the number of a frame, and its checksum. */
export interface FramePosition {
  readonly lastFrame: number
  readonly checksum: WalChecksum
}

/**
 * Appends `pages` as one transaction to a live WAL and publishes it. The caller holds SQLite's write lock and
 * has read `index` under it; `index.maxFrame` is not 0, or the WAL is emptied (`isEmptied`). A page may be
 * among `pages` and `overlay`: the latter image is the database's, the former can still be read by its frame.
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
  const { wal, sizeInPages } = options
  const index = options.index.maxFrame === 0 ? beginWal(wal, options.index) : options.index
  const frames = new FrameSequence({ ...index, capacity: FRAMES_PER_WRITE })
  const pageNumbers: number[] = []
  const isDurable = options.isDurable !== false
  let next = index.maxFrame + 1
  const write = (bytes: Uint8Array): void => {
    wal.writeFrames(next, bytes)
    next += bytes.byteLength / FRAME_SIZE
    if (isDurable && (next - index.maxFrame - 1) % FRAMES_PER_FLUSH === 0) wal.flushAhead()
  }
  const addAll = (pages: Iterable<PageImage>): FramePosition => {
    for (const { pageNumber, image, checksum } of pages) {
      if (frames.isFull) {
        write(frames.bytes)
        frames.clear()
      }
      frames.add(pageNumber, image, checksum)
      pageNumbers.push(pageNumber)
    }
    return { lastFrame: index.maxFrame + pageNumbers.length, checksum: frames.checksum }
  }
  const baseEnd = addAll(options.pages)
  if (options.overlay !== undefined) addAll(options.overlay(baseEnd))
  frames.commit(sizeInPages)
  const end: FramePosition = { lastFrame: index.maxFrame + pageNumbers.length, checksum: frames.checksum }
  write(frames.bytes.subarray(0, -FRAME_SIZE))

  options.beforeCommit?.(end)
  write(frames.bytes.subarray(-FRAME_SIZE))
  if (isDurable) wal.sync()
  appendPageNumbers(options.shmDescriptor, index.maxFrame, pageNumbers)
  publishHeader(options.shmDescriptor, index, {
    maxFrame: end.lastFrame,
    sizeInPages,
    checksum: end.checksum,
  })
  return options.overlay === undefined ? end : baseEnd
}
