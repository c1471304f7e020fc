/**
 * Fields of records as SQLite stores them (https://www.sqlite.org/fileformat2.html, section 2.1). What lies
 * outside of `view` raises a RangeError.
 */

const MAX_VARINT_BYTES = 9
/** Bytes of the serial types below those of BLOB and TEXT; 8 and 9 are the constants 0 and 1. */
const CONTENT_BYTES = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0] as const
const FIRST_BLOB_TYPE = 12

/** A variable-length integer below 2^53, and the offset behind it. */
export function readVarint(
  view: DataView,
  offset: number,
): { readonly value: number; readonly next: number } {
  let value = 0
  for (let next = offset; next < offset + MAX_VARINT_BYTES;) {
    const byte = view.getUint8(next++)
    value = value * 128 + (byte & 127)
    if (byte < 128) return { value, next }
  }
  throw new RangeError('a variable-length integer is too long')
}

/** Bytes that a value of this serial type takes in its record. */
export function contentBytes(serialType: number): number {
  if (serialType >= FIRST_BLOB_TYPE) return (serialType - FIRST_BLOB_TYPE) >>> 1
  const bytes = CONTENT_BYTES[serialType]
  if (bytes === undefined) throw new RangeError(`serial type ${serialType} is reserved`)
  return bytes
}

/** A signed integer of 1 to 4 bytes. */
export function readInteger(view: DataView, offset: number, bytes: number): number {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength).readIntBE(offset, bytes)
}

/** Writes what {@link readInteger} reads. @throws RangeError for a number that needs more bytes */
export function writeInteger(view: DataView, offset: number, bytes: number, value: number): void {
  Buffer.from(view.buffer, view.byteOffset, view.byteLength).writeIntBE(value, offset, bytes)
}
