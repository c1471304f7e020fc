import { ProtocolError } from '../errors.ts'
import { RawText, ValueDigest } from '../value.ts'
import type { ImageValue, SqlValue } from '../value.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'

/** A value is one of these tags, then its payload; see `ChangeRun.cells` in tidemark.proto. */
export const TAG = {
  null: 0,
  integer: 1,
  real: 2,
  text: 3,
  blob: 4,
  rawText: 5,
  textDigest: 6,
  blobDigest: 7,
} as const

/** Bytes of SHA-256 that stand for a large value. */
export const VALUE_DIGEST_BYTES = 16

/** Appends a value. NaN, which SQLite does not have, becomes NULL, as it does when it is bound. */
export function writeValue(writer: ByteWriter, value: ImageValue): void {
  if (value === null) writer.byte(TAG.null)
  else if (typeof value === 'string') {
    writer.byte(TAG.text)
    writer.text(value)
  } else if (typeof value === 'bigint') {
    writer.byte(TAG.integer)
    writer.zigzag(value)
  } else if (typeof value === 'number') writeReal(writer, value)
  else writeBytes(writer, value)
}

function writeReal(writer: ByteWriter, value: number): void {
  if (Number.isNaN(value)) {
    writer.byte(TAG.null)
    return
  }
  writer.byte(TAG.real)
  writer.double(value)
}

function writeBytes(writer: ByteWriter, value: Uint8Array | RawText | ValueDigest): void {
  if (value instanceof RawText) {
    writer.byte(TAG.rawText)
    writer.sized(value.bytes)
  } else if (value instanceof ValueDigest) {
    if (value.digest.byteLength !== VALUE_DIGEST_BYTES) {
      throw new ProtocolError(`digest of ${value.digest.byteLength} bytes, not ${VALUE_DIGEST_BYTES}`, {
        recovery: 'bug',
      })
    }
    writer.byte(value.type === 'text' ? TAG.textDigest : TAG.blobDigest)
    writer.raw(value.digest)
  } else {
    writer.byte(TAG.blob)
    writer.sized(value)
  }
}

/**
 * Reads a value or a digest. Bytes are views of what is read.
 *
 * @throws ProtocolError for an unknown tag or a cut value
 */
export function readImageValue(reader: ByteReader): ImageValue {
  return readPayload(reader, reader.byte())
}

/** The value behind its tag. */
export function readPayload(reader: ByteReader, tag: number): ImageValue {
  switch (tag) {
    case TAG.null:
      return null
    case TAG.integer:
      return reader.zigzag()
    case TAG.real:
      return readReal(reader)
    case TAG.text:
      return reader.text()
    case TAG.blob:
      return reader.sized()
    case TAG.rawText:
      return new RawText(reader.sized())
    case TAG.textDigest:
      return new ValueDigest('text', reader.raw(VALUE_DIGEST_BYTES))
    case TAG.blobDigest:
      return new ValueDigest('blob', reader.raw(VALUE_DIGEST_BYTES))
    default:
      throw new ProtocolError(`unknown value tag ${tag}`)
  }
}

/** Reads a value. @throws ProtocolError also for a digest, which stands for a value only in before images */
export function readValue(reader: ByteReader): SqlValue {
  return requireValue(readImageValue(reader))
}

/** @throws ProtocolError for a digest */
export function requireValue(value: ImageValue): SqlValue {
  if (value instanceof ValueDigest) throw new ProtocolError('a digest stands where a value is needed')
  return value
}

function readReal(reader: ByteReader): number {
  const value = reader.double()
  if (Number.isNaN(value)) throw new ProtocolError('a REAL is NaN')
  return value
}

/** Values one after another. */
export function encodeValues(values: readonly SqlValue[]): Uint8Array {
  const writer = new ByteWriter()
  for (const value of values) writeValue(writer, value)
  return writer.bytes()
}

/** Exactly what {@link encodeValues} wrote, at most `maxCount` values. Text and blobs are views of `bytes`. */
export function decodeValues(bytes: Uint8Array, maxCount: number): SqlValue[] {
  const reader = new ByteReader(bytes)
  const values: SqlValue[] = []
  while (reader.remaining > 0) {
    if (values.length === maxCount) throw new ProtocolError(`more than ${maxCount} values`)
    values.push(readValue(reader))
  }
  return values
}
