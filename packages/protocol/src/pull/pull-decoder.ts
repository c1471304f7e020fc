import { tidemark, turso } from '#messages'
import type { PushedRows } from '../echo/pushed-rows.ts'
import { ProtocolError } from '../errors.ts'
import { DelimitedDecoder } from '../framing/delimited-decoder.ts'
import { Seal } from '../framing/seal.ts'
import { PROTOCOL_LIMITS } from '../limits.ts'
import { decodeMessage } from '../messages/decode-message.ts'
import { fromWireInteger } from '../messages/wire-integer.ts'
import type { WalChecksum } from '../wal/wal-checksum.ts'
import { PAGE_SIZE } from '../wal/wal-format.ts'
import { decodePageGroup } from './page-group.ts'
import type { OldImageLookup } from './page-group.ts'
import { PageNumberSet } from './page-number-set.ts'
import { decodePullHeader } from './pull-header.ts'
import type { PullHeader } from './pull-header.ts'

export type PullEvent =
  | { readonly type: 'header'; readonly header: PullHeader }
  /**
   * `image` is a view of the decoder's memory: nobody writes to it again, but keeping it keeps up to a group's memory.
   */
  | {
      readonly type: 'page'
      readonly pageNumber: number
      readonly image: Uint8Array
      /** The image's own checksum (`pageChecksums`), where it had to be computed; else null. */
      readonly checksum: WalChecksum | null
    }

export interface PullDecoderOptions {
  /** For deltas. May be called with any page number. */
  readonly oldImage: OldImageLookup
  /** The rows of the pushes that the request named. */
  readonly pushed?: PushedRows | null
  /** Largest database accepted, in pages. */
  readonly maxPages?: number
}

/**
 * Reads a pull stream of either dialect. Refuses page 0, pages beyond the announced size, a page twice,
 * images that are not 4096 bytes long, damaged groups, a missing end, anything behind the end. A stream of
 * the Turso dialect that is cut between two messages cannot be told from a whole one.
 */
export class PullDecoder {
  readonly #messages = new DelimitedDecoder({
    maxMessageBytes: PROTOCOL_LIMITS.pullMessageBytes,
    reusesMemory: true,
  })
  readonly #oldImage: OldImageLookup
  readonly #pushed: PushedRows | null
  readonly #maxPages: number
  readonly #seen = new PageNumberSet()
  readonly #seal = new Seal()
  #header: PullHeader | undefined
  #pageCount = 0
  #ended = false

  constructor(options: PullDecoderOptions) {
    this.#oldImage = options.oldImage
    this.#pushed = options.pushed ?? null
    this.#maxPages = options.maxPages ?? PROTOCOL_LIMITS.pages
  }

  /**
   * What this chunk completes. To be iterated to its end before the next call.
   *
   * @throws ProtocolError, LimitError as soon as the stream is seen to be wrong; what was given out before is
   * not to be used
   */
  *push(chunk: Uint8Array): Generator<PullEvent, void, undefined> {
    for (const message of this.#messages.push(chunk)) {
      if (this.#header === undefined) yield this.#readHeader(message)
      else if (this.#header.encoding === 'raw') yield this.#readPage(message, this.#header)
      else yield* this.#readGroupOrEnd(message, this.#header)
    }
  }

  /** @throws ProtocolError if the stream is not whole */
  end(): void {
    this.#messages.end()
    if (this.#header === undefined) throw new ProtocolError('pull stream is empty')
    if (this.#header.encoding === 'zstd' && !this.#ended) {
      throw new ProtocolError(`pull stream ended after ${this.#pageCount} pages without its end message`)
    }
  }

  #readHeader(message: Uint8Array): PullEvent {
    const header = decodePullHeader(message, this.#maxPages)
    this.#header = header
    this.#seal.add(message)
    return { type: 'header', header }
  }

  #readPage(message: Uint8Array, header: PullHeader): PullEvent {
    const page = decodeMessage(turso.PageData, message, 'page')
    const pageNumber = fromWireInteger(page.pageId, 'page id') + 1
    if (page.encodedPage.byteLength !== PAGE_SIZE) {
      throw new ProtocolError(
        `page ${pageNumber} has ${page.encodedPage.byteLength} bytes instead of ${PAGE_SIZE}`,
      )
    }
    this.#takePageNumber(pageNumber, header)
    this.#messages.keepMessages()
    return { type: 'page', pageNumber, image: page.encodedPage, checksum: null }
  }

  *#readGroupOrEnd(bytes: Uint8Array, header: PullHeader): Generator<PullEvent, void, undefined> {
    if (this.#ended) throw new ProtocolError('pull stream goes on behind its end message')
    const message = decodeMessage(tidemark.PullMessage, bytes, 'pull message', 1)
    if (message.end !== null && message.end !== undefined) this.#readEnd(message.end)
    else if (message.group !== null && message.group !== undefined) {
      yield* this.#readGroup(new tidemark.PageGroup(message.group), header)
    } else throw new ProtocolError('unknown message in a pull stream', { recovery: 'upgrade' })
  }

  *#readGroup(message: tidemark.PageGroup, header: PullHeader): Generator<PullEvent, void, undefined> {
    const group = decodePageGroup(message, this.#oldImage, this.#pushed)
    if (group.images.buffer === message.payload.buffer) this.#messages.keepMessages()
    this.#seal.add(group.checksum)
    for (const pageNumber of group.pageNumbers) this.#takePageNumber(pageNumber, header)
    for (const [i, pageNumber] of group.pageNumbers.entries()) {
      const image = group.images.subarray(i * PAGE_SIZE, (i + 1) * PAGE_SIZE)
      yield { type: 'page', pageNumber, image, checksum: group.pageChecksums[i]! }
    }
  }

  #readEnd(properties: tidemark.PullEnd.$Properties): void {
    const end = new tidemark.PullEnd(properties)
    const pageCount = fromWireInteger(end.pageCount, 'page count')
    if (pageCount !== this.#pageCount) {
      throw new ProtocolError(`pull stream announces ${pageCount} pages and holds ${this.#pageCount}`)
    }
    this.#seal.check(end.digest, 'the pull stream')
    this.#ended = true
  }

  #takePageNumber(pageNumber: number, header: PullHeader): void {
    if (pageNumber > header.sizeInPages) {
      throw new ProtocolError(`page ${pageNumber} of a database of ${header.sizeInPages} pages`)
    }
    if (!this.#seen.add(pageNumber)) throw new ProtocolError(`page ${pageNumber} was sent twice`)
    this.#pageCount += 1
  }
}
