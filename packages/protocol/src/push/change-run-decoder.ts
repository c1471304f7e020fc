import { tidemark } from '#messages'
import type { Change, RowChange, TableShape } from '../change.ts'
import { ByteReader } from '../columns/byte-reader.ts'
import { readColumn, readDifference } from '../columns/column-codec.ts'
import { readValue, requireValue } from '../columns/value-codec.ts'
import { LimitError, ProtocolError } from '../errors.ts'
import { PROTOCOL_LIMITS } from '../limits.ts'
import { decodeMessage } from '../messages/decode-message.ts'
import type { ImageValue, SqlValue } from '../value.ts'

/**
 * The changes of an encoded ChangeRun. TEXT and BLOB values are views of `bytes`.
 *
 * @param previousChangeId the id before the run's first in the block, 0 if there is none
 * @throws ProtocolError, LimitError before memory is taken for more than the run holds
 */
export function decodeChangeRun(
  bytes: Uint8Array,
  tables: readonly TableShape[],
  previousChangeId: number,
): Change[] {
  const run = decodeMessage(tidemark.ChangeRun, bytes, 'run of changes')
  const changeIds = decodeChangeIds(run, previousChangeId)
  const cells = new ByteReader(run.cells)
  const changes =
    run.kind === tidemark.ChangeKind.SCHEMA
      ? schemaChanges(changeIds, cells)
      : rowChanges(run, tables, changeIds, cells)
  cells.end()
  return changes
}

function schemaChanges(changeIds: readonly number[], cells: ByteReader): Change[] {
  return changeIds.map((changeId) => {
    const sql = readValue(cells)
    if (typeof sql !== 'string') throw new ProtocolError(`schema change ${changeId} is not a text`)
    return { kind: 'schema', changeId, sql }
  })
}

function rowChanges(
  run: tidemark.ChangeRun,
  tables: readonly TableShape[],
  changeIds: readonly number[],
  cells: ByteReader,
): RowChange[] {
  const kind = rowKind(run.kind)
  const table = tables[run.table]
  if (table === undefined) {
    throw new ProtocolError(`change of table number ${run.table}, which was not described`)
  }
  const width = table.columns.length
  const columns =
    kind === 'insert' && run.columns.byteLength === 0
      ? allPositions(width)
      : decodePositions(run.columns, width)
  const expectedColumns = run.expectedAll ? allPositions(width) : decodePositions(run.expectedColumns, width)
  const keyWidth = kind === 'insert' ? 0 : table.key.length
  const count = changeIds.length
  checkCellCount(count, keyWidth + columns.length + expectedColumns.length, cells.remaining)

  const keys = readColumns(cells, count, keyWidth, requireValue)
  const values = readColumns(cells, count, columns.length, requireValue)
  const expected = readColumns(cells, count, expectedColumns.length, (image) => image)
  const keyPosition = kind === 'insert' ? columns.indexOf(table.key[0] ?? -1) : 0
  const rowids = decodeRowids(run, table, (row) => (kind === 'insert' ? values : keys)[row]![keyPosition])
  return changeIds.map((changeId, row) => ({
    kind,
    changeId,
    table,
    rowid: rowids === null ? null : rowids[row]!,
    key: keys[row]!,
    columns,
    values: values[row]!,
    expectedColumns,
    expected: expected[row]!,
  }))
}

function rowKind(kind: tidemark.ChangeKind): RowChange['kind'] {
  if (kind === tidemark.ChangeKind.INSERT) return 'insert'
  if (kind === tidemark.ChangeKind.UPDATE) return 'update'
  if (kind === tidemark.ChangeKind.DELETE) return 'delete'
  throw new ProtocolError(`unknown kind of change ${kind}`, { recovery: 'upgrade' })
}

function decodeChangeIds(run: tidemark.ChangeRun, previousChangeId: number): number[] {
  if (run.count === 0 || run.count > run.changeIds.byteLength) {
    throw new ProtocolError(
      `run of ${run.count} changes with ${run.changeIds.byteLength} bytes of change ids`,
    )
  }
  if (run.count > PROTOCOL_LIMITS.cellsPerRun) throw new LimitError(`run of ${run.count} changes`)
  const reader = new ByteReader(run.changeIds)
  const ids: number[] = []
  let previous = previousChangeId
  for (let i = 0; i < run.count; i += 1) {
    const delta = reader.varint()
    const changeId = previous + delta
    if (delta === 0 || changeId > Number.MAX_SAFE_INTEGER) {
      throw new ProtocolError('change ids do not increase')
    }
    ids.push(changeId)
    previous = changeId
  }
  reader.end()
  return ids
}

/** Every value takes a byte at least. */
function checkCellCount(count: number, width: number, bytes: number): void {
  const cells = count * width
  if (count > 1 && cells > PROTOCOL_LIMITS.cellsPerRun) throw new LimitError(`run of ${cells} values`)
  if (cells > bytes) throw new ProtocolError(`run of ${cells} values with ${bytes} bytes of values`)
}

/** One array of `width` values per row, from values that lie column after column. */
function readColumns<T extends ImageValue>(
  cells: ByteReader,
  count: number,
  width: number,
  accept: (value: ImageValue) => T,
): T[][] {
  const rows: T[][] = []
  for (let row = 0; row < count; row += 1) rows.push([])
  for (let column = 0; column < width; column += 1) readColumn(cells, rows, accept)
  return rows
}

function decodeRowids(
  run: tidemark.ChangeRun,
  table: TableShape,
  keyOf: (row: number) => SqlValue | undefined,
): bigint[] | null {
  switch (run.rowidColumn) {
    case tidemark.RowidColumn.ROWID_ABSENT:
      return null
    case tidemark.RowidColumn.ROWID_IS_KEY:
      if (table.key.length !== 1) throw new ProtocolError('rowid of a table whose key is not one column')
      return Array.from({ length: run.count }, (_, row) => requireInteger(keyOf(row)))
    case tidemark.RowidColumn.ROWID_STORED:
      return readDeltas(run.rowids, run.count)
    default:
      throw new ProtocolError(`unknown rowid column ${String(run.rowidColumn)}`, { recovery: 'upgrade' })
  }
}

function requireInteger(value: SqlValue | undefined): bigint {
  if (typeof value !== 'bigint') throw new ProtocolError('rowid is a key that is not an integer')
  return value
}

function readDeltas(bytes: Uint8Array, count: number): bigint[] {
  const reader = new ByteReader(bytes)
  const values: bigint[] = []
  let previous = 0n
  for (let i = 0; i < count; i += 1) {
    previous = readDifference(reader, previous)
    values.push(previous)
  }
  reader.end()
  return values
}

/** Positions that are those of columns, none twice. */
function decodePositions(bytes: Uint8Array, width: number): number[] {
  const reader = new ByteReader(bytes)
  const positions: number[] = []
  while (reader.remaining > 0) {
    const position = reader.varint()
    if (position >= width || positions.length === width) {
      throw new ProtocolError(`column ${position} of ${width}`)
    }
    positions.push(position)
  }
  if (new Set(positions).size !== positions.length) throw new ProtocolError('a change has a column twice')
  return positions
}

function allPositions(width: number): number[] {
  return Array.from({ length: width }, (_, position) => position)
}
