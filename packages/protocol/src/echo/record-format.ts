/**
 * Rows as SQLite stores them: the record format (https://www.sqlite.org/fileformat2.html, section 2.1) and
 * how a record is cut where it does not fit into a table's leaf page (section 1.6).
 */
import { PAGE_SIZE } from '../wal/wal-format.ts'

/** Largest payload that a cell of a table's leaf page holds whole. */
const MAX_LOCAL = PAGE_SIZE - 35
const MIN_LOCAL = Math.floor(((PAGE_SIZE - 12) * 32) / 255) - 23
/** Payload bytes in one overflow page, behind the number of the next. */
export const OVERFLOW_BYTES: number = PAGE_SIZE - 4

/** How many bytes of a payload stand in the leaf page itself. */
export function localPayloadBytes(payloadBytes: number): number {
  if (payloadBytes <= MAX_LOCAL) return payloadBytes
  const spread = MIN_LOCAL + ((payloadBytes - MIN_LOCAL) % OVERFLOW_BYTES)
  return spread <= MAX_LOCAL ? spread : MIN_LOCAL
}

/** Bytes that a non-negative safe integer takes as SQLite's varint: big-endian groups of 7 bits. */
export function sqliteVarintLength(value: number): number {
  let length = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length += 1
  return length
}

/** Writes a non-negative safe integer; the offset behind it. */
export function writeSqliteVarint(target: Uint8Array, offset: number, value: number): number {
  if (value < 128) {
    target[offset] = value
    return offset + 1
  }
  const end = offset + sqliteVarintLength(value)
  let rest = value
  for (let position = end - 1; position >= offset; position -= 1) {
    target[position] = (rest % 128) | (position === end - 1 ? 0 : 128)
    rest = Math.floor(rest / 128)
  }
  return end
}

/** Writes a rowid, of any 64 bits; the offset behind it. From 2^56 on, and below 0, the ninth byte has 8 bits. */
export function writeRowid(target: Uint8Array, offset: number, rowid: bigint): number {
  if (rowid >= 0n && rowid <= BigInt(Number.MAX_SAFE_INTEGER))
    return writeSqliteVarint(target, offset, Number(rowid))
  const unsigned = BigInt.asUintN(64, rowid)
  const isLong = unsigned >= 1n << 56n
  const lastBits = isLong ? 8n : 7n
  const bytes = [Number(BigInt.asUintN(Number(lastBits), unsigned))]
  for (let rest = unsigned >> lastBits; rest > 0n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  target.set(bytes.toReversed(), offset)
  return offset + bytes.length
}

/** Reads a varint. Null where it leaves the bytes or a safe integer does not hold it. */
export function readSqliteVarint(bytes: Uint8Array, offset: number): { value: number; next: number } | null {
  let value = 0
  for (let i = 0; i < 8; i += 1) {
    const byte = bytes[offset + i]
    if (byte === undefined) return null
    value = value * 128 + (byte & 0x7f)
    if (byte < 128) return value <= Number.MAX_SAFE_INTEGER ? { value, next: offset + i + 1 } : null
  }
  return null
}

/** The offset behind a varint of any length. */
export function behindSqliteVarint(bytes: Uint8Array, offset: number): number {
  for (let i = 0; i < 8; i += 1) if (bytes[offset + i]! < 128) return offset + i + 1
  return offset + 9
}
