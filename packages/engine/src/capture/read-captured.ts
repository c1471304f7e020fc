import type { SqlValue, TableShape } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import { mayBeLossy, restoreRawText } from '../sql/exact-read.ts'
import { prepared } from '../sql/prepared.ts'
import type { CapturedChange, CapturedRow } from './captured-change.ts'
import { causesFirst } from './causes-first.ts'
import { changeTypes, isOperation } from './own-tables.ts'
import { ReplacedRows } from './replaced-rows.ts'

const scanRows = 1024
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

/**
 * The changes with an id above `afterId`, up to `throughId`, in order. Memory is bounded by one row or some hundred KiB, whichever is larger (I7).
 * No statement stays open between two steps, so the connection can be used for anything else meanwhile.
 */
export function* readCaptured(
  db: Database.Database,
  afterId: number,
  throughId: number = maxChangeId(db),
): IterableIterator<CapturedChange> {
  yield* causesFirst(readRows(db, afterId, throughId))
}

function* readRows(db: Database.Database, afterId: number, throughId: number): Generator<CapturedChange> {
  const reader = new CapturedReader(db)
  for (let last = afterId; last < throughId;) {
    const heads = reader.heads(last, throughId)
    if (heads.length === 0) return
    for (let from = 0; from < heads.length;) {
      const to = endOfRun(heads, from)
      yield* reader.run(heads[from]!, heads[to - 1]!)
      from = to
    }
    last = heads.at(-1)!.changeId
  }
}

interface Head {
  readonly changeId: number
  readonly type: number
  readonly shape: number | null
}

/** End of the run of rows of the same kind and shape that starts at `from`: they are read by one statement. */
function endOfRun(heads: readonly Head[], from: number): number {
  const { type, shape } = heads[from]!
  let to = from + 1
  while (to < heads.length && heads[to]!.type === type && heads[to]!.shape === shape) to += 1
  return to
}

type Cells = SqlValue[]
type RunStatement = Database.Statement<[number, number], Cells>

class CapturedReader {
  readonly #db: Database.Database
  readonly #heads: Database.Statement<[number, number], Head>
  readonly #shapes = new Map<number, TableShape>()
  readonly #runs = new Map<string, RunStatement>()
  readonly #replaced = new ReplacedRows()

  constructor(db: Database.Database) {
    this.#db = db
    this.#heads = prepared(
      db,
      `SELECT change_id AS changeId, change_type AS type, shape FROM tidemark_cdc
       WHERE change_id > ? AND change_id <= ? ORDER BY change_id LIMIT ${scanRows}`,
    )
  }

  heads(afterId: number, throughId: number): Head[] {
    return this.#heads.all(afterId, throughId)
  }

  *run(first: Head, last: Head): Iterable<CapturedChange> {
    const shape = first.shape === null ? null : this.#shape(first.shape)
    const columns = ['change_id', 'change_time', 'id', ...imageColumns(first.type, shape)]
    for (let after = first.changeId - 1; after < last.changeId;) {
      const chunk = this.#chunk(columns, after, last.changeId)
      if (chunk.length === 0) return
      for (const cells of chunk) {
        const change = captured(first.type, shape, cells)
        if (first.type === changeTypes.touch) this.#replaced.touch(change as CapturedRow)
        else yield 'table' in change ? this.#replaced.resolve(change) : change
      }
      after = Number(chunk.at(-1)![0])
    }
  }

  /** The next rows of a run, as many as fit a chunk, at least one. */
  #chunk(columns: readonly string[], afterId: number, throughId: number): Cells[] {
    const chunk: Cells[] = []
    let bytes = 0
    for (const cells of this.#statement(columns).iterate(afterId, throughId)) {
      chunk.push(cells)
      bytes += sizeOf(cells)
      if (bytes >= chunkBytes || chunk.length >= chunkRows) break
    }
    for (const cells of chunk) if (mayBeLossy(cells)) this.#restore(columns, cells)
    return chunk
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

  #shape(number: number): TableShape {
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
  const changeId = Number(cells[0])
  const timeMs = Number(cells[1] ?? 0n)
  if (type === changeTypes.schema) return { kind: 'schema', changeId, timeMs, sql: cells[3] as string }
  const rowid = cells[2] as bigint | null
  if (shape === null)
    return { kind: 'commit', changeId, timeMs, lastIdBefore: rowid === null ? null : Number(rowid) }
  const images = cells.slice(3)
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
