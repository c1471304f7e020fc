import { RawText, TidemarkError } from '@tidemark/protocol'
import type { SqlValue } from '@tidemark/protocol'

/** What the server says of a change that it will never take as it is. */
export interface Rejection {
  readonly changeId: number
  /** Table of the change; empty for a schema change. */
  readonly table: string
  /** Key of the row, or its rowid where the table has no key. */
  readonly key: readonly SqlValue[]
  /** SQLite's extended result code, as in `SQLITE_CONSTRAINT_UNIQUE`. */
  readonly sqliteCode: string
  readonly message: string
}

/**
 * The server refuses one change for good: constraint, missing table, permission. Nothing of the batch was
 * applied and the change is still pending. Make room for it among the server's rows and push again, or
 * discard it; what is done to the row locally comes after it, and does not help.
 */
export class RejectedError extends TidemarkError implements Rejection {
  override readonly name = 'RejectedError'
  readonly changeId: number
  readonly table: string
  readonly key: readonly SqlValue[]
  readonly sqliteCode: string

  constructor(rejection: Rejection) {
    const where = rejection.table === '' ? '' : ` in table ${rejection.table}, row ${keyText(rejection.key)}`
    super(
      'TIDEMARK_REJECTED',
      `the server rejects change ${rejection.changeId}${where}: ${rejection.message} (${rejection.sqliteCode})`,
      { recovery: 'fix-data' },
    )
    this.changeId = rejection.changeId
    this.table = rejection.table
    this.key = rejection.key
    this.sqliteCode = rejection.sqliteCode
  }
}

/** Longer keys are cut. */
const MAX_KEY_TEXT = 80

/** A key for people; {@link RejectedError.key} has it exact. */
function keyText(key: readonly SqlValue[]): string {
  const text = key
    .map((value) => {
      if (typeof value === 'string') return JSON.stringify(value)
      if (value instanceof Uint8Array) return `x'${Buffer.from(value).toString('hex')}'`
      return value instanceof RawText ? 'a text that is not UTF-8' : String(value ?? 'NULL')
    })
    .join(', ')
  return text.length > MAX_KEY_TEXT ? `${text.slice(0, MAX_KEY_TEXT)}…` : text
}
