import { FRAME_HEADER_SIZE, FRAME_SIZE } from './wal-format.ts'
import type { WalSalts } from './wal-format.ts'
import { continueOverPage } from './page-checksum.ts'
import { isNativeOrder, updateNativeChecksum, updateWalChecksum } from './wal-checksum.ts'
import type { WalChecksum } from './wal-checksum.ts'

/** Most sequences are short; longer ones grow up to their capacity. */
const INITIAL_FRAMES = 16
const CHECKSUM_OFFSET = 16
/** Of the header, the checksum covers the page number and the commit size. */
const COVERED_SIZE = 8

/**
 * Builds consecutive frames whose checksums continue each other, in a buffer of many frames, so that a batch costs one
 * file write. Take {@link bytes} and call {@link clear} when {@link isFull}, at `capacity` frames.
 */
export class FrameSequence {
  readonly #capacity: number
  readonly #salts: WalSalts
  readonly #bigEndian: boolean
  #buffer: Uint8Array
  /** The same memory as numbers: views made once, for they cost as much as a checksum. */
  #fields: DataView
  #words: Int32Array
  readonly #state: Uint32Array
  /** The checksum before the last frame. */
  readonly #before: Uint32Array
  #count = 0

  constructor(options: {
    readonly salts: WalSalts
    readonly checksum: WalChecksum
    readonly bigEndianChecksum: boolean
    readonly capacity: number
  }) {
    this.#capacity = options.capacity
    this.#salts = options.salts
    this.#bigEndian = options.bigEndianChecksum
    this.#state = Uint32Array.from(options.checksum)
    this.#before = Uint32Array.from(options.checksum)
    this.#buffer = new Uint8Array(Math.min(options.capacity, INITIAL_FRAMES) * FRAME_SIZE)
    this.#fields = new DataView(this.#buffer.buffer)
    this.#words = new Int32Array(this.#buffer.buffer)
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

  /**
   * Adds a frame with a page of 4096 bytes; it ends no transaction, unless {@link commit} makes it.
   *
   * @param checksum the image's own, where it is known: `pageChecksums`
   */
  add(pageNumber: number, image: Uint8Array, checksum: WalChecksum | null = null): void {
    const offset = this.#count * FRAME_SIZE
    if (offset === this.#buffer.byteLength) this.#grow()
    this.#buffer.set(image, offset + FRAME_HEADER_SIZE)
    this.#fields.setUint32(offset, pageNumber)
    this.#fields.setUint32(offset + 4, 0)
    this.#fields.setUint32(offset + 8, this.#salts[0])
    this.#fields.setUint32(offset + 12, this.#salts[1])
    this.#before.set(this.#state)
    this.#seal(offset, checksum)
    this.#count += 1
  }

  /**
   * Makes the last frame added, which has not been cleared, the end of a transaction that leaves the database
   * with `sizeInPages` pages.
   */
  commit(sizeInPages: number): void {
    const offset = (this.#count - 1) * FRAME_SIZE
    this.#fields.setUint32(offset + 4, sizeInPages)
    this.#state.set(this.#before)
    this.#seal(offset, null)
  }

  #seal(offset: number, checksum: WalChecksum | null): void {
    this.#continueOver(offset, offset + COVERED_SIZE)
    if (checksum === null || this.#bigEndian)
      this.#continueOver(offset + FRAME_HEADER_SIZE, offset + FRAME_SIZE)
    else continueOverPage(this.#state, checksum)
    this.#fields.setUint32(offset + CHECKSUM_OFFSET, this.#state[0]!)
    this.#fields.setUint32(offset + CHECKSUM_OFFSET + 4, this.#state[1]!)
  }

  #continueOver(start: number, end: number): void {
    if (isNativeOrder(this.#bigEndian)) updateNativeChecksum(this.#state, this.#words, start >>> 2, end >>> 2)
    else updateWalChecksum(this.#state, this.#buffer, start, end, this.#bigEndian)
  }

  #grow(): void {
    const frames = Math.min(this.#capacity, this.#count * 4)
    const grown = new Uint8Array(frames * FRAME_SIZE)
    grown.set(this.#buffer)
    this.#buffer = grown
    this.#fields = new DataView(grown.buffer)
    this.#words = new Int32Array(grown.buffer)
  }
}
