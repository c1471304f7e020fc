import { RawText } from '@tidemark/protocol'
import type { SqlValue, TableShape } from '@tidemark/protocol'
import type { CapturedChange, CapturedRow } from './captured-change.ts'

/*
 * A captured change as bytes, for files that live as long as a pull. All numbers are little-endian.
 *
 * | bytes | meaning |
 * | --- | --- |
 * | 1 | kind: its position in `kinds` |
 * | 8 | change id, double |
 * | 8 | time in milliseconds, double |
 * | value | schema: its SQL; row: its table's shape as JSON; commit: the last id before, INTEGER or NULL |
 * | value | row: its rowid, or NULL |
 * | values | update and delete: the before image, one value per column; then insert and update: the after image |
 *
 * A value is a tag, then: 0 NULL, nothing; 1 INTEGER, 8 bytes; 2 REAL, 8 bytes; 3 TEXT, 4 BLOB, 5 TEXT that
 * is not UTF-8: 4 bytes of length, then the bytes.
 */
const kinds = ['insert', 'update', 'delete', 'schema', 'commit'] as const
const tags = { null: 0, integer: 1, real: 2, text: 3, blob: 4, rawText: 5 } as const

/**
 * Encodes captured changes as bytes that stand for themselves, exact to the bit. Uses its memory again: bytes
 * are valid until the next call.
 */
export class CapturedEncoder {
  readonly #writer = new Writer()

  encode(change: CapturedChange): Uint8Array {
    const writer = this.#writer
    writer.clear()
    writer.byte(kinds.indexOf(change.kind))
    writer.double(change.changeId)
    writer.double(change.timeMs)
    if (change.kind === 'schema') writer.value(change.sql)
    if (change.kind === 'commit')
      writer.value(change.lastIdBefore === null ? null : BigInt(change.lastIdBefore))
    if (!('table' in change)) return writer.bytes()
    writer.shape(change.table)
    writer.value(change.rowid)
    for (const value of change.before ?? []) writer.value(value)
    for (const value of change.after ?? []) writer.value(value)
    return writer.bytes()
  }
}

/** {@link CapturedEncoder} for a single change. */
export function encodeCaptured(change: CapturedChange): Uint8Array {
  return new CapturedEncoder().encode(change)
}

/**
 * Decodes what {@link encodeCaptured} has encoded; the bytes are not checked. Blobs are views of them.
 * Consecutive rows of the same shape share one object, so that receivers can tell by identity.
 */
export class CapturedDecoder {
  #last: { readonly text: string; readonly shape: TableShape } | null = null

  decode(bytes: Uint8Array): CapturedChange {
    const reader = new Reader(bytes)
    const kind = kinds[reader.byte()]!
    const [changeId, timeMs] = [reader.double(), reader.double()]
    if (kind === 'commit') {
      const lastIdBefore = reader.value() as bigint | null
      return { kind, changeId, timeMs, lastIdBefore: lastIdBefore === null ? null : Number(lastIdBefore) }
    }
    const text = reader.value() as string
    if (kind === 'schema') return { kind, changeId, timeMs, sql: text }
    const table = this.#shape(text)
    const rowid = reader.value() as bigint | null
    const image = (): SqlValue[] => table.columns.map(() => reader.value())
    const before = kind === 'insert' ? null : image()
    const after = kind === 'delete' ? null : image()
    return { kind, changeId, timeMs, table, rowid, before, after }
  }

  #shape(text: string): TableShape {
    if (this.#last?.text !== text) this.#last = { text, shape: JSON.parse(text) as TableShape }
    return this.#last.shape
  }
}

const CHANGE_ID_OFFSET = 1

/** The id of an encoded change, without decoding the rest. */
export function changeIdOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(CHANGE_ID_OFFSET, true)
}

/** {@link CapturedDecoder} for a single change. */
export function decodeCaptured(bytes: Uint8Array): CapturedChange {
  return new CapturedDecoder().decode(bytes)
}

const shapeTexts = new WeakMap<TableShape, Uint8Array>()

function textOf(shape: CapturedRow['table']): Uint8Array {
  let text = shapeTexts.get(shape)
  if (text === undefined) {
    text = Buffer.from(JSON.stringify(shape))
    shapeTexts.set(shape, text)
  }
  return text
}

class Writer {
  #buffer: Buffer = Buffer.allocUnsafe(512)
  #view = viewOf(this.#buffer)
  #length = 0

  clear(): void {
    this.#length = 0
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#length] = value
    this.#length += 1
  }

  double(value: number): void {
    this.#reserve(8)
    this.#view.setFloat64(this.#length, value, true)
    this.#length += 8
  }

  /** A table's shape, as a TEXT of JSON. */
  shape(shape: TableShape): void {
    this.byte(tags.text)
    this.#sized(textOf(shape))
  }

  value(value: SqlValue): void {
    if (value === null) this.byte(tags.null)
    else if (typeof value === 'bigint') {
      this.byte(tags.integer)
      this.#reserve(8)
      this.#view.setBigInt64(this.#length, value, true)
      this.#length += 8
    } else if (typeof value === 'number') {
      this.byte(tags.real)
      this.double(value)
    } else if (typeof value === 'string') {
      this.byte(tags.text)
      this.#text(value)
    } else {
      this.byte(value instanceof RawText ? tags.rawText : tags.blob)
      this.#sized(value instanceof RawText ? value.bytes : value)
    }
  }

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  #text(text: string): void {
    // No character takes more than three bytes per UTF-16 unit.
    this.#reserve(4 + text.length * 3)
    const written = this.#buffer.write(text, this.#length + 4, 'utf8')
    this.#view.setUint32(this.#length, written, true)
    this.#length += 4 + written
  }

  #sized(bytes: Uint8Array): void {
    this.#reserve(4 + bytes.byteLength)
    this.#view.setUint32(this.#length, bytes.byteLength, true)
    this.#buffer.set(bytes, this.#length + 4)
    this.#length += 4 + bytes.byteLength
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.byteLength) return
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.byteLength * 2, this.#length + bytes))
    larger.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = larger
    this.#view = viewOf(larger)
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}

class Reader {
  readonly #buffer: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  byte(): number {
    this.#at += 1
    return this.#buffer.readUInt8(this.#at - 1)
  }

  double(): number {
    this.#at += 8
    return this.#buffer.readDoubleLE(this.#at - 8)
  }

  value(): SqlValue {
    const tag = this.byte()
    if (tag === tags.null) return null
    if (tag === tags.real) return this.double()
    if (tag === tags.integer) {
      this.#at += 8
      return this.#buffer.readBigInt64LE(this.#at - 8)
    }
    const start = this.#at + 4
    this.#at = start + this.#buffer.readUInt32LE(this.#at)
    if (tag === tags.text) return this.#buffer.toString('utf8', start, this.#at)
    const bytes = this.#buffer.subarray(start, this.#at)
    return tag === tags.rawText ? new RawText(bytes) : bytes
  }
}
