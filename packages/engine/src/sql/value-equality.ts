import { hash } from 'node:crypto'
import { RawText, ValueDigest } from '@tidemark/protocol'
import type { ImageValue, SqlValue } from '@tidemark/protocol'

/** TEXT and BLOB longer than this many bytes travel as a digest in before images. */
export const longestPlainImageBytes = 32
const digestBytes = 16

/** Same storage class and same value, bit for bit: 1 is not 1.0 and 0.0 is not -0.0. */
export function sameValue(a: SqlValue, b: SqlValue): boolean {
  if (a === b) return a !== 0 || Object.is(a, b)
  if (a instanceof RawText) return b instanceof RawText && sameBytes(a.bytes, b.bytes)
  if (a instanceof Uint8Array) return b instanceof Uint8Array && sameBytes(a, b)
  return false
}

/** {@link sameValue} against an image that may be a digest. */
export function matchesImage(value: SqlValue, image: ImageValue): boolean {
  if (!(image instanceof ValueDigest)) return sameValue(value, image)
  const type = value instanceof Uint8Array ? 'blob' : 'text'
  const bytes = bytesOf(value)
  return bytes !== null && type === image.type && sameBytes(digest(bytes), image.digest)
}

/** The value as it goes into a before image: a long TEXT or BLOB as its digest. */
export function imageOf(value: SqlValue): ImageValue {
  // A string has at most three bytes of UTF-8 per UTF-16 unit, so short ones need not be measured.
  if (typeof value === 'string' && value.length * 3 <= longestPlainImageBytes) return value
  const bytes = bytesOf(value)
  if (bytes === null || byteLength(bytes) <= longestPlainImageBytes) return value
  return new ValueDigest(value instanceof Uint8Array ? 'blob' : 'text', digest(bytes))
}

function bytesOf(value: SqlValue): string | Uint8Array | null {
  if (typeof value === 'string' || value instanceof Uint8Array) return value
  return value instanceof RawText ? value.bytes : null
}

function byteLength(bytes: string | Uint8Array): number {
  return typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.byteLength
}

function digest(bytes: string | Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer').subarray(0, digestBytes)
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
