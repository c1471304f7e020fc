import { tidemark, turso } from '#messages'
import { PartIndex } from '../echo/find-parts.ts'
import type { PushedRows } from '../echo/pushed-rows.ts'
import { encodeDelimited } from '../framing/encode-delimited.ts'
import { delimitedParts, lengthDelimitedField } from '../framing/length-delimited.ts'
import { Seal } from '../framing/seal.ts'
import { PROTOCOL_LIMITS } from '../limits.ts'
import { encodeDelimitedMessage, encodeDelimitedMessages, encodeMessage } from '../messages/encode-message.ts'
import { toWireInteger } from '../messages/wire-integer.ts'
import { encodePageGroup, encodePageGroupInBackground, planPageGroup } from './page-group.ts'
import type { EncodedGroup, PlannedGroup, PulledPage, PushedRowFinder } from './page-group.ts'
import { encodePullHeader } from './pull-header.ts'
import type { PullHeader } from './pull-header.ts'

/** Fields of a PullMessage and of a PageGroup. */
const GROUP_FIELD = 1
const PAYLOAD_FIELD = 3

/**
 * Writes a pull stream: {@link header} once, {@link pages} any number of times, {@link end} once. Each
 * returns bytes ready to send. Groups are cut at every call, so pages should come 64 or a multiple of it at a
 * time.
 */
export class PullEncoder {
  readonly #dialect: 'turso' | 'tidemark'
  readonly #pushed: PushedRowFinder | null
  readonly #seal = new Seal()
  #pageCount = 0

  /** @param pushed rows that the client has pushed: their echo costs little */
  constructor(dialect: 'turso' | 'tidemark', pushed: PushedRows | null = null) {
    this.#dialect = dialect
    this.#pushed = pushed === null ? null : { rows: pushed, index: new PartIndex(pushed) }
  }

  /** The dialect decides the encoding, whatever the header says. */
  header(header: Omit<PullHeader, 'encoding'>): Uint8Array {
    const encoding = this.#dialect === 'tidemark' ? 'zstd' : 'raw'
    const message = encodePullHeader({ ...header, encoding })
    this.#seal.add(message)
    return encodeDelimited(message)
  }

  /** Old images are used as dictionaries in the Tidemark dialect only. */
  pages(pages: readonly PulledPage[]): Uint8Array {
    if (this.#dialect === 'turso') return rawPages(pages)
    return encodeGroups(this.#plan(pages).map(encodePageGroup))
  }

  /**
   * The same pages, to be sent in the order of the calls; the next call need not wait for them. What takes
   * long is done in the thread pool: the images must not change before.
   */
  async pagesInBackground(pages: readonly PulledPage[]): Promise<Uint8Array> {
    if (this.#dialect === 'turso') return rawPages(pages)
    return encodeGroups(await Promise.all(this.#plan(pages).map(encodePageGroupInBackground)))
  }

  /** The message that proves the stream whole; the Turso dialect has none. */
  end(): Uint8Array {
    if (this.#dialect === 'turso') return new Uint8Array(0)
    const end = { pageCount: toWireInteger(this.#pageCount), digest: this.#seal.bytes() }
    return encodeDelimitedMessage(tidemark.PullMessage, { end })
  }

  /** Seals them too: the order of the calls is that of the stream. */
  #plan(pages: readonly PulledPage[]): PlannedGroup[] {
    this.#pageCount += pages.length
    const groups: PlannedGroup[] = []
    for (let i = 0; i < pages.length; i += PROTOCOL_LIMITS.pagesPerGroup) {
      const group = planPageGroup(pages.slice(i, i + PROTOCOL_LIMITS.pagesPerGroup), this.#pushed)
      this.#seal.add(group.checksum)
      groups.push(group)
    }
    return groups
  }
}

function encodeGroups(groups: readonly EncodedGroup[]): Uint8Array {
  return Buffer.concat(groups.flatMap(groupParts))
}

function groupParts({ before, payload, behind }: EncodedGroup): Uint8Array[] {
  const group = [
    encodeMessage(tidemark.PageGroup, before),
    ...lengthDelimitedField(PAYLOAD_FIELD, [payload]),
    encodeMessage(tidemark.PageGroup, behind),
  ]
  return delimitedParts(lengthDelimitedField(GROUP_FIELD, group))
}

function rawPages(pages: readonly PulledPage[]): Uint8Array {
  return encodeDelimitedMessages(
    turso.PageData,
    pages.map(({ pageNumber, image }) => ({ pageId: toWireInteger(pageNumber - 1), encodedPage: image })),
  )
}
