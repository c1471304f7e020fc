import { toImageValue } from '@tidemark/protocol'
import type { Change, ImageValue, SqlValue, TableShape } from '@tidemark/protocol'
import { sameValue } from '../sql/value-equality.ts'
import type { CapturedChange, CapturedRow } from './captured-change.ts'

/** Whether long values of before images become digests, for a receiver that can compute them, or stay whole. */
export type BeforeImages = 'digests' | 'whole'

/**
 * What a captured change sends: only changed columns, and before images. null: nothing (a marker, an update
 * without effect).
 */
export function toWireChange(change: CapturedChange, images: BeforeImages = 'digests'): Change | null {
  const toImage = images === 'digests' ? toImageValue : whole
  switch (change.kind) {
    case 'commit':
      return null
    case 'schema':
      return { kind: 'schema', changeId: change.changeId, sql: change.sql }
    case 'insert':
      return insertChange(change)
    case 'update':
      return updateChange(change, toImage)
    case 'delete':
      return deleteChange(change, toImage)
  }
}

type ToImage = (value: SqlValue) => ImageValue
const whole: ToImage = (value) => value

const none: readonly never[] = []

function insertChange({ changeId, table, rowid, after }: CapturedRow): Change {
  return {
    kind: 'insert',
    changeId,
    table,
    rowid,
    key: none,
    columns: positions(table),
    values: after!,
    expectedColumns: none,
    expected: none,
  }
}

function updateChange(
  { changeId, table, rowid, before, after }: CapturedRow,
  toImage: ToImage,
): Change | null {
  const columns = positions(table).filter((index) => !sameValue(before![index]!, after![index]!))
  if (columns.length === 0) return null
  const key = keyOf(table.key, before!)
  // A rowid alone may mean another row to the receiver: there the whole row has to be as it was here.
  const expectedColumns = key.length > 0 && !key.includes(null) ? columns : positions(table)
  return {
    kind: 'update',
    changeId,
    table,
    rowid,
    key,
    columns,
    values: columns.map((index) => after![index]!),
    expectedColumns,
    expected: expectedColumns.map((index) => toImage(before![index]!)),
  }
}

function deleteChange({ changeId, table, rowid, before }: CapturedRow, toImage: ToImage): Change {
  const expectedColumns = positions(table)
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
    expected: before!.map(toImage),
  }
}

const positionLists = new Map<number, readonly number[]>()

/**
 * Positions of all columns: the same array for all tables of a width, which lets receivers of many changes
 * compare arrays by identity.
 */
export function positions({ columns }: TableShape): readonly number[] {
  let list = positionLists.get(columns.length)
  if (list === undefined) {
    list = columns.map((_, index) => index)
    positionLists.set(columns.length, list)
  }
  return list
}

/** The values of the key columns, in key order. */
export function keyOf(key: readonly number[], image: readonly SqlValue[]): SqlValue[] {
  return key.map((position) => image[position]!)
}
