import { RawText } from '../value.ts'
import type { SqlValue } from '../value.ts'
import { sqliteVarintLength, writeRowid, writeSqliteVarint } from './record-format.ts'

const FIRST_CAPACITY = 65_536
/** A record's length and a rowid, at most. */
const MAX_CELL_HEADER = 18
/** Below this a loop in JavaScript beats the call into Node. */
const SHORT_ASCII_UNITS = 24
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
  /** Of the row that is being written, field by field: the serial type, and the bytes of its body. */
  readonly #types: number[] = []
  readonly #sizes: number[] = []

  get length(): number {
    return this.#length
  }

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  /** @param rowidColumn the column that stands for the rowid, which is stored as NULL; -1: none */
  row(rowid: bigint, values: readonly SqlValue[], rowidColumn: number): WrittenRow {
    let typeBytes = 0
    let bodyBytes = 0
    for (let field = 0; field < values.length; field += 1) {
      this.#measure(field, field === rowidColumn ? null : values[field]!)
      typeBytes += sqliteVarintLength(this.#types[field]!)
      bodyBytes += this.#sizes[field]!
    }
    // The header's length counts itself.
    const headerBytes = typeBytes + (typeBytes < 127 ? 1 : 2)
    this.#reserve(MAX_CELL_HEADER + headerBytes + bodyBytes)
    const buffer = this.#buffer
    const start = this.#length
    const payloadStart = writeRowid(buffer, writeSqliteVarint(buffer, start, headerBytes + bodyBytes), rowid)
    let offset = writeSqliteVarint(buffer, payloadStart, headerBytes)
    for (let field = 0; field < values.length; field += 1)
      offset = writeSqliteVarint(buffer, offset, this.#types[field]!)
    for (let field = 0; field < values.length; field += 1) {
      const size = this.#sizes[field]!
      if (size > 0) this.#writeBody(values[field]!, offset, size)
      offset += size
    }
    this.#length = offset
    return { start, payloadStart, end: offset }
  }

  #measure(field: number, value: SqlValue): void {
    if (typeof value === 'string') {
      const bytes = Buffer.byteLength(value, 'utf8')
      this.#set(field, bytes * 2 + 13, bytes)
    } else if (value === null) this.#set(field, 0, 0)
    else if (typeof value === 'bigint') this.#measureInteger(field, Number(value))
    else if (typeof value === 'number') {
      if (isStoredAsInteger(value)) this.#measureInteger(field, value)
      else this.#set(field, 7, 8)
    } else if (value instanceof RawText)
      this.#set(field, value.bytes.byteLength * 2 + 13, value.bytes.byteLength)
    else this.#set(field, value.byteLength * 2 + 12, value.byteLength)
  }

  #measureInteger(field: number, value: number): void {
    if (value === 0 || value === 1) {
      this.#set(field, 8 + value, 0)
      return
    }
    const bytes = integerBytes(value)
    this.#set(field, SERIAL_TYPE_OF_BYTES[bytes]!, bytes)
  }

  #set(field: number, type: number, bytes: number): void {
    this.#types[field] = type
    this.#sizes[field] = bytes
  }

  #writeBody(value: SqlValue, offset: number, size: number): void {
    const buffer = this.#buffer
    if (typeof value === 'string') {
      if (size === value.length && size <= SHORT_ASCII_UNITS) {
        for (let unit = 0; unit < size; unit += 1) buffer[offset + unit] = value.charCodeAt(unit)
      } else buffer.write(value, offset, 'utf8')
    } else if (typeof value === 'bigint') {
      if (size === 8) buffer.writeBigInt64BE(value, offset)
      else writeInteger(buffer, offset, size, Number(value))
    } else if (typeof value === 'number') {
      if (isStoredAsInteger(value)) writeInteger(buffer, offset, size, value)
      else buffer.writeDoubleBE(value, offset)
    } else if (value !== null) buffer.set(value instanceof RawText ? value.bytes : value, offset)
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#buffer.byteLength) return
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.byteLength * 2))
    grown.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = grown
  }
}

/** Columns of REAL affinity, where most such values are, store whole numbers of up to 48 bits as integers. */
function isStoredAsInteger(value: number): boolean {
  return Number.isInteger(value) && !Object.is(value, -0) && Math.abs(value) < 2 ** 47
}

/** Big-endian, of at most 6 bytes. */
function writeInteger(target: Uint8Array, offset: number, bytes: number, value: number): void {
  let rest = value
  for (let position = offset + bytes - 1; position >= offset; position -= 1) {
    target[position] = rest & 255
    rest = Math.floor(rest / 256)
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
