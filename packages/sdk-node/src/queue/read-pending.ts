import BetterSqlite3 from 'better-sqlite3'
import { readCaptured } from '@tidemark/engine'
import type { CapturedChange, CapturedRow, Replica } from '@tidemark/engine'
import type { SqlValue } from '@tidemark/protocol'
import { checkInteger, checkKeys, checkText } from '../options/check-option.ts'
import type { PendingChange, PendingFilter, Row } from './pending-change.ts'

const DEFAULT_LIMIT = 1000

/** Committed changes that the server has not acknowledged, oldest first. @throws OptionsError */
export function readPending(replica: Replica, filter: PendingFilter): PendingChange[] {
  checkKeys('filter', filter, ['table', 'limit'])
  const limit = checkInteger('filter.limit', filter.limit ?? DEFAULT_LIMIT, 1)
  const table = filter.table === undefined ? null : checkText('filter.table', filter.table).toLowerCase()
  const reader = new BetterSqlite3(replica.path, { readonly: true })
  const pending: PendingChange[] = []
  try {
    for (const captured of readCaptured(reader, replica.info.lastPushedChangeId)) {
      const change = pendingChange(captured)
      if (change === null || (table !== null && tableOf(change) !== table)) continue
      pending.push(change)
      if (pending.length === limit) break
    }
  } finally {
    reader.close()
  }
  return pending
}

function pendingChange(captured: CapturedChange): PendingChange | null {
  if (captured.kind === 'commit') return null
  const { changeId, timeMs: changeTime } = captured
  if (captured.kind === 'schema') return { kind: 'schema', changeId, changeTime, sql: captured.sql }
  const { kind, table, before, after } = captured
  return {
    kind,
    changeId,
    changeTime,
    table: table.name,
    key: keyOf(captured),
    before: before === null ? null : rowOf(table.columns, before),
    after: after === null ? null : rowOf(table.columns, after),
  }
}

function keyOf(captured: CapturedRow): readonly SqlValue[] {
  const image = captured.before ?? captured.after ?? []
  return captured.table.key.length === 0
    ? [captured.rowid]
    : captured.table.key.map((position) => image[position] ?? null)
}

function rowOf(columns: readonly string[], values: readonly SqlValue[]): Row {
  return Object.fromEntries(columns.map((column, index) => [column, values[index] ?? null]))
}

function tableOf(change: PendingChange): string | null {
  return change.kind === 'schema' ? null : change.table.toLowerCase()
}
