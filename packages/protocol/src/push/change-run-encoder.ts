import { tidemark } from '#messages'
import type { Change, RowChange, SchemaChange } from '../change.ts'
import { ByteWriter } from '../columns/byte-writer.ts'
import { writeColumn, writeDifference } from '../columns/column-codec.ts'
import { ProtocolError } from '../errors.ts'
import type { ImageValue } from '../value.ts'

/** Whether `next` can follow `first` in one run: same kind, table and columns. */
export function belongsToRun(first: Change, next: Change): boolean {
  if (first.kind === 'schema' || next.kind === 'schema') return first.kind === next.kind
  return (
    first.kind === next.kind &&
    first.table === next.table &&
    (first.rowid === null) === (next.rowid === null) &&
    sameNumbers(first.columns, next.columns) &&
    sameNumbers(first.expectedColumns, next.expectedColumns) &&
    first.key.length === next.key.length
  )
}

/**
 * The message of a run, without `cells`, which may be large and is written behind it: its bytes are appended
 * to `cells`.
 *
 * @param tableNumber of the changes' table; ignored for schema changes
 * @param previousChangeId the id before the first change's in the block, 0 if there is none
 */
export function encodeChangeRun(
  changes: readonly Change[],
  tableNumber: number,
  previousChangeId: number,
  cells: ByteWriter,
): tidemark.ChangeRun.$Properties {
  const head = { count: changes.length, changeIds: encodeChangeIds(changes, previousChangeId) }
  if (changes[0]!.kind === 'schema') {
    writeStatements(cells, changes as readonly SchemaChange[])
    return { ...head, kind: tidemark.ChangeKind.SCHEMA }
  }
  const rows = changes as readonly RowChange[]
  const message = { ...head, ...encodeRowRun(rows, tableNumber) }
  writeCells(cells, rows)
  return message
}

function encodeRowRun(rows: readonly RowChange[], tableNumber: number): tidemark.ChangeRun.$Properties {
  const first = rows[0]!
  checkShape(first)
  const width = first.table.columns.length
  const allExpected = first.kind === 'delete' && isWholeRow(first.expectedColumns, width)
  return {
    kind: KINDS[first.kind],
    table: tableNumber,
    ...encodeRowids(rows),
    columns:
      first.kind === 'insert' && isWholeRow(first.columns, width) ? null : encodePositions(first.columns),
    expectedColumns: allExpected ? null : encodePositions(first.expectedColumns),
    expectedAll: allExpected,
  }
}

const KINDS = {
  insert: tidemark.ChangeKind.INSERT,
  update: tidemark.ChangeKind.UPDATE,
  delete: tidemark.ChangeKind.DELETE,
} as const

function checkShape(change: RowChange): void {
  const keyLength = change.kind === 'insert' ? 0 : change.table.key.length
  if (
    change.key.length !== keyLength ||
    change.values.length !== change.columns.length ||
    change.expected.length !== change.expectedColumns.length
  ) {
    throw new ProtocolError(`change ${change.changeId} has not one value per column`, { recovery: 'bug' })
  }
  if (change.kind === 'insert' && change.columns.length === 0 && change.table.columns.length > 0) {
    throw new ProtocolError(`change ${change.changeId} inserts no columns`, { recovery: 'bug' })
  }
}

function writeStatements(writer: ByteWriter, changes: readonly SchemaChange[]): void {
  writeColumns(
    writer,
    changes.map((change) => [change.sql]),
  )
}

function writeCells(writer: ByteWriter, rows: readonly RowChange[]): void {
  writeColumns(
    writer,
    rows.map((row) => row.key),
  )
  writeColumns(
    writer,
    rows.map((row) => row.values),
  )
  writeColumns(
    writer,
    rows.map((row) => row.expected),
  )
}

function writeColumns(writer: ByteWriter, rows: readonly (readonly ImageValue[])[]): void {
  const width = rows[0]!.length
  if (rows.some((row) => row.length !== width)) {
    throw new ProtocolError('a change has not one value per column', { recovery: 'bug' })
  }
  for (let column = 0; column < width; column += 1) writeColumn(writer, rows, column)
}

function encodeChangeIds(changes: readonly Change[], previousChangeId: number): Uint8Array {
  const writer = new ByteWriter()
  let previous = previousChangeId
  for (const { changeId } of changes) {
    if (!Number.isSafeInteger(changeId) || changeId <= previous) {
      throw new ProtocolError(`change id ${changeId} does not follow ${previous}`, { recovery: 'bug' })
    }
    writer.varint(changeId - previous)
    previous = changeId
  }
  return writer.bytes()
}

function encodeRowids(rows: readonly RowChange[]): tidemark.ChangeRun.$Properties {
  if (rows[0]!.rowid === null) return { rowidColumn: tidemark.RowidColumn.ROWID_ABSENT }
  if (haveKeysAsRowids(rows)) return { rowidColumn: tidemark.RowidColumn.ROWID_IS_KEY }
  const writer = new ByteWriter()
  let previous = 0n
  for (const row of rows) {
    const rowid = row.rowid!
    writeDifference(writer, rowid, previous)
    previous = rowid
  }
  return { rowidColumn: tidemark.RowidColumn.ROWID_STORED, rowids: writer.bytes() }
}

/** Whether each row's rowid is its only key column, as in most tables. */
function haveKeysAsRowids(rows: readonly RowChange[]): boolean {
  const { kind, table, columns } = rows[0]!
  if (table.key.length !== 1) return false
  if (kind !== 'insert') return rows.every((row) => row.rowid === row.key[0])
  const position = columns.indexOf(table.key[0]!)
  return rows.every((row) => row.rowid === row.values[position])
}

function encodePositions(positions: readonly number[]): Uint8Array {
  const writer = new ByteWriter()
  for (const position of positions) writer.varint(position)
  return writer.bytes()
}

function isWholeRow(positions: readonly number[], width: number): boolean {
  return positions.length === width && positions.every((position, i) => position === i)
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false
  return true
}
