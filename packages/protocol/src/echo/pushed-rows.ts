import type { Change } from '../change.ts'
import { Seal } from '../framing/seal.ts'
import { PROTOCOL_LIMITS } from '../limits.ts'
import { localPayloadBytes, OVERFLOW_BYTES } from './record-format.ts'
import { RecordWriter } from './record-writer.ts'
import type { WrittenRow } from './record-writer.ts'

/** In memory, where a row is. */
const BYTES_OF_A_PLACE = 64

/**
 * A part of a pushed row as it stands in a page: the cell in the leaf page (part 0), or the n-th overflow page's share.
 */
export interface RowPart {
  /** Number of the row among those inserted, from 0. */
  readonly row: number
  readonly part: number
}

/**
 * The rows that a client's pushes inserted, as SQLite stores them. Client and server make the same from the
 * same changes.
 */
export class PushedRows {
  readonly #bytes: Uint8Array
  readonly #rows: readonly WrittenRow[]

  private constructor(bytes: Uint8Array, rows: readonly WrittenRow[]) {
    this.#bytes = bytes
    this.#rows = rows
  }

  /** Null when there are none, or more than is worth keeping. */
  static from(changes: Iterable<Change>): PushedRows | null {
    const writer = new RecordWriter()
    const rows: WrittenRow[] = []
    for (const change of changes) {
      if (change.kind !== 'insert' || change.rowid === null) continue
      const [keyColumn] = change.table.key
      // The only column of a key that equals the rowid is the rowid.
      const isRowid = change.table.key.length === 1 && change.values[keyColumn!] === change.rowid
      rows.push(writer.row(change.rowid, change.values, isRowid ? keyColumn! : -1))
      if (rows.length > PROTOCOL_LIMITS.echoRows || writer.length > PROTOCOL_LIMITS.echoBytes) return null
    }
    return rows.length === 0 ? null : new PushedRows(writer.bytes(), rows)
  }

  get size(): number {
    return this.#rows.length
  }

  /** What they take, roughly. */
  get memoryBytes(): number {
    return this.#bytes.byteLength + this.#rows.length * BYTES_OF_A_PLACE
  }

  /** Undefined where there is no such part. */
  part({ row, part }: RowPart): Uint8Array | undefined {
    const written = this.#rows[row]
    if (written === undefined) return undefined
    const { start, payloadStart, end } = written
    const localEnd = payloadStart + localPayloadBytes(end - payloadStart)
    if (part === 0) return this.#bytes.subarray(start, localEnd)
    const partStart = localEnd + (part - 1) * OVERFLOW_BYTES
    return partStart < end
      ? this.#bytes.subarray(partStart, Math.min(partStart + OVERFLOW_BYTES, end))
      : undefined
  }

  /** What of a row's record stands in its leaf page. */
  localPayload(row: number): Uint8Array {
    const { payloadStart, end } = this.#rows[row]!
    return this.#bytes.subarray(payloadStart, payloadStart + localPayloadBytes(end - payloadStart))
  }

  /** 8 bytes: the same for the same rows. */
  digest(): Uint8Array {
    return new Seal().add(this.#bytes).bytes()
  }
}
