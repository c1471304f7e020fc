import { isUtf8 } from 'node:buffer'
import { ProtocolError } from '../errors.ts'

const SHORT_ASCII_BYTES = 12

/** Reads what a {@link ByteWriter} wrote. Every read checks its bounds and raises a ProtocolError beyond them. */
export class ByteReader {
  readonly #buffer: Buffer
  #position = 0

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get position(): number {
    return this.#position
  }

  get remaining(): number {
    return this.#buffer.byteLength - this.#position
  }

  byte(): number {
    const value = this.#buffer[this.#position]
    if (value === undefined) throw cutOff()
    this.#position += 1
    return value
  }

  /** A varint that is a safe integer. */
  varint(): number {
    let value = 0
    let factor = 1
    for (let i = 0; i < 8; i += 1) {
      const byte = this.byte()
      value += (byte & 127) * factor
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) throw new ProtocolError('varint is above 2^53')
        return value
      }
      factor *= 128
    }
    throw new ProtocolError('varint is above 2^53')
  }

  /** A zigzag varint of up to 64 bits. */
  zigzag(): bigint {
    const first = this.#buffer[this.#position]
    if (first !== undefined && first < 128) {
      this.#position += 1
      return BigInt((first >>> 1) ^ -(first & 1))
    }
    return this.#longZigzag()
  }

  double(): number {
    this.#require(8)
    const value = this.#buffer.readDoubleLE(this.#position)
    this.#position += 8
    return value
  }

  /** A view of the next `length` bytes. */
  raw(length: number): Uint8Array {
    this.#require(length)
    const { buffer, byteOffset } = this.#buffer
    const view = new Uint8Array(buffer, byteOffset + this.#position, length)
    this.#position += length
    return view
  }

  /** A view of bytes behind their length. */
  sized(): Uint8Array {
    return this.raw(this.varint())
  }

  /** UTF-8 behind its length. */
  text(): string {
    const length = this.varint()
    this.#require(length)
    const start = this.#position
    this.#position += length
    const short = length <= SHORT_ASCII_BYTES ? asciiText(this.#buffer, start, start + length) : undefined
    if (short !== undefined) return short
    const value = this.#buffer.toString('utf8', start, this.#position)
    // Malformed UTF-8 decodes to U+FFFD; so may well-formed UTF-8, but seldom.
    if (value.includes('\uFFFD') && !isUtf8(this.#buffer.subarray(start, this.#position))) {
      throw new ProtocolError('text is not well-formed UTF-8')
    }
    return value
  }

  /** @throws ProtocolError if bytes are left over */
  end(): void {
    if (this.remaining > 0) throw new ProtocolError(`${this.remaining} bytes left over behind the last value`)
  }

  #longZigzag(): bigint {
    let low = 0
    let factor = 1
    for (let i = 0; i < 7; i += 1) {
      const byte = this.byte()
      low += (byte & 127) * factor
      if (byte < 128) return BigInt(low % 2 === 0 ? low / 2 : -(low + 1) / 2)
      factor *= 128
    }
    const eighth = this.byte()
    const ninth = eighth < 128 ? 0 : this.byte()
    const tenth = ninth < 128 ? 0 : this.byte()
    if (tenth > 1) throw new ProtocolError('integer is above 64 bits')
    const high = (eighth & 127) + (ninth & 127) * 128 + tenth * 16_384
    const zigzag = BigInt(low) + (BigInt(high) << 49n)
    return (zigzag >> 1n) ^ -(zigzag & 1n)
  }

  #require(length: number): void {
    if (length > this.remaining) throw cutOff()
  }
}

function cutOff(): ProtocolError {
  return new ProtocolError('values are cut off')
}

function asciiText(buffer: Buffer, start: number, end: number): string | undefined {
  let text = ''
  for (let i = start; i < end; i += 1) {
    const byte = buffer[i]!
    if (byte >= 128) return undefined
    text += String.fromCharCode(byte)
  }
  return text
}
