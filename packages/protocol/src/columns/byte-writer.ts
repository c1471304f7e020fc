import { ProtocolError } from '../errors.ts'

const FIRST_CAPACITY = 256
/** Memory up to this size is kept for what is written next; bytes. */
const KEPT_CAPACITY = 1024 * 1024
/** Strings up to this many UTF-16 units take at most 127 bytes of UTF-8, so their length is one byte. */
const ONE_BYTE_LENGTH_UNITS = 42
/** Strings up to this many take at most 16,383, so their length is one or two bytes. */
const TWO_BYTE_LENGTH_UNITS = 5461
/** Below this a loop in JavaScript beats the call into Node. */
const SHORT_ASCII_UNITS = 24
const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

/** A growing buffer with the primitives of the columnar encodings: varints, zigzag varints, doubles, strings. */
export class ByteWriter {
  #buffer: Buffer = Buffer.allocUnsafe(FIRST_CAPACITY)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** What was written; a view that later writes may detach, or change after {@link clear}. */
  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  /**
   * Begins anew in the same memory: for large pushes new memory for each block costs more in garbage
   * collection than what is written.
   */
  clear(): void {
    this.#length = 0
    if (this.#buffer.byteLength > KEPT_CAPACITY) this.#buffer = Buffer.allocUnsafe(FIRST_CAPACITY)
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#length++] = value
  }

  /** A non-negative safe integer. */
  varint(value: number): void {
    this.#reserve(8)
    const buffer = this.#buffer
    let rest = value
    while (rest >= 0x8000_0000) {
      buffer[this.#length++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    while (rest >= 128) {
      buffer[this.#length++] = (rest & 127) | 128
      rest >>>= 7
    }
    buffer[this.#length++] = rest
  }

  /** A 64-bit signed integer, zigzag. */
  zigzag(value: bigint): void {
    const approximate = Number(value)
    if (approximate >= -(2 ** 51) && approximate <= 2 ** 51) this.zigzagNumber(approximate)
    else this.#zigzag64(value)
  }

  /** The same for an integer between -2^51 and 2^51. */
  zigzagNumber(value: number): void {
    if (value >= -0x4000_0000 && value < 0x4000_0000) this.varint(((value << 1) ^ (value >> 31)) >>> 0)
    else this.varint(value < 0 ? -2 * value - 1 : 2 * value)
  }

  double(value: number): void {
    this.#reserve(8)
    this.#length = this.#buffer.writeDoubleLE(value, this.#length)
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.byteLength)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.byteLength
  }

  /** Bytes behind their length. */
  sized(bytes: Uint8Array): void {
    this.varint(bytes.byteLength)
    this.raw(bytes)
  }

  /** UTF-8 behind its length. Lone surrogates become U+FFFD, as they do when better-sqlite3 binds them. */
  text(value: string): void {
    if (value.length <= ONE_BYTE_LENGTH_UNITS) {
      this.#shortText(value)
      return
    }
    if (value.length > TWO_BYTE_LENGTH_UNITS) {
      const byteLength = Buffer.byteLength(value, 'utf8')
      this.varint(byteLength)
      this.#reserve(byteLength)
      this.#length += this.#buffer.write(value, this.#length, 'utf8')
      return
    }
    // Written where it stands if its length takes one byte, and moved by one if it does not.
    this.#reserve(2 + 3 * value.length)
    const start = this.#length + 1
    const byteLength = this.#buffer.write(value, start, 'utf8')
    if (byteLength >= 128) this.#buffer.copyWithin(start + 1, start, start + byteLength)
    this.varint(byteLength)
    this.#length += byteLength
  }

  #shortText(value: string): void {
    this.#reserve(1 + 3 * ONE_BYTE_LENGTH_UNITS)
    const start = this.#length + 1
    const written = this.#asciiText(value, start)
    const byteLength = written < 0 ? this.#buffer.write(value, start, 'utf8') : written
    this.#buffer[start - 1] = byteLength
    this.#length = start + byteLength
  }

  /** The string's length if it is short ASCII and was written, else -1. */
  #asciiText(value: string, start: number): number {
    if (value.length > SHORT_ASCII_UNITS) return -1
    const buffer = this.#buffer
    for (let i = 0; i < value.length; i += 1) {
      const unit = value.charCodeAt(i)
      if (unit >= 128) return -1
      buffer[start + i] = unit
    }
    return value.length
  }

  #zigzag64(value: bigint): void {
    if (value < INT64_MIN || value > INT64_MAX) {
      throw new ProtocolError('integer does not fit into 64 bits', { recovery: 'bug' })
    }
    this.#reserve(10)
    let rest = value < 0n ? -2n * value - 1n : 2n * value
    while (rest >= 128n) {
      this.#buffer[this.#length++] = Number(rest & 127n) | 128
      rest >>= 7n
    }
    this.#buffer[this.#length++] = Number(rest)
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#buffer.byteLength) return
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.byteLength * 2))
    grown.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = grown
  }
}
