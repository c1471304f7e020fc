import { RawText } from '@tidemark/protocol'
import type { SqlValue } from '@tidemark/protocol'

/**
 * A value of a decoded change that may be kept: bytes are a view of its record there, whose memory the next one takes.
 */
export function keptValue(value: SqlValue): SqlValue {
  if (value instanceof RawText) return new RawText(Buffer.from(value.bytes))
  return value instanceof Uint8Array ? Buffer.from(value) : value
}
