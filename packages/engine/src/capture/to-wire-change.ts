import type { Change, ImageValue, SqlValue } from '@tidemark/protocol'
import { imageOf, sameValue } from '../sql/value-equality.ts'
import type { CapturedChange, CapturedRow } from './captured-change.ts'

/** What a captured change sends: only changed columns, long before values as digests. null: nothing (a marker, an update without effect). */
export function toWireChange(change: CapturedChange): Change | null {
  switch (change.kind) {
    case 'commit':
      return null
    case 'schema':
      return { kind: 'schema', changeId: change.changeId, sql: change.sql }
    case 'insert':
      return insertChange(change)
    case 'update':
      return updateChange(change)
    case 'delete':
      return deleteChange(change)
  }
}

function insertChange({ changeId, table, rowid, after }: CapturedRow): Change {
  const columns = table.columns.map((_, index) => index)
  return {
    kind: 'insert',
    changeId,
    table,
    rowid,
    key: [],
    columns,
    values: after!,
    expectedColumns: [],
    expected: [],
  }
}

function updateChange({ changeId, table, rowid, before, after }: CapturedRow): Change | null {
  const columns: number[] = []
  const values: SqlValue[] = []
  const expected: ImageValue[] = []
  for (let index = 0; index < table.columns.length; index += 1) {
    const [from, to] = [before![index]!, after![index]!]
    if (sameValue(from, to)) continue
    columns.push(index)
    values.push(to)
    expected.push(imageOf(from))
  }
  if (columns.length === 0) return null
  return {
    kind: 'update',
    changeId,
    table,
    rowid,
    key: keyOf(table.key, before!),
    columns,
    values,
    expectedColumns: columns,
    expected,
  }
}

function deleteChange({ changeId, table, rowid, before }: CapturedRow): Change {
  const expectedColumns = table.columns.map((_, index) => index)
  const key = keyOf(table.key, before!)
  return {
    kind: 'delete',
    changeId,
    table,
    rowid,
    key,
    columns: [],
    values: [],
    expectedColumns,
    expected: before!.map(imageOf),
  }
}

/** The values of the key columns, in key order. */
export function keyOf(key: readonly number[], image: readonly SqlValue[]): SqlValue[] {
  return key.map((position) => image[position]!)
}
