import { tidemark } from '#messages'
import { decodeValues, encodeValues } from '../columns/value-codec.ts'
import { ProtocolError } from '../errors.ts'
import { PROTOCOL_LIMITS } from '../limits.ts'
import { fromWireInteger, toWireInteger } from '../messages/wire-integer.ts'
import type { SqlValue } from '../value.ts'

/** What the client did, and what had happened to the row on the server. `constraint`: another row stands in the way. */
export type ConflictKind =
  | 'insert/insert'
  | 'update/update'
  | 'update/delete'
  | 'delete/update'
  | 'constraint'

/** A row of a push that met another state on the server than the client's base. */
export interface ConflictRow {
  readonly changeId: number
  readonly table: string
  /** The row's key; its rowid if the table has none. */
  readonly key: readonly SqlValue[]
  readonly kind: ConflictKind
  /** The server's row before the push; null: it had none. */
  readonly remote: Readonly<Record<string, SqlValue>> | null
}

const KIND_NUMBERS = {
  constraint: tidemark.ConflictKind.CONSTRAINT,
  'insert/insert': tidemark.ConflictKind.INSERT_INSERT,
  'update/update': tidemark.ConflictKind.UPDATE_UPDATE,
  'update/delete': tidemark.ConflictKind.UPDATE_DELETE,
  'delete/update': tidemark.ConflictKind.DELETE_UPDATE,
} as const

const KINDS = new Map<number, ConflictKind>(
  Object.entries(KIND_NUMBERS).map(([kind, number]) => [number, kind as ConflictKind]),
)

export function conflictRowToMessage(row: ConflictRow): tidemark.ConflictRow.$Properties {
  return {
    changeId: toWireInteger(row.changeId),
    table: row.table,
    key: encodeValues(row.key),
    kind: KIND_NUMBERS[row.kind],
    remote:
      row.remote === null
        ? null
        : { columns: Object.keys(row.remote), values: encodeValues(Object.values(row.remote)) },
  }
}

/** @throws ProtocolError if the row is malformed */
export function conflictRowFromMessage(properties: tidemark.ConflictRow.$Properties): ConflictRow {
  const message = new tidemark.ConflictRow(properties)
  const kind = KINDS.get(message.kind)
  if (kind === undefined) {
    throw new ProtocolError(`unknown kind of conflict ${String(message.kind)}`, { recovery: 'upgrade' })
  }
  return {
    changeId: fromWireInteger(message.changeId, 'change id'),
    table: message.table,
    key: decodeValues(message.key, PROTOCOL_LIMITS.columnsPerTable),
    kind,
    remote: message.remote === null || message.remote === undefined ? null : remoteRow(message.remote),
  }
}

function remoteRow(properties: tidemark.RemoteRow.$Properties): Record<string, SqlValue> {
  const { columns, values: bytes } = new tidemark.RemoteRow(properties)
  const values = decodeValues(bytes, PROTOCOL_LIMITS.columnsPerTable)
  if (values.length !== columns.length) {
    throw new ProtocolError(`conflict row of ${columns.length} columns and ${values.length} values`)
  }
  return Object.fromEntries(columns.map((column, i) => [column, values[i]!]))
}
