import type { LocalChange, PendingChange, RejectedChange, Row } from '@tidemark/sdk-node'
import { changedColumns, valueOf } from './changed-columns.ts'
import { refusedChange } from './refused-change.ts'
import { jsonText, jsonValue, MAX_JSON_LENGTH, type JsonValue } from './value-json.ts'

/**
 * A pending change with the names that the SDK gives its parts; of an update only the columns that differ.
 *
 * @param maxLength of values, as in {@link jsonValue}
 */
export function jsonPending(change: PendingChange, maxLength: number): object {
  const { blocked } = change
  return { ...jsonChange(change, maxLength), blocked: blocked === null ? null : jsonReason(blocked) }
}

/** An entry of what was set aside: how many changes it has, and the one that was refused. */
export function jsonRejected(entry: RejectedChange, maxLength: number): object {
  const { id, rejectedAt, changes } = entry
  const refused = refusedChange(entry)
  return {
    id,
    rejectedAt,
    ...jsonReason(entry),
    changes: changes.length,
    refused: refused === null ? null : jsonChange(refused, maxLength),
  }
}

function jsonChange(change: LocalChange, maxLength: number): object {
  const { kind, changeId, changeTime } = change
  if (kind === 'schema') return { changeId, changeTime, kind, sql: jsonText(change.sql, maxLength) }
  const { table, key, before, after } = change
  const columns = changedColumns(change)
  return {
    changeId,
    changeTime,
    kind,
    table,
    key: key.map((value) => jsonValue(value, maxLength)),
    before: jsonRow(before, columns, maxLength),
    after: jsonRow(after, columns, maxLength),
  }
}

function jsonReason({ sqliteCode, message }: NonNullable<PendingChange['blocked']>): object {
  return { sqliteCode, message: jsonText(message, MAX_JSON_LENGTH) }
}

function jsonRow(
  row: Row | null,
  columns: readonly string[],
  maxLength: number,
): Readonly<Record<string, JsonValue>> | null {
  if (row === null) return null
  return Object.fromEntries(columns.map((column) => [column, jsonValue(valueOf(row, column), maxLength)]))
}
