import { encodeFrameHeader, FRAME_HEADER_SIZE, FRAME_SIZE, PAGE_SIZE } from './wal-format.ts'
import type { WalSalts } from './wal-format.ts'
import { updateWalChecksum } from './wal-checksum.ts'
import type { WalChecksum } from './wal-checksum.ts'

/** Most sequences are short; longer ones grow up to their capacity. */
const INITIAL_FRAMES = 16

/**
 * Builds consecutive frames whose checksums continue each other, in a buffer of many frames, so that a batch costs one
 * file write. Take {@link bytes} and call {@link clear} when {@link isFull}, at `capacity` frames.
 */
export class FrameSequence {
  readonly #capacity: number
  #buffer: Uint8Array
  readonly #state: Uint32Array
  readonly #salts: WalSalts
  readonly #bigEndian: boolean
  #count = 0

  constructor(options: {
    readonly salts: WalSalts
    readonly checksum: WalChecksum
    readonly bigEndianChecksum: boolean
    readonly capacity: number
  }) {
    this.#capacity = options.capacity
    this.#buffer = new Uint8Array(Math.min(options.capacity, INITIAL_FRAMES) * FRAME_SIZE)
    this.#state = Uint32Array.of(options.checksum[0], options.checksum[1])
    this.#salts = options.salts
    this.#bigEndian = options.bigEndianChecksum
  }

  get isFull(): boolean {
    return this.#count === this.#capacity
  }

  /** The frames added since the last clear. Valid until the next change. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#count * FRAME_SIZE)
  }

  /** Checksum of the last frame added. */
  get checksum(): WalChecksum {
    return [this.#state[0]!, this.#state[1]!]
  }

  clear(): void {
    this.#count = 0
  }

  /** Adds a frame; `commitSizeInPages` is 0 but in the last frame of a transaction. */
  add(pageNumber: number, commitSizeInPages: number, image: Uint8Array): void {
    const offset = this.#count * FRAME_SIZE
    if (offset === this.#buffer.byteLength) this.#grow()
    this.#buffer.set(image.subarray(0, PAGE_SIZE), offset + FRAME_HEADER_SIZE)
    encodeFrameHeader(this.#buffer, offset, {
      pageNumber,
      commitSizeInPages,
      salts: this.#salts,
      checksum: [0, 0],
    })
    updateWalChecksum(this.#state, this.#buffer, offset, offset + 8, this.#bigEndian)
    updateWalChecksum(
      this.#state,
      this.#buffer,
      offset + FRAME_HEADER_SIZE,
      offset + FRAME_SIZE,
      this.#bigEndian,
    )
    encodeFrameHeader(this.#buffer, offset, {
      pageNumber,
      commitSizeInPages,
      salts: this.#salts,
      checksum: this.checksum,
    })
    this.#count += 1
  }

  #grow(): void {
    const frames = Math.min(this.#capacity, this.#count * 4)
    const grown = new Uint8Array(frames * FRAME_SIZE)
    grown.set(this.#buffer)
    this.#buffer = grown
  }
}
