import { FRAME_SIZE, PAGE_SIZE } from '@tidemark/protocol'
import type { History } from '../history/history.ts'

const PAGES_PER_CHUNK = 64
/** A longer answer comes in several chunks. */
export const CHUNK_BYTES: number = PAGES_PER_CHUNK * FRAME_SIZE
const HEADER_SIZE = FRAME_SIZE - PAGE_SIZE

/** A page to be sent as a frame. `sizeInPages`: of the database, where a commit ends with it; else 0. */
interface FramedPage {
  readonly pageNumber: number
  readonly sequence: number
  readonly sizeInPages: number
}

/** The database file at a revision. */
export function* exportFile(history: History, at: number): Generator<Uint8Array> {
  const unpin = history.pin(at)
  try {
    const sizeInPages = history.sizeAt(at)
    for (let first = 1; first <= sizeInPages; first += PAGES_PER_CHUNK) {
      const count = Math.min(PAGES_PER_CHUNK, sizeInPages - first + 1)
      const chunk = Buffer.allocUnsafeSlow(count * PAGE_SIZE)
      for (let index = 0; index < count; index++) {
        history.readPage(first + index, at, chunk.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE))
      }
      yield chunk
    }
  } finally {
    unpin()
  }
}

/** The frames of the commits after `from` up to `until`, without the first `skip`. */
export function* commitFrames(
  history: History,
  from: number,
  until: number,
  skip: number,
): Generator<Uint8Array> {
  yield* framed(history, from, skipping(pagesOfCommits(history, from, until), skip))
}

/**
 * All pages at a revision as one commit of as many frames. Where these are more than the pages, page 1 comes
 * several times.
 */
export function* wholeFrames(history: History, at: number, frames: number): Generator<Uint8Array> {
  yield* framed(history, at, pagesOfWhole(history, at, frames))
}

function* pagesOfCommits(history: History, from: number, until: number): Generator<FramedPage> {
  for (let sequence = from + 1; sequence <= until; sequence++) {
    const pages = history.changedBetween(sequence - 1, sequence)
    const sizeInPages = history.sizeAt(sequence)
    for (const [index, pageNumber] of pages.entries()) {
      yield { pageNumber, sequence, sizeInPages: index === pages.length - 1 ? sizeInPages : 0 }
    }
  }
}

function* pagesOfWhole(history: History, at: number, frames: number): Generator<FramedPage> {
  const sizeInPages = history.sizeAt(at)
  for (let index = frames; index > 0; index--) {
    const pageNumber = Math.max(sizeInPages - index + 1, 1)
    yield { pageNumber, sequence: at, sizeInPages: index === 1 ? sizeInPages : 0 }
  }
}

function* skipping<T>(values: Iterable<T>, count: number): Generator<T> {
  let left = count
  for (const value of values) {
    if (left > 0) left -= 1
    else yield value
  }
}

/**
 * A frame is what the WAL has (https://www.sqlite.org/fileformat2.html#wal_frame): page number and size,
 * big-endian, then salts and checksum, which the receiver makes anew and which are 0 here, then the image.
 */
function* framed(history: History, oldest: number, pages: Iterable<FramedPage>): Generator<Uint8Array> {
  const unpin = history.pin(oldest)
  try {
    let chunk = Buffer.alloc(CHUNK_BYTES)
    let used = 0
    for (const { pageNumber, sequence, sizeInPages } of pages) {
      chunk.writeUInt32BE(pageNumber, used)
      chunk.writeUInt32BE(sizeInPages, used + 4)
      history.readPage(pageNumber, sequence, chunk.subarray(used + HEADER_SIZE, used + FRAME_SIZE))
      used += FRAME_SIZE
      if (used < chunk.byteLength) continue
      yield chunk
      chunk = Buffer.alloc(CHUNK_BYTES)
      used = 0
    }
    if (used > 0) yield chunk.subarray(0, used)
  } finally {
    unpin()
  }
}
