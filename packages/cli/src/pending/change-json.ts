import type { LocalChange, PendingChange, RejectedChange, Row } from '@tidemark/sdk-node'
import { changedColumns, valueOf } from './changed-columns.ts'
import { refusedChange } from './refused-change.ts'
import { jsonText, jsonValue, type JsonValue } from './value-json.ts'

/** A pending change with the names that the SDK gives its parts; of an update only the columns that differ. */
export function jsonPending(change: PendingChange): object {
  return { ...jsonChange(change), blocked: change.blocked === null ? null : jsonReason(change.blocked) }
}

/** An entry of what was set aside: how many changes it has, and the one that was refused. */
export function jsonRejected(entry: RejectedChange): object {
  const { id, rejectedAt, changes } = entry
  const refused = refusedChange(entry)
  return {
    id,
    rejectedAt,
    ...jsonReason(entry),
    changes: changes.length,
    refused: refused === null ? null : jsonChange(refused),
  }
}

function jsonChange(change: LocalChange): object {
  const { kind, changeId, changeTime } = change
  if (kind === 'schema') return { changeId, changeTime, kind, sql: jsonText(change.sql) }
  const { table, key, before, after } = change
  const columns = changedColumns(change)
  return {
    changeId,
    changeTime,
    kind,
    table,
    key: key.map(jsonValue),
    before: jsonRow(before, columns),
    after: jsonRow(after, columns),
  }
}

function jsonReason({ sqliteCode, message }: NonNullable<PendingChange['blocked']>): object {
  return { sqliteCode, message: jsonText(message) }
}

function jsonRow(row: Row | null, columns: readonly string[]): Readonly<Record<string, JsonValue>> | null {
  if (row === null) return null
  return Object.fromEntries(columns.map((column) => [column, jsonValue(valueOf(row, column))]))
}
