import { LimitError, ProtocolError } from '../errors.ts'

/** Enough for any length below 2^35, far above any accepted message. */
const MAX_LENGTH_BYTES = 5
/** Room for most groups of pages, whose length is then taken at once: growing costs a copy. */
const FIRST_CAPACITY = 192 * 1024
/** Memory up to this size is used again; bytes. */
const KEPT_CAPACITY = 1024 * 1024
const NO_MEMORY = new Uint8Array(0)

/**
 * Cuts a stream of chunks into messages, each behind its length as a varint. Memory is at most twice what was
 * received of the one message that is incomplete; a length alone takes none.
 */
export class DelimitedDecoder {
  readonly #maxMessageBytes: number
  readonly #reusesMemory: boolean
  /** Length of the message being received; undefined while its length is incomplete. */
  #length: number | undefined
  #lengthSoFar = 0
  #lengthBytes = 0
  /** The first `#received` bytes of the message being received. */
  #partial: Uint8Array = NO_MEMORY
  #received = 0
  /** Where a message was that the last call gave out. */
  #spare: Uint8Array = NO_MEMORY

  /**
   * @param options.maxMessageBytes a longer message raises a LimitError as soon as its length is known
   * @param options.reusesMemory messages are valid until the next call only
   */
  constructor(options: { readonly maxMessageBytes: number; readonly reusesMemory?: boolean }) {
    this.#maxMessageBytes = options.maxMessageBytes
    this.#reusesMemory = options.reusesMemory ?? false
  }

  /**
   * The messages that this chunk completes. A message that lies within the chunk is a view of it, any other
   * has memory of its own; neither is written to again by the decoder, unless it reuses memory.
   *
   * @throws LimitError for a message above the limit
   * @throws ProtocolError for a malformed length
   */
  push(chunk: Uint8Array): Uint8Array[] {
    const messages: Uint8Array[] = []
    let offset = 0
    while (offset < chunk.byteLength || this.#length === 0) {
      if (this.#length === undefined) {
        this.#lengthByte(chunk[offset]!)
        offset += 1
      } else {
        const end = Math.min(offset + this.#length - this.#received, chunk.byteLength)
        const message = this.#messageBytes(chunk.subarray(offset, end), this.#length)
        if (message !== undefined) messages.push(message)
        offset = end
      }
    }
    return messages
  }

  /** Where memory is used again: what the last call gave out stays as it is all the same. */
  keepMessages(): void {
    this.#spare = NO_MEMORY
  }

  /** @throws ProtocolError if the stream ended inside a message */
  end(): void {
    if (this.#length !== undefined || this.#lengthBytes > 0) {
      throw new ProtocolError(
        this.#length === undefined
          ? 'stream ended inside the length of a message'
          : `stream ended after ${this.#received} of ${this.#length} bytes of a message`,
      )
    }
  }

  #lengthByte(byte: number): void {
    this.#lengthSoFar += (byte & 127) * 128 ** this.#lengthBytes
    this.#lengthBytes += 1
    if (byte >= 128) {
      if (this.#lengthBytes === MAX_LENGTH_BYTES) throw new ProtocolError('length of a message is malformed')
      return
    }
    if (this.#lengthSoFar > this.#maxMessageBytes) {
      throw new LimitError(
        `message of ${this.#lengthSoFar} bytes, at most ${this.#maxMessageBytes} are accepted`,
      )
    }
    this.#length = this.#lengthSoFar
  }

  /** Takes bytes of the current message; the message, if that completes it. */
  #messageBytes(bytes: Uint8Array, length: number): Uint8Array | undefined {
    const received = this.#received + bytes.byteLength
    if (received < length) {
      this.#keep(bytes, length)
      return undefined
    }
    let message = bytes
    if (this.#received > 0) {
      this.#keep(bytes, length)
      message = this.#partial.subarray(0, length)
    }
    this.#length = undefined
    this.#lengthSoFar = 0
    this.#lengthBytes = 0
    if (this.#received > 0) this.#letGo()
    this.#received = 0
    return message
  }

  /** The next message may begin before the one in `#partial` has been used: two take turns. */
  #letGo(): void {
    const isKept = this.#reusesMemory && this.#partial.byteLength <= KEPT_CAPACITY
    const next = this.#spare
    this.#spare = isKept ? this.#partial : NO_MEMORY
    this.#partial = next
  }

  #keep(bytes: Uint8Array, length: number): void {
    const received = this.#received + bytes.byteLength
    if (received > this.#partial.byteLength) {
      const grown = new Uint8Array(Math.min(length, Math.max(received * 2, FIRST_CAPACITY)))
      grown.set(this.#partial.subarray(0, this.#received))
      this.#partial = grown
    }
    this.#partial.set(bytes, this.#received)
    this.#received = received
  }
}
