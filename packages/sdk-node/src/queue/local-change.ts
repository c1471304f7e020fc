import type { CapturedChange, CapturedRow } from '@tidemark/engine'
import type { SqlValue } from '@tidemark/protocol'
import type { LocalChange, Row } from './pending-change.ts'

/** A captured change as applications see it; null for what is no change. */
export function localChange(captured: CapturedChange): LocalChange | null {
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
  const key = captured.table.key.map((position) => image[position] ?? null)
  return key.length === 0 || key.includes(null) ? [captured.rowid] : key
}

function rowOf(columns: readonly string[], values: readonly SqlValue[]): Row {
  return Object.fromEntries(columns.map((column, index) => [column, values[index] ?? null]))
}
