import { tidemark } from '#messages'
import type { Change } from '../change.ts'
import { encodeDelimited } from '../framing/encode-delimited.ts'
import { delimitedParts, lengthDelimitedField } from '../framing/length-delimited.ts'
import { Seal } from '../framing/seal.ts'
import { encodeDelimitedMessage, encodeMessage } from '../messages/encode-message.ts'
import { toWireInteger } from '../messages/wire-integer.ts'
import { compress } from '../zstd/zstd.ts'
import { BlockBuilder } from './block-builder.ts'
import { estimateChangeBytes } from './change-size.ts'
import { pushHeaderToMessage } from './push-header.ts'
import type { PushHeader } from './push-header.ts'
import { TableNumbers } from './table-numbers.ts'

/** Fields of a PushMessage and of a PushBlock. */
const BLOCK_FIELD = 2
const PAYLOAD_FIELD = 4

/**
 * Writes the body of a push: {@link header} once, {@link change} for each change in the order of their ids, {@link end}
 * once. What these return is to be sent in that order. Holds at most about one block of changes, and references to the
 * changes given, which must not be modified.
 */
export class PushEncoder {
  readonly #seal = new Seal()
  readonly #block = new BlockBuilder(new TableNumbers())
  #changeCount = 0

  header(header: PushHeader): Uint8Array {
    const message = encodeMessage(tidemark.PushMessage, { header: pushHeaderToMessage(header) })
    this.#seal.add(message)
    return encodeDelimited(message)
  }

  /**
   * Adds a change; the block of the changes before it, when this one does not fit into it.
   *
   * @throws LimitError if a single change is too large to be pushed
   */
  change(change: Change): Uint8Array | null {
    const bytes = estimateChangeBytes(change)
    const block = this.#block.isFullFor(bytes) ? this.#finishBlock() : null
    this.#block.add(change, bytes)
    this.#changeCount += 1
    return block
  }

  /** The last block, if there are changes in it, and the message that proves the body whole. */
  end(): Uint8Array[] {
    const block = this.#block.isEmpty ? [] : [this.#finishBlock()]
    const end = { changeCount: toWireInteger(this.#changeCount), digest: this.#seal.bytes() }
    return [...block, encodeDelimitedMessage(tidemark.PushMessage, { end })]
  }

  #finishBlock(): Uint8Array {
    const raw = this.#block.finish()
    const compressed = compress(raw)
    const smaller = compressed.byteLength < raw.byteLength
    const checksum = new Seal().add(raw).bytes()
    this.#seal.add(checksum)
    const fields = encodeMessage(tidemark.PushBlock, {
      codec: smaller ? tidemark.BlockCodec.BLOCK_ZSTD : tidemark.BlockCodec.BLOCK_RAW,
      rawSize: toWireInteger(raw.byteLength),
      checksum,
    })
    const payload = lengthDelimitedField(PAYLOAD_FIELD, [smaller ? compressed : raw])
    const block = Buffer.concat(delimitedParts(lengthDelimitedField(BLOCK_FIELD, [fields, ...payload])))
    this.#block.begin()
    return block
  }
}
