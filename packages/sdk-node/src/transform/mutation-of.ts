import type { CapturedRow } from '@tidemark/engine'
import { RawText } from '@tidemark/protocol'
import type { SqlValue } from '@tidemark/protocol'
import type { Mutation, MutationRow, MutationValue } from './mutation.ts'

/** A captured row change as a {@link Mutation}. */
export function mutationOf(change: CapturedRow): Mutation {
  const { columns } = change.table
  const before = change.before === null ? undefined : rowOf(columns, change.before)
  const after = change.after === null ? undefined : rowOf(columns, change.after)
  return {
    changeTime: change.timeMs,
    tableName: change.table.name,
    id: change.rowid === null ? null : friendlyInteger(change.rowid),
    changeType: change.kind,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
    ...(before === undefined || after === undefined ? {} : { updates: changedColumns(before, after) }),
  }
}

function rowOf(columns: readonly string[], values: readonly SqlValue[]): MutationRow {
  return Object.fromEntries(columns.map((column, index) => [column, friendlyValue(values[index] ?? null)]))
}

function changedColumns(before: MutationRow, after: MutationRow): MutationRow {
  return Object.fromEntries(Object.entries(after).filter(([column, value]) => !isSame(before[column], value)))
}

function isSame(left: MutationValue | undefined, right: MutationValue): boolean {
  if (left instanceof Uint8Array && right instanceof Uint8Array) return Buffer.compare(left, right) === 0
  return Object.is(left, right)
}

function friendlyValue(value: SqlValue): MutationValue {
  if (typeof value === 'bigint') return friendlyInteger(value)
  return value instanceof RawText ? Buffer.from(value.bytes).toString() : value
}

/** A number where that is exact. */
function friendlyInteger(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
