import { hash } from 'node:crypto'
import { RawText, ValueDigest } from '../value.ts'
import type { ImageValue, SqlValue } from '../value.ts'
import { VALUE_DIGEST_BYTES } from './value-codec.ts'

/** TEXT and BLOB above this many bytes are represented by their digest in before images. */
const LONGEST_PLAIN_BYTES = 32

/** The value as a before image: itself, or its digest if it is TEXT or BLOB of more than 32 bytes. */
export function toImageValue(value: SqlValue): ImageValue {
  if (typeof value === 'string') {
    const bytes = value.length * 3 > LONGEST_PLAIN_BYTES ? Buffer.from(value, 'utf8') : undefined
    return bytes !== undefined && bytes.byteLength > LONGEST_PLAIN_BYTES ? digestOf('text', bytes) : value
  }
  if (value instanceof RawText) {
    return value.bytes.byteLength > LONGEST_PLAIN_BYTES ? digestOf('text', value.bytes) : value
  }
  if (value instanceof Uint8Array) {
    return value.byteLength > LONGEST_PLAIN_BYTES ? digestOf('blob', value) : value
  }
  return value
}

/**
 * Whether a stored value is the one that a before image shows: same storage class and same bytes. REAL is compared as
 * bits, so -0.0 is not 0.0.
 */
export function matchesImage(image: ImageValue, stored: SqlValue): boolean {
  const value = image instanceof ValueDigest ? toImageValue(stored) : stored
  if (image instanceof ValueDigest) {
    return value instanceof ValueDigest && value.type === image.type && sameBytes(value.digest, image.digest)
  }
  if (image instanceof RawText) return stored instanceof RawText && sameBytes(image.bytes, stored.bytes)
  if (image instanceof Uint8Array) return stored instanceof Uint8Array && sameBytes(image, stored)
  return Object.is(image, stored)
}

function digestOf(type: 'text' | 'blob', bytes: Uint8Array): ValueDigest {
  return new ValueDigest(type, hash('sha256', bytes, 'buffer').subarray(0, VALUE_DIGEST_BYTES))
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && Buffer.compare(a, b) === 0
}
