import { ProtocolError } from '../errors.ts'
import { continueOverPage } from '../wal/page-checksum.ts'
import { updateWalChecksum } from '../wal/wal-checksum.ts'
import type { WalChecksum } from '../wal/wal-checksum.ts'

const CHECKSUM_BYTES = 8
const WORD_BYTES = 8

/**
 * A running WAL checksum (little-endian words, seed 0) over byte strings, each padded with zero bytes to a
 * multiple of 8. It seals groups and blocks, and, over the header and their checksums, whole streams.
 */
export class Seal {
  readonly #state = new Uint32Array(2)

  add(bytes: Uint8Array): this {
    const whole = bytes.byteLength - (bytes.byteLength % WORD_BYTES)
    updateWalChecksum(this.#state, bytes, 0, whole, false)
    if (whole < bytes.byteLength) {
      const rest = new Uint8Array(WORD_BYTES)
      rest.set(bytes.subarray(whole))
      updateWalChecksum(this.#state, rest, 0, WORD_BYTES, false)
    }
    return this
  }

  /** A page of 4096 bytes, by its own checksum: {@link pageChecksums}. */
  addPage(checksum: WalChecksum): this {
    continueOverPage(this.#state, checksum)
    return this
  }

  /** A number below 2⁵³ as 8 bytes, little-endian. */
  addInteger(value: number): this {
    const [s0, s1] = [this.#state[0]!, this.#state[1]!]
    this.#state[0] = s0 + s1 + (value >>> 0)
    this.#state[1] = s1 + this.#state[0] + Math.floor(value / 2 ** 32)
    return this
  }

  /** The two sums, little-endian, one after the other. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(CHECKSUM_BYTES)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, this.#state[0]!, true)
    view.setUint32(4, this.#state[1]!, true)
    return bytes
  }

  /** @throws ProtocolError if `received` is another checksum */
  check(received: Uint8Array, of: string): void {
    if (Buffer.compare(this.bytes(), received) !== 0) {
      throw new ProtocolError(`checksum of ${of} does not match`)
    }
  }
}
