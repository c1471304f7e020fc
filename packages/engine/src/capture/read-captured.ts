import type { SqlValue, TableShape } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import { mayBeLossy, restoreRawText } from '../sql/exact-read.ts'
import { prepared } from '../sql/prepared.ts'
import type { CapturedChange, CapturedRow } from './captured-change.ts'
import type { SchemaStatement } from './dropped-tables.ts'
import { changeTypes, isOperation } from './own-tables.ts'
import { ReplacedRows } from './replaced-rows.ts'

const chunkBytes = 1 << 18
const chunkRows = 512

/** The highest change id given out; 0 before the first. */
export function maxChangeId(db: Database.Database): number {
  return prepared<[], number | null>(db, 'SELECT max(change_id) FROM tidemark_cdc').pluck().get() ?? 0
}

/** How many row and schema changes have an id above `afterId`. */
export function capturedCount(db: Database.Database, afterId: number): number {
  const count = `SELECT count(*) FROM tidemark_cdc WHERE change_id > ? AND ${isOperation}`
  return prepared<[number], number>(db, count).pluck().get(afterId)!
}

/** Whether any row or schema change has an id up to `throughId`. */
export function hasCapturedThrough(db: Database.Database, throughId: number): boolean {
  const any = `SELECT 1 FROM tidemark_cdc WHERE change_id <= ? AND ${isOperation} LIMIT 1`
  return prepared<[number], 1>(db, any).get(throughId) !== undefined
}

/** Whether any row or schema change has an id above `afterId`. */
export function hasCapturedAfter(db: Database.Database, afterId: number): boolean {
  const any = `SELECT 1 FROM tidemark_cdc WHERE change_id > ? AND ${isOperation} LIMIT 1`
  return prepared<[number], 1>(db, any).get(afterId) !== undefined
}

/** The schema statements with an id above `afterId`, in order. */
export function capturedSchema(db: Database.Database, afterId: number): SchemaStatement[] {
  const statements = `SELECT change_id AS changeId, a0 AS sql FROM tidemark_cdc
    WHERE change_id > ? AND change_type = ${changeTypes.schema} ORDER BY change_id`
  return prepared<[number], SchemaStatement>(db, statements).all(afterId)
}

/**
 * The changes with an id above `afterId`, up to `throughId`, in order. Memory is bounded by two rows or some
 * hundred KiB, whichever is larger (I7), and the rows that nested triggers replace. No statement stays open
 * between two steps, so the connection can be used for anything else meanwhile.
 *
 * @param afterId between two statements: {@link readCapturedFrom} takes any
 */
export function* readCaptured(
  db: Database.Database,
  afterId: number,
  throughId: number = maxChangeId(db),
): IterableIterator<CapturedChange> {
  const reader = new CapturedReader(db)
  const replaced = new ReplacedRows()
  let kind: RowKind = { type: changeTypes.commit, shape: null }
  for (let last = afterId; last < throughId;) {
    const { rows, next } = reader.chunk(kind, last, throughId)
    if (rows.length === 0 && next === null) return
    const shape = kind.shape === null ? null : reader.shape(kind.shape)
    for (const cells of rows) {
      const change = captured(kind.type, shape, cells)
      last = change.changeId
      if (kind.type === changeTypes.touch) replaced.touch(change as CapturedRow)
      else if ('table' in change) yield replaced.resolve(change)
      else {
        replaced.endOfStatement()
        yield change
      }
    }
    if (next !== null) kind = next
  }
}

/**
 * The changes with an id above `afterId`, which may be that of any change, as {@link readCaptured} gives them
 * where it reads those before too. Of a statement that replaces rows it reads again what was before.
 */
export function* readCapturedFrom(
  db: Database.Database,
  afterId: number,
  throughId: number = maxChangeId(db),
): IterableIterator<CapturedChange> {
  for (const change of readCaptured(db, beforeTouches(db, afterId), throughId))
    if (change.changeId > afterId) yield change
}

/** Those of the changes that are captured, by their ids, in one pass: from the first of them to the last. */
export function capturedChanges(
  db: Database.Database,
  changeIds: readonly number[],
): Map<number, CapturedChange> {
  const wanted = new Set(changeIds)
  const [first, last] = [Math.min(...wanted), Math.max(...wanted)]
  const found = new Map<number, CapturedChange>()
  if (wanted.size === 0) return found
  for (const change of readCapturedFrom(db, first - 1, last))
    if (wanted.has(change.changeId)) found.set(change.changeId, change)
  return found
}

/**
 * What a change up to `afterId` may still mean for later ones, a touch for its insert, is of the statement
 * that made both: all its rows have one time. Returns the id to read from so that no such touch is missed.
 */
function beforeTouches(db: Database.Database, afterId: number): number {
  const first = `SELECT min(change_id) FROM tidemark_cdc
    WHERE change_type = ${changeTypes.touch} AND change_id <= :afterId AND change_id > ifnull((
      SELECT change_id FROM tidemark_cdc WHERE change_id <= :afterId AND change_time IS NOT (
        SELECT change_time FROM tidemark_cdc WHERE change_id > :afterId ORDER BY change_id LIMIT 1
      ) ORDER BY change_id DESC LIMIT 1
    ), 0)`
  const touchId = prepared<[{ afterId: number }], number | null>(db, first).pluck().get({ afterId })
  return (touchId ?? afterId + 1) - 1
}

/** Rows of the same kind use the same columns, and are read by one statement. */
interface RowKind {
  readonly type: number
  readonly shape: number | null
}

interface Chunk {
  readonly rows: readonly Cells[]
  /** The kind of the row that follows; null where it is the same, or there is none. */
  readonly next: RowKind | null
}

/**
 * What stands before the images, as REAL: the driver makes numbers of these, and of integers bigints. The
 * rowid needs one.
 */
const headColumns = [
  'change_id * 1.0',
  'change_type * 1.0',
  'shape * 1.0',
  'change_time * 1.0',
  'id',
] as const
type Head = readonly [
  changeId: number,
  type: number,
  shape: number | null,
  timeMs: number | null,
  rowid: bigint | null,
]

type Cells = SqlValue[]
type RunStatement = Database.Statement<[number, number], Cells>

class CapturedReader {
  readonly #db: Database.Database
  readonly #shapes = new Map<number, TableShape>()
  readonly #runs = new Map<string, RunStatement>()

  constructor(db: Database.Database) {
    this.#db = db
  }

  /** The next rows, as long as they are of `kind` and fit a chunk, at least one if it is of that kind. */
  chunk(kind: RowKind, afterId: number, throughId: number): Chunk {
    const columns = [
      ...headColumns,
      ...imageColumns(kind.type, kind.shape === null ? null : this.shape(kind.shape)),
    ]
    const rows: Cells[] = []
    let next: RowKind | null = null
    let bytes = 0
    for (const cells of this.#statement(columns).iterate(afterId, throughId)) {
      const [, type, shape] = cells as unknown as Head
      if (type !== kind.type || shape !== kind.shape) {
        next = { type, shape }
        break
      }
      rows.push(cells)
      bytes += sizeOf(cells)
      if (bytes >= chunkBytes || rows.length >= chunkRows) break
    }
    for (const cells of rows) if (mayBeLossy(cells)) this.#restore(columns, cells)
    return { rows, next }
  }

  #restore(columns: readonly string[], cells: Cells): void {
    const bytes = this.#db
      .prepare<[SqlValue], (Uint8Array | null)[]>(
        `SELECT ${columns.map((column) => `CAST(${column} AS BLOB)`).join()} FROM tidemark_cdc WHERE change_id = ?`,
      )
      .raw(true)
      .get(cells[0]!)
    if (bytes !== undefined) restoreRawText(cells, bytes)
  }

  #statement(columns: readonly string[]): RunStatement {
    const list = columns.join()
    let statement = this.#runs.get(list)
    if (statement === undefined) {
      statement = prepared<[number, number], Cells>(
        this.#db,
        `SELECT ${list} FROM tidemark_cdc WHERE change_id > ? AND change_id <= ? ORDER BY change_id`,
      )
        .raw(true)
        .safeIntegers(true)
      this.#runs.set(list, statement)
    }
    return statement
  }

  shape(number: number): TableShape {
    let shape = this.#shapes.get(number)
    if (shape === undefined) {
      const row = prepared<[number], { name: string; columns: string; key: string }>(
        this.#db,
        'SELECT name, columns, key FROM tidemark_shapes WHERE shape = ?',
      ).get(number)!
      shape = {
        name: row.name,
        columns: JSON.parse(row.columns) as string[],
        key: JSON.parse(row.key) as number[],
      }
      this.#shapes.set(number, shape)
    }
    return shape
  }
}

/** The CDC columns that a change of `type` uses, before image first. */
function imageColumns(type: number, shape: TableShape | null): string[] {
  if (shape === null) return type === changeTypes.schema ? ['a0'] : []
  const letters = type === changeTypes.insert ? ['a'] : type === changeTypes.delete ? ['b'] : ['b', 'a']
  return letters.flatMap((letter) => shape.columns.map((_, index) => letter + index))
}

function captured(type: number, shape: TableShape | null, cells: Cells): CapturedChange {
  const [changeId, , , time, rowid] = cells as unknown as Head
  const timeMs = time ?? 0
  if (type === changeTypes.schema)
    return { kind: 'schema', changeId, timeMs, sql: cells[headColumns.length] as string }
  if (shape === null)
    return { kind: 'commit', changeId, timeMs, lastIdBefore: rowid === null ? null : Number(rowid) }
  const images = cells.slice(headColumns.length)
  const width = shape.columns.length
  switch (type) {
    case changeTypes.insert:
      return { kind: 'insert', changeId, timeMs, table: shape, rowid, before: null, after: images }
    case changeTypes.delete:
      return { kind: 'delete', changeId, timeMs, table: shape, rowid, before: images, after: null }
    default: {
      const [before, after] = [images.slice(0, width), images.slice(width)]
      return { kind: 'update', changeId, timeMs, table: shape, rowid, before, after }
    }
  }
}

function sizeOf(cells: Cells): number {
  let bytes = 0
  for (const value of cells) {
    if (typeof value === 'string') bytes += value.length
    else if (value instanceof Uint8Array) bytes += value.byteLength
    else bytes += 8
  }
  return bytes
}
