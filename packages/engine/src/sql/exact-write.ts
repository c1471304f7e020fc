import { RawText } from '@tidemark/protocol'
import type { SqlValue } from '@tidemark/protocol'

/**
 * The SQL placeholder that writes `value` with its exact storage class. better-sqlite3 binds bigint as
 * INTEGER and number as REAL; only malformed text has no JavaScript string and goes in as bytes.
 */
export function placeholder(value: SqlValue): string {
  return value instanceof RawText ? 'CAST(? AS TEXT)' : '?'
}

/** What to bind for {@link placeholder}. */
export function binding(value: SqlValue): null | bigint | number | string | Uint8Array {
  return value instanceof RawText ? value.bytes : value
}

/** True if every value can be bound to a plain `?`. */
export function isPlain(values: readonly SqlValue[]): boolean {
  for (const value of values) if (value instanceof RawText) return false
  return true
}
