import { RawText } from '../value.ts'
import type { SqlValue } from '../value.ts'
import { sqliteVarintLength, writeRowid, writeSqliteVarint } from './record-format.ts'

const FIRST_CAPACITY = 65_536
/** A record's length and a rowid, at most. */
const MAX_CELL_HEADER = 18
/** Serial types of integers by their bytes. */
const SERIAL_TYPE_OF_BYTES = [0, 1, 2, 3, 4, 0, 5, 0, 6] as const

/** Where a row stands in what was written. */
export interface WrittenRow {
  /** Of the cell: the record's length, the rowid, the record. */
  readonly start: number
  readonly payloadStart: number
  readonly end: number
}

/** Writes rows as cells of a table's leaf page, each with its whole record. */
export class RecordWriter {
  #buffer = Buffer.allocUnsafe(FIRST_CAPACITY)
  #length = 0
  /** Serial types and bodies of the row that is being written. */
  #types: number[] = []
  #bodies: (bigint | number | string | Uint8Array | null)[] = []
  #bodyBytes = 0

  get length(): number {
    return this.#length
  }

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  /** @param rowidColumn the column that stands for the rowid, which is stored as NULL; -1: none */
  row(rowid: bigint, values: readonly SqlValue[], rowidColumn: number): WrittenRow {
    this.#types = []
    this.#bodies = []
    this.#bodyBytes = 0
    for (const [column, value] of values.entries()) this.#addField(column === rowidColumn ? null : value)
    const typeBytes = this.#types.reduce((sum, type) => sum + sqliteVarintLength(type), 0)
    // The header's length counts itself.
    const headerBytes = typeBytes + (typeBytes < 127 ? 1 : 2)
    const payloadBytes = headerBytes + this.#bodyBytes
    this.#reserve(MAX_CELL_HEADER + payloadBytes)
    const start = this.#length
    const payloadStart = writeRowid(this.#buffer, writeSqliteVarint(this.#buffer, start, payloadBytes), rowid)
    let offset = writeSqliteVarint(this.#buffer, payloadStart, headerBytes)
    for (const type of this.#types) offset = writeSqliteVarint(this.#buffer, offset, type)
    for (const [field, body] of this.#bodies.entries())
      offset = this.#writeBody(this.#types[field]!, body, offset)
    this.#length = offset
    return { start, payloadStart, end: offset }
  }

  #addField(value: SqlValue): void {
    if (value === null) this.#add(0, null, 0)
    else if (typeof value === 'string') {
      const bytes = Buffer.byteLength(value, 'utf8')
      this.#add(bytes * 2 + 13, value, bytes)
    } else if (typeof value === 'bigint') this.#addInteger(value)
    else if (typeof value === 'number') this.#addReal(value)
    else if (value instanceof RawText)
      this.#add(value.bytes.byteLength * 2 + 13, value.bytes, value.bytes.byteLength)
    else this.#add(value.byteLength * 2 + 12, value, value.byteLength)
  }

  #addInteger(value: bigint): void {
    if (value === 0n || value === 1n) {
      this.#add(value === 0n ? 8 : 9, null, 0)
      return
    }
    const bytes = integerBytes(Number(value))
    this.#add(SERIAL_TYPE_OF_BYTES[bytes]!, value, bytes)
  }

  /** Columns of REAL affinity, where most such values are, store whole numbers of up to 48 bits as integers. */
  #addReal(value: number): void {
    const isStoredAsInteger = Number.isInteger(value) && !Object.is(value, -0) && Math.abs(value) < 2 ** 47
    if (isStoredAsInteger) this.#addInteger(BigInt(value))
    else this.#add(7, value, 8)
  }

  #add(type: number, body: bigint | number | string | Uint8Array | null, bytes: number): void {
    this.#types.push(type)
    this.#bodies.push(body)
    this.#bodyBytes += bytes
  }

  #writeBody(type: number, body: bigint | number | string | Uint8Array | null, offset: number): number {
    if (body === null) return offset
    if (typeof body === 'string') return offset + this.#buffer.write(body, offset, 'utf8')
    if (typeof body === 'number') return this.#buffer.writeDoubleBE(body, offset)
    if (typeof body === 'bigint') {
      const bytes = SERIAL_TYPE_OF_BYTES.lastIndexOf(type as 1)
      if (bytes === 8) return this.#buffer.writeBigInt64BE(body, offset)
      return this.#buffer.writeIntBE(Number(body), offset, bytes)
    }
    this.#buffer.set(body, offset)
    return offset + body.byteLength
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#buffer.byteLength) return
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.byteLength * 2))
    grown.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = grown
  }
}

/** The fewest bytes that SQLite has for an integer; 8 also where the number is not exact. */
function integerBytes(value: number): number {
  const magnitude = value < 0 ? -value - 1 : value
  if (magnitude < 2 ** 7) return 1
  if (magnitude < 2 ** 15) return 2
  if (magnitude < 2 ** 23) return 3
  if (magnitude < 2 ** 31) return 4
  return magnitude < 2 ** 47 ? 6 : 8
}
