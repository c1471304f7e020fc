import type { SqlValue } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import { sameValue } from '../sql/value-equality.ts'
import type { CapturedRow } from './captured-change.ts'
import { KnownRows } from './known-rows.ts'
import { findTable } from './user-table.ts'
import type { UserTable } from './user-table.ts'
import { RowFinder, walkRows } from './walk-rows.ts'
import type { StoredRow } from './walk-rows.ts'

/** A table of one name in two files. */
export interface TableInTwoFiles {
  readonly name: string
  readonly before: Database.Database
  readonly after: Database.Database
  /** No others than these count; null: all do. */
  readonly columns: readonly string[] | null
  /** Inserts that have been made of this difference before. */
  readonly made?: Iterable<CapturedRow>
}

/**
 * The row changes that lead from a table in one file to the table of that name in another, in the columns
 * that both have: rows that are gone, rows that differ, rows that are new. Of a table without a key only the
 * new ones, as a rowid may mean another row there. Nothing where one of the files has no such table, or one
 * with another key. Reads both from end to end, in bounded memory (I7); `before` must be writable.
 */
export function* tableDifference(options: TableInTwoFiles): Generator<CapturedRow> {
  const tables = comparable(options)
  if (tables === null) return
  const { before, after } = options
  const { inOld, inNow, whole } = tables
  const places = inNow.shape.columns.map((column) => whole.shape.columns.indexOf(column))
  const sharedOf = ({ rowid, image }: StoredRow): StoredRow => ({
    rowid,
    image: places.map((place) => image[place]!),
  })
  if (inNow.shape.key.length === 0) {
    using known = new KnownRows(before, inOld)
    for (const { table, after: image } of options.made ?? [])
      known.add(inNow.shape.columns.map((column) => image![indexOf(table.columns, column)] ?? null))
    for (const row of walkRows(after, whole))
      if (!known.take(sharedOf(row).image)) yield change('insert', whole, null, row)
    return
  }
  const finder = { old: new KeyFinder(before, inOld), now: new KeyFinder(after, inNow) }
  for (const row of walkRows(before, inOld))
    if (finder.now.find(row) === null) yield change('delete', inNow, row, null)
  for (const row of walkRows(before, inOld)) {
    const next = finder.now.find(row)
    if (next !== null && !isSame(row.image, next.image)) yield change('update', inNow, row, next)
  }
  for (const row of walkRows(after, whole))
    if (finder.old.find(sharedOf(row)) === null) yield change('insert', whole, null, row)
}

/** The table in either file with the columns that both have, and with all columns that are new in the second. */
function comparable({ name, before, after, columns }: TableInTwoFiles): {
  readonly inOld: UserTable
  readonly inNow: UserTable
  readonly whole: UserTable
} | null {
  const [old, now] = [findTable(before, name), findTable(after, name)]
  if (old === null || now === null || old.withoutRowid !== now.withoutRowid) return null
  const kept = now.shape.columns.filter((column) => columns === null || hasColumn(columns, column))
  const shared = kept.filter((column) => hasColumn(old.shape.columns, column))
  const [inOld, inNow, whole] = [withColumns(old, shared), withColumns(now, shared), withColumns(now, kept)]
  const isComparable = inOld !== null && inNow !== null && whole !== null && haveOneKey(inOld, inNow)
  return isComparable ? { inOld, inNow, whole } : null
}

function change(
  kind: CapturedRow['kind'],
  { shape }: UserTable,
  before: StoredRow | null,
  after: StoredRow | null,
): CapturedRow {
  const rowid = (before ?? after)!.rowid
  return {
    kind,
    changeId: 0,
    timeMs: 0,
    table: shape,
    rowid,
    before: before?.image ?? null,
    after: after?.image ?? null,
  }
}

/** Finds a row by its key, which a rowid is only where that has a NULL: it may have been given to another row. */
class KeyFinder {
  readonly #key: readonly number[]
  readonly #byRowid: RowFinder
  readonly #byKey: RowFinder

  constructor(db: Database.Database, table: UserTable) {
    this.#key = table.shape.key
    this.#byRowid = new RowFinder(db, table)
    this.#byKey = new RowFinder(db, { ...table, rowid: null })
  }

  find(row: StoredRow): StoredRow | null {
    const hasKey = this.#key.every((position) => row.image[position] !== null)
    return (hasKey ? this.#byKey : this.#byRowid).find(row)
  }
}

/** The table with no other columns; null where a key column is not among them. */
function withColumns(table: UserTable, columns: readonly string[]): UserTable | null {
  const { name, key } = table.shape
  const positions = key.map((position) => indexOf(columns, table.shape.columns[position]!))
  return positions.includes(-1) ? null : { ...table, shape: { name, columns, key: positions } }
}

function haveOneKey(a: UserTable, b: UserTable): boolean {
  return a.rowidIsKey === b.rowidIsKey && a.shape.key.join() === b.shape.key.join()
}

function hasColumn(columns: readonly string[], name: string): boolean {
  return indexOf(columns, name) !== -1
}

function indexOf(columns: readonly string[], name: string): number {
  return columns.findIndex((column) => column.toLowerCase() === name.toLowerCase())
}

function isSame(a: readonly SqlValue[], b: readonly SqlValue[]): boolean {
  return a.every((value, index) => sameValue(value, b[index]!))
}
