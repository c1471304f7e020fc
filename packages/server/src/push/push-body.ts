import { closeSync, openSync, readSync } from 'node:fs'
import { setImmediate as nextTurnOfLoop } from 'node:timers/promises'
import { ProtocolError, PushDecoder } from '@tidemark/protocol'
import type { Change, PushHeader } from '@tidemark/protocol'
import { EXPANSION } from './push-settings.ts'
import type { PushSettings } from './push-settings.ts'

const CHUNK_BYTES = 256 * 1024

/** A push that has been received whole, in memory or in a file, and can be read any number of times. */
export class PushBody {
  readonly #source: Uint8Array | string
  readonly #settings: PushSettings

  /** @param source the bytes, or the path of the file that has them */
  constructor(source: Uint8Array | string, settings: PushSettings) {
    this.#source = source
    this.#settings = settings
  }

  /** 0 where the body is in a file. */
  get bytesInMemory(): number {
    return typeof this.#source === 'string' ? 0 : this.#source.byteLength
  }

  /** The same in memory of its own. */
  copy(): PushBody {
    const source = typeof this.#source === 'string' ? this.#source : Uint8Array.from(this.#source)
    return new PushBody(source, this.#settings)
  }

  /** The header; what follows it has not been looked at. @throws ProtocolError, LimitError */
  header(): PushHeader {
    const decoder = this.#decoder()
    for (const chunk of this.#chunks()) {
      for (const event of decoder.push(chunk)) if (event.type === 'header') return event.header
    }
    throw new ProtocolError('push without a header')
  }

  /**
   * Reads the whole body, for an answer that applies nothing of it. Others get the event loop now and then.
   *
   * @throws ProtocolError, LimitError
   */
  async validate(): Promise<void> {
    const decoder = this.#decoder()
    for (const chunk of this.#chunks()) {
      for (const event of decoder.push(chunk)) void event
      await nextTurnOfLoop()
    }
    decoder.end()
  }

  /**
   * The changes, from the first. The body was whole and as it was sent only when they have come to their end.
   *
   * @throws ProtocolError, LimitError at the first thing that is wrong
   */
  *changes(): Generator<Change> {
    const decoder = this.#decoder()
    for (const chunk of this.#chunks()) {
      for (const event of decoder.push(chunk)) if (event.type === 'change') yield event.change
    }
    decoder.end()
  }

  #decoder(): PushDecoder {
    const { maxBlockBytes, maxPushBytes } = this.#settings
    return new PushDecoder({ maxBlockBytes, maxPushBytes: maxPushBytes * EXPANSION })
  }

  *#chunks(): Generator<Uint8Array> {
    if (typeof this.#source !== 'string') {
      for (let offset = 0; offset < this.#source.byteLength; offset += CHUNK_BYTES) {
        yield this.#source.subarray(offset, offset + CHUNK_BYTES)
      }
      return
    }
    const descriptor = openSync(this.#source, 'r')
    try {
      for (;;) {
        const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
        const length = readSync(descriptor, chunk, 0, CHUNK_BYTES, null)
        if (length === 0) return
        yield chunk.subarray(0, length)
      }
    } finally {
      closeSync(descriptor)
    }
  }
}
