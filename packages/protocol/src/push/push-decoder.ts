import { tidemark } from '#messages'
import type { Change, TableShape } from '../change.ts'
import { LimitError, ProtocolError } from '../errors.ts'
import { DelimitedDecoder } from '../framing/delimited-decoder.ts'
import { Seal } from '../framing/seal.ts'
import { PROTOCOL_LIMITS } from '../limits.ts'
import { decodeMessage, iterateFields } from '../messages/decode-message.ts'
import { fromWireInteger } from '../messages/wire-integer.ts'
import { decompress } from '../zstd/zstd.ts'
import { decodeChangeRun } from './change-run-decoder.ts'
import { pushHeaderFromMessage } from './push-header.ts'
import type { PushHeader } from './push-header.ts'
import { decodeTableShape } from './table-shape.ts'

export type PushEvent =
  | { readonly type: 'header'; readonly header: PushHeader }
  | { readonly type: 'change'; readonly change: Change }

/** Bounds of a push. */
export interface PushLimits {
  /** Largest block before compression: bounds memory, and the largest row. */
  readonly maxBlockBytes?: number
  /** All blocks before compression. */
  readonly maxPushBytes?: number
}

const TABLES_FIELD = 1
const RUNS_FIELD = 2

/**
 * Reads the body of a push, run by run. Changes of one table share one {@link TableShape} object. Refuses what is
 * malformed, damaged, cut, out of order, outside the announced change ids, or above the limits.
 *
 * The body is whole, and its changes may be committed, only when {@link end} has returned.
 */
export class PushDecoder {
  readonly #messages: DelimitedDecoder
  readonly #maxBlockBytes: number
  readonly #maxPushBytes: number
  readonly #seal = new Seal()
  readonly #tables: TableShape[] = []
  #tableColumns = 0
  #header: PushHeader | undefined
  #rawBytes = 0
  #changeCount = 0
  #lastChangeId = 0
  #ended = false

  constructor(limits: PushLimits = {}) {
    this.#maxBlockBytes = limits.maxBlockBytes ?? PROTOCOL_LIMITS.maxBlockBytes
    this.#maxPushBytes = limits.maxPushBytes ?? PROTOCOL_LIMITS.pushBytes
    this.#messages = new DelimitedDecoder({
      maxMessageBytes: this.#maxBlockBytes + PROTOCOL_LIMITS.pushHeaderBytes,
      reusesMemory: true,
    })
  }

  /**
   * What this chunk completes. To be iterated to its end before the next call; the chunk may be written to
   * again then. TEXT and BLOB values are views of a block's memory, which nobody writes to again.
   *
   * @throws ProtocolError, LimitError as soon as the body is seen to be wrong
   */
  *push(chunk: Uint8Array): Generator<PushEvent, void, undefined> {
    for (const bytes of this.#messages.push(chunk)) {
      if (this.#ended) throw new ProtocolError('push goes on behind its end message')
      const message = decodeMessage(tidemark.PushMessage, bytes, 'push message', 1)
      if (message.header !== null && message.header !== undefined) {
        yield this.#readHeader(message.header, bytes)
      } else if (message.block !== null && message.block !== undefined) yield* this.#readBlock(message.block)
      else if (message.end !== null && message.end !== undefined) this.#readEnd(message.end)
      else throw new ProtocolError('unknown message in a push', { recovery: 'upgrade' })
    }
  }

  /** @throws ProtocolError if the body is not whole */
  end(): void {
    this.#messages.end()
    if (!this.#ended) {
      throw new ProtocolError(`push ended after ${this.#changeCount} changes without its end message`)
    }
  }

  #readHeader(properties: tidemark.PushHeader.$Properties, bytes: Uint8Array): PushEvent {
    if (this.#header !== undefined) throw new ProtocolError('push with two headers')
    if (bytes.byteLength > PROTOCOL_LIMITS.pushHeaderBytes) {
      throw new LimitError(`push header of ${bytes.byteLength} bytes`)
    }
    this.#header = pushHeaderFromMessage(properties)
    this.#lastChangeId = this.#header.firstChangeId - 1
    this.#seal.add(bytes)
    return { type: 'header', header: this.#header }
  }

  *#readBlock(properties: tidemark.PushBlock.$Properties): Generator<PushEvent, void, undefined> {
    if (this.#header === undefined) throw new ProtocolError('push begins without a header')
    const raw = this.#openBlock(new tidemark.PushBlock(properties))
    let previousChangeId = 0
    for (const field of iterateFields(raw, 'change set')) {
      if (field.number === TABLES_FIELD) this.#readTable(field.payload)
      else if (field.number === RUNS_FIELD) {
        const changes = decodeChangeRun(field.payload, this.#tables, previousChangeId)
        previousChangeId = changes.at(-1)!.changeId
        this.#takeChangeIds(changes, this.#header)
        for (const change of changes) yield { type: 'change', change }
      } else throw new ProtocolError(`change set with unknown field ${field.number}`, { recovery: 'upgrade' })
    }
  }

  #openBlock(block: tidemark.PushBlock): Uint8Array {
    const rawSize = fromWireInteger(block.rawSize, 'block size')
    if (rawSize > this.#maxBlockBytes) {
      throw new LimitError(`push block of ${rawSize} bytes, at most ${this.#maxBlockBytes} are accepted`)
    }
    this.#rawBytes += rawSize
    if (this.#rawBytes > this.#maxPushBytes) {
      throw new LimitError(`push of more than ${this.#maxPushBytes} bytes`)
    }
    const raw = blockBytes(block, rawSize)
    if (raw.byteLength !== rawSize) {
      throw new ProtocolError(`push block announces ${rawSize} bytes and holds ${raw.byteLength}`)
    }
    new Seal().add(raw).check(block.checksum, 'a push block')
    this.#seal.add(block.checksum)
    return raw
  }

  #readTable(bytes: Uint8Array): void {
    if (this.#tables.length === PROTOCOL_LIMITS.tablesPerPush) {
      throw new LimitError(`push of more than ${PROTOCOL_LIMITS.tablesPerPush} tables`)
    }
    const table = decodeTableShape(bytes)
    this.#tableColumns += table.columns.length
    if (this.#tableColumns > PROTOCOL_LIMITS.columnsPerPush) {
      throw new LimitError(`push of tables with more than ${PROTOCOL_LIMITS.columnsPerPush} columns`)
    }
    this.#tables.push(table)
  }

  #takeChangeIds(changes: readonly Change[], header: PushHeader): void {
    const first = changes[0]!.changeId
    const last = changes.at(-1)!.changeId
    if (first <= this.#lastChangeId || last > header.lastChangeId) {
      throw new ProtocolError(`changes ${first} to ${last} are out of order or not announced`)
    }
    this.#lastChangeId = last
    this.#changeCount += changes.length
  }

  #readEnd(properties: tidemark.PushEnd.$Properties): void {
    if (this.#header === undefined) throw new ProtocolError('push begins without a header')
    const end = new tidemark.PushEnd(properties)
    const changeCount = fromWireInteger(end.changeCount, 'change count')
    if (changeCount !== this.#changeCount) {
      throw new ProtocolError(`push announces ${changeCount} changes and holds ${this.#changeCount}`)
    }
    this.#seal.check(end.digest, 'the push')
    this.#ended = true
  }
}

function blockBytes(block: tidemark.PushBlock, maxBytes: number): Uint8Array {
  switch (block.codec) {
    case tidemark.BlockCodec.BLOCK_RAW:
      // A copy: what it was received in is used again.
      return new Uint8Array(block.payload)
    case tidemark.BlockCodec.BLOCK_ZSTD:
      return decompress(block.payload, { maxBytes })
    default:
      throw new ProtocolError(`push block with unknown codec ${String(block.codec)}`, { recovery: 'upgrade' })
  }
}
