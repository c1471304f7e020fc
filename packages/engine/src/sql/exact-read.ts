import { isUtf8 } from 'node:buffer'
import { RawText } from '@tidemark/protocol'
import type { SqlValue } from '@tidemark/protocol'
import type Database from 'better-sqlite3'

type Row = SqlValue[]

/**
 * A SELECT whose rows come back exactly as stored. The driver decodes TEXT leniently, so a text that contains
 * U+FFFD may have been malformed; such a row is read a second time as bytes and the text becomes
 * {@link RawText} if it was.
 */
export class ExactSelect {
  readonly #db: Database.Database
  readonly #columns: readonly string[]
  readonly #tail: string
  readonly #text: Database.Statement<unknown[], Row>
  #bytes: Database.Statement<unknown[], (Uint8Array | null)[]> | null = null

  /** `columns` are SQL expressions; `tail` is what follows them, from `FROM` on, and must find one row. */
  constructor(db: Database.Database, columns: readonly string[], tail: string) {
    this.#db = db
    this.#columns = columns
    this.#tail = tail
    this.#text = db.prepare<unknown[], Row>(`SELECT ${columns.join()} ${tail}`).raw(true).safeIntegers(true)
  }

  get(...parameters: unknown[]): Row | undefined {
    const row = this.#text.get(...parameters)
    if (row !== undefined && mayBeLossy(row)) this.#restore(row, parameters)
    return row
  }

  #restore(row: Row, parameters: unknown[]): void {
    this.#bytes ??= this.#db
      .prepare<unknown[], (Uint8Array | null)[]>(
        `SELECT ${this.#columns.map((column) => `CAST(${column} AS BLOB)`).join()} ${this.#tail}`,
      )
      .raw(true)
    const bytes = this.#bytes.get(...parameters)
    if (bytes !== undefined) restoreRawText(row, bytes)
  }
}

/** True if a text of the row contains U+FFFD, so that it may stand for malformed bytes. */
export function mayBeLossy(row: readonly SqlValue[]): boolean {
  for (const value of row) if (typeof value === 'string' && value.includes('\ufffd')) return true
  return false
}

/** Replaces the texts of `row` whose bytes are not UTF-8. `bytes` are the same columns, cast to BLOB. */
export function restoreRawText(row: Row, bytes: readonly (Uint8Array | null)[]): void {
  for (const [index, value] of row.entries()) {
    const original = bytes[index]
    if (typeof value === 'string' && original && !isUtf8(original)) row[index] = new RawText(original)
  }
}
