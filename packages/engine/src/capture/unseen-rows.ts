import type { SqlValue } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import { sameValue } from '../sql/value-equality.ts'
import type { CapturedRow } from './captured-change.ts'
import type { DroppedTable, Heir } from './dropped-tables.ts'
import { KnownRows } from './known-rows.ts'
import { readCaptured } from './read-captured.ts'
import type { UserTable } from './user-table.ts'
import { RowFinder, walkRows } from './walk-rows.ts'

export interface UnseenRowsOptions {
  /** The database as it is here, with the queue. */
  readonly db: Database.Database
  /** Changes up to this id are in the rows of others too. */
  readonly afterId: number
  readonly table: DroppedTable & { readonly heir: Heir }
  /** The new table. */
  readonly here: UserTable
  /** The rows of others as inserts into it, each with the same of its columns, the key among them. */
  readonly theirs: Iterable<CapturedRow>
  /** For what has to be remembered: a database that is writable. */
  readonly scratch: Database.Database
  /** Told of a row that differs here, in the order of the columns of `theirs`, and that nothing pending has touched. */
  readonly onDiffer: (theirs: CapturedRow, here: readonly SqlValue[]) => void
}

/**
 * Which rows of others have never been here, where a table was built anew and its base is known to nobody any
 * more: those that are not in the new table, and that no pending change has removed from it or from the old
 * one. By their keys; by their values where a row has none. What others have deleted cannot be told, nor who
 * has changed a row that differs. In bounded memory (I7).
 */
export function* unseenRows(options: UnseenRowsOptions): Generator<CapturedRow> {
  const { db, here, theirs, scratch, onDiffer } = options
  const finder = here.shape.key.length === 0 ? null : new RowFinder(db, { ...here, rowid: null })
  using known = new KnownRows(scratch, 'known_here')
  using touched = new KnownRows(scratch, 'touched_here')
  let names: readonly string[] | null = null
  for (const row of theirs) {
    if (names === null) {
      names = row.table.columns
      remember(options, names, { known, touched })
    }
    const image = row.after!
    const identity = identityOf(row.table.key, image)
    const isTouched = touched.take(identity)
    if (!known.take(identity)) {
      if (!isTouched) yield row
      continue
    }
    if (isTouched || finder === null || !isKey(identity, row.table.key)) continue
    const found = finder.find({ rowid: row.rowid, image: byNames(here.shape.columns, names, image) })
    const own = found === null ? image : byNames(names, here.shape.columns, found.image)
    if (own.some((value, index) => !sameValue(value, image[index]!))) onDiffer(row, own)
  }
}

/** What is in the new table, and what pending changes have touched, in it and in the old one. */
function remember(
  { db, here, table, afterId }: UnseenRowsOptions,
  names: readonly string[],
  { known, touched }: Readonly<Record<'known' | 'touched', KnownRows>>,
): void {
  const key = here.shape.key.map((position) => indexOf(names, here.shape.columns[position]!))
  for (const { image } of walkRows(db, here))
    known.add(identityOf(key, byNames(names, here.shape.columns, image)))
  for (const change of readCaptured(db, afterId)) {
    if (!('table' in change) || !isTouch(change, table)) continue
    for (const image of [change.before, change.after]) {
      if (image === null) continue
      const identity = identityOf(key, byNames(names, change.table.columns, image))
      // A row without a key that is written here is one more than others know.
      if (isKey(identity, key) || image === change.before) touched.add(identity)
      else known.take(identity)
    }
  }
}

/** A row that is inserted into the new table may be one of the old table's. */
function isTouch(change: CapturedRow, { has, heir }: UnseenRowsOptions['table']): boolean {
  return has(change) || (heir.has(change) && change.kind !== 'insert')
}

/** The key of a row; all of it where it has none. */
function identityOf(key: readonly number[], image: readonly SqlValue[]): SqlValue[] {
  const values = key.map((position) => image[position]!)
  return isKey(values, key) ? values : [...image]
}

function isKey(values: readonly SqlValue[], key: readonly number[]): boolean {
  return key.length > 0 && values.length === key.length && !values.includes(null)
}

/** Values of the columns `to`, from an image with the columns `from`. */
function byNames(
  to: readonly string[],
  from: readonly string[],
  image: readonly SqlValue[],
): readonly SqlValue[] {
  return to.map((name) => image[indexOf(from, name)] ?? null)
}

function indexOf(columns: readonly string[], name: string): number {
  return columns.findIndex((column) => column.toLowerCase() === name.toLowerCase())
}
