import { RawText, type SqlValue } from '@tidemark/protocol'
import type { LocalChange, Row } from '@tidemark/sdk-node'

export type RowChange = Exclude<LocalChange, { kind: 'schema' }>

/** The columns that a change is about: of an update those that differ, otherwise all. */
export function changedColumns({ before, after }: RowChange): string[] {
  const columns = Object.keys(after ?? before ?? {})
  if (before === null || after === null) return columns
  return columns.filter((column) => !isSame(valueOf(before, column), valueOf(after, column)))
}

export function valueOf(row: Row, column: string): SqlValue {
  return row[column] ?? null
}

/** With its storage class: `5` and `5.0` are not the same. */
function isSame(one: SqlValue, other: SqlValue): boolean {
  if (one instanceof RawText && other instanceof RawText) return isSame(one.bytes, other.bytes)
  if (one instanceof Uint8Array && other instanceof Uint8Array) return Buffer.compare(one, other) === 0
  return Object.is(one, other)
}
