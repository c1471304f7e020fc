import { PAGE_SIZE } from '@tidemark/protocol'
import type { PulledPage, PullEncoder } from '@tidemark/protocol'
import type { History } from '../history/history.ts'
import type { LargePull } from './large-pulls.ts'
import type { PullPlan } from './plan-pull.ts'

export const PAGES_PER_CHUNK = 64
const NO_BYTES = Buffer.alloc(0)

/**
 * The bytes of a pull, `header` first. The revision stays readable until the stream is read to its end or
 * returned from.
 *
 * @param options.place among the process's large pulls, which the caller ends: what it sends is compressed in
 * the thread pool; the bytes are the same each time. Null: at once
 */
export async function* pullStream(
  history: History,
  plan: PullPlan,
  encoder: PullEncoder,
  { header, place }: { readonly header: Uint8Array; readonly place: LargePull | null },
): AsyncGenerator<Uint8Array> {
  const unpin = history.pin(plan.base === null ? plan.target : Math.min(plan.base, plan.target))
  const chunksAhead = place?.chunksAhead() ?? 0
  const ahead: Promise<Uint8Array>[] = []
  let sent = 0
  try {
    const reader = new ChunkReader(history, plan, chunksAhead)
    yield header
    for (const chunk of chunksOf(plan.pages, reader.baseSize)) {
      const pages = reader.read(chunk)
      if (place !== null) ahead.push(begun(encoder.pagesInBackground(pages)))
      else yield encoder.pages(pages)
      // Those that share the processors with the first would hold it up, and the client has nothing to do before.
      if (ahead.length > Math.min(chunksAhead, sent + 1)) {
        yield await ahead.shift()!
        sent += 1
      }
    }
    for (const chunk of ahead) yield await chunk
    const end = encoder.end()
    if (end.byteLength > 0) yield end
  } finally {
    unpin()
  }
}

/**
 * Pages that the client has under their number, and those that it has not, in chunks of their own unless all
 * fit into one: what has no old image is compressed in the thread pool, and three pages that have one would
 * keep the other 61 of their chunk from there, for as many bytes.
 */
function* chunksOf(pages: Uint32Array, baseSize: number): Generator<Uint32Array> {
  const isCut = pages.length > PAGES_PER_CHUNK
  const known = isCut ? pages.findIndex((page) => page > baseSize) : -1
  const boundary = known === -1 ? pages.length : known
  for (let start = 0; start < pages.length;) {
    const end = Math.min(start + PAGES_PER_CHUNK, start < boundary ? boundary : pages.length)
    yield pages.subarray(start, end)
    start = end
  }
}

/** One that fails after nobody wants it any more has not failed anything. */
function begun(chunk: Promise<Uint8Array>): Promise<Uint8Array> {
  chunk.catch(() => {})
  return chunk
}

/**
 * Reads pages into memory that it uses again: for images when as many chunks as may be compressed at a time
 * have been read since.
 */
class ChunkReader {
  readonly #history: History
  readonly #plan: PullPlan
  /** The client has pages up to this number. */
  readonly baseSize: number
  readonly #images: Buffer[] = []
  readonly #oldImages: Buffer
  readonly #chunksAhead: number
  #chunks = 0

  constructor(history: History, plan: PullPlan, chunksAhead: number) {
    const { base } = plan
    this.#history = history
    this.#plan = plan
    this.#chunksAhead = chunksAhead
    this.baseSize = base === null ? 0 : history.sizeAt(base)
    this.#oldImages = base === null ? NO_BYTES : this.#chunkMemory()
  }

  /** Old images are valid until the next call. */
  read(pages: Uint32Array): PulledPage[] {
    const { target, base } = this.#plan
    const images = (this.#images[this.#chunks++ % (this.#chunksAhead + 1)] ??= this.#chunkMemory())
    const known = pages.filter((page) => page <= this.baseSize)
    this.#history.readPages(pages, target, images)
    if (base !== null) this.#history.readPages(known, base, this.#oldImages)
    return Array.from(pages, (pageNumber, index) => ({
      pageNumber,
      image: pageImage(images, index),
      oldImage: index < known.length ? pageImage(this.#oldImages, index) : null,
    }))
  }

  #chunkMemory(): Buffer {
    return Buffer.allocUnsafeSlow(Math.min(this.#plan.pages.length, PAGES_PER_CHUNK) * PAGE_SIZE)
  }
}

function pageImage(memory: Buffer, index: number): Buffer {
  return memory.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE)
}
