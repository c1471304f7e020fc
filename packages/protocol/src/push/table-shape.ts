import { tidemark } from '#messages'
import type { TableShape } from '../change.ts'
import { LimitError, ProtocolError } from '../errors.ts'
import { PROTOCOL_LIMITS } from '../limits.ts'
import { decodeMessage } from '../messages/decode-message.ts'

/** Name, columns and key positions, each of which may be a field of its own. */
const MAX_FIELDS = 1 + 2 * PROTOCOL_LIMITS.columnsPerTable

/** @throws ProtocolError, LimitError if the table could not exist */
export function decodeTableShape(bytes: Uint8Array): TableShape {
  if (bytes.byteLength > PROTOCOL_LIMITS.tableShapeBytes) {
    throw new LimitError(`table shape of ${bytes.byteLength} bytes`)
  }
  const { name, columns, key } = decodeMessage(tidemark.TableShape, bytes, 'table shape', MAX_FIELDS)
  if (columns.length > PROTOCOL_LIMITS.columnsPerTable) {
    throw new LimitError(`table ${name} with ${columns.length} columns`)
  }
  if (columns.length === 0) {
    throw new ProtocolError(`table "${name}" without columns`)
  }
  if (new Set(columns).size !== columns.length) throw new ProtocolError(`table ${name} has a column twice`)
  if (key.some((position) => position >= columns.length) || new Set(key).size !== key.length) {
    throw new ProtocolError(`table ${name} has a key that is not of its columns`)
  }
  return { name, columns, key }
}
