import { RawText } from '@tidemark/protocol'
import type { SqlValue } from '@tidemark/protocol'

/** Same storage class and same value, bit for bit: 1 is not 1.0 and 0.0 is not -0.0. */
export function sameValue(a: SqlValue, b: SqlValue): boolean {
  if (a === b) return a !== 0 || Object.is(a, b)
  if (a instanceof RawText) return b instanceof RawText && Buffer.compare(a.bytes, b.bytes) === 0
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0
  return false
}
