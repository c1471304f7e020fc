import type { SqlValue } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import { sameValue } from '../sql/value-equality.ts'
import type { CapturedRow } from './captured-change.ts'
import { defaultValues } from './default-values.ts'
import { KnownRows } from './known-rows.ts'
import { keyOf } from './to-wire-change.ts'
import { findTable } from './user-table.ts'
import type { UserTable } from './user-table.ts'
import { RowFinder, walkRows } from './walk-rows.ts'
import type { StoredRow } from './walk-rows.ts'

/** A table in two files, and what counts of it. */
export interface TableInTwoFiles {
  /** Its name in `before`. */
  readonly name: string
  /** Its name in `after`. Default: the same. */
  readonly nameAfter?: string
  readonly before: Database.Database
  readonly after: Database.Database
  /** The table that the changes are for; null: one that has all columns of `after`. */
  readonly target: UserTable | null
  /** The names that columns of `after` have in `target`; null: none. Default: the same. */
  readonly rename?: (columns: readonly string[]) => readonly (string | null)[]
  /** Inserts that have been made of this difference before. */
  readonly made?: Iterable<CapturedRow>
  /**
   * What a migration that others have run too has made of the row with a key, by names of columns in lower
   * case; null where that is not known.
   */
  readonly migrated?: (key: readonly SqlValue[]) => ReadonlyMap<string, SqlValue> | null
  /**
   * Told of values for which `target` has no column, and of rows for which it has no key: the whole change,
   * and what of it has a place, null where nothing has.
   */
  readonly onLost?: (change: CapturedRow, kept: CapturedRow | null) => void
}

type Image = readonly SqlValue[]

/**
 * The row changes that lead from a table in one file to that table in another, in the columns that the second
 * has: rows that are gone, rows that differ, rows that are new. A row of before has the defaults in columns
 * that are new, unless `migrated` knows better. Where the table has no key, or not the same one, only rows
 * that are new by their values: a rowid may mean another row there. Reads both from end to end, in bounded
 * memory (I7); `before` must be writable.
 */
export function tableDifference(options: TableInTwoFiles): Iterable<CapturedRow> {
  const now = findTable(options.after, options.nameAfter ?? options.name)
  if (now === null) return []
  const difference = new Difference(options, now)
  const old = findTable(options.before, options.name)
  if (old === null) return difference.all()
  return haveOneKey(old, now) ? difference.byKey(old) : difference.byValues(old)
}

class Difference {
  readonly #options: TableInTwoFiles
  readonly #now: UserTable
  /** Of its columns, in the target; null: none. */
  readonly #names: readonly (string | null)[]
  /** The columns that count, and those that do not: positions in `#now`. */
  readonly #kept: readonly number[]
  readonly #lost: readonly number[]
  readonly #defaults: Image

  constructor(options: TableInTwoFiles, now: UserTable) {
    this.#options = options
    this.#now = now
    const positions = [...now.shape.columns.keys()]
    const { target, rename } = options
    this.#names = target === null ? now.shape.columns : (rename?.(now.shape.columns) ?? now.shape.columns)
    const isKept = (position: number): boolean => {
      const name = this.#names[position]!
      return name !== null && (target === null || indexOf(target.shape.columns, name) !== -1)
    }
    this.#kept = positions.filter(isKept)
    this.#lost = positions.filter((position) => !isKept(position))
    this.#defaults = defaultValues(options.after, now)
  }

  *all(): Generator<CapturedRow> {
    for (const row of walkRows(this.#options.after, this.#now)) yield* this.#insert(row)
  }

  *byKey(old: UserTable): Generator<CapturedRow> {
    const { before, after } = this.#options
    const toNow = layout(old, this.#now, this.#defaults)
    const toOld = layout(this.#now, old, [])
    const inNow = new KeyFinder(after, this.#now)
    const inOld = new KeyFinder(before, old)
    for (const row of walkRows(before, old)) {
      const was = toNow(row)
      if (inNow.find(was) === null) yield* this.#delete(was, old)
    }
    for (const row of walkRows(before, old)) {
      const was = toNow(row)
      const is = inNow.find(was)
      if (is !== null) yield* this.#update(was, is)
    }
    for (const row of walkRows(after, this.#now))
      if (inOld.find(toOld(row)) === null) yield* this.#insert(row)
  }

  *byValues(old: UserTable): Generator<CapturedRow> {
    const { before, after, made = [] } = this.#options
    const { columns } = this.#now.shape
    const shared = [...columns.keys()].filter(
      (position) => indexOf(old.shape.columns, columns[position]!) !== -1,
    )
    const valuesOf = ({ image }: StoredRow): SqlValue[] => shared.map((position) => image[position]!)
    const toNow = layout(old, this.#now, [])
    using known = new KnownRows(before)
    for (const row of walkRows(before, old)) known.add(valuesOf(toNow(row)))
    for (const { table, after: image } of made)
      known.add(shared.map((position) => image![indexOf(table.columns, this.#names[position] ?? '')] ?? null))
    // Keys that both have made the same way tell more than values do.
    const hasKeys = this.#hasMigrated()
    for (const row of walkRows(after, this.#now)) {
      const migrated = hasKeys ? this.#migrated(row.image) : null
      if (migrated !== null) yield* this.#update({ ...row, image: this.#imageOf(migrated, row.image) }, row)
      else if (hasKeys || !known.take(valuesOf(row))) yield* this.#insert(row)
    }
  }

  #hasMigrated(): boolean {
    if (this.#options.migrated === undefined) return false
    for (const { image } of walkRows(this.#options.after, this.#now))
      if (this.#migrated(image) !== null) return true
    return false
  }

  *#delete(was: StoredRow, old: UserTable): Generator<CapturedRow> {
    const migrated = this.#migrated(was.image)
    const image = migrated === null ? was.image : this.#imageOf(migrated, was.image)
    const { columns } = this.#now.shape
    // What is not known is no sign that somebody has changed the row since.
    const isKnown = (position: number): boolean =>
      migrated !== null || indexOf(old.shape.columns, columns[position]!) !== -1
    yield* this.#change('delete', { ...was, image }, null, this.#kept.filter(isKnown))
  }

  *#update(was: StoredRow, is: StoredRow): Generator<CapturedRow> {
    if (isSame(was.image, is.image)) return
    const migrated = this.#migrated(was.image)
    const expected = migrated === null ? was.image : this.#imageOf(migrated, was.image)
    // What is as it was is no change of others, whatever a migration here has made of it.
    const image = was.image.map((value, index) =>
      sameValue(value, is.image[index]!) ? value : expected[index]!,
    )
    if (
      !this.#hasPlace ||
      this.#lost.some((position) => !sameValue(was.image[position]!, is.image[position]!))
    )
      this.#tellLost('update', was, is)
    if (this.#kept.some((position) => !sameValue(image[position]!, is.image[position]!)))
      yield* this.#change('update', { ...was, image }, is, this.#kept)
  }

  *#insert(row: StoredRow): Generator<CapturedRow> {
    const isLost = (position: number): boolean =>
      !sameValue(this.#defaults[position] ?? null, row.image[position]!)
    if (!this.#hasPlace || this.#lost.some(isLost)) this.#tellLost('insert', null, row)
    yield* this.#change('insert', null, row, this.#kept)
  }

  #tellLost(kind: CapturedRow['kind'], before: StoredRow | null, after: StoredRow): void {
    const kept = this.#hasPlace ? this.#inTarget(kind, before, after, this.#kept) : null
    this.#options.onLost?.(this.#whole(kind, before, after), kept)
  }

  /** False: rows cannot be told apart by what is kept of them. */
  get #hasPlace(): boolean {
    return !this.#now.shape.key.some((position) => this.#lost.includes(position))
  }

  *#change(
    kind: CapturedRow['kind'],
    before: StoredRow | null,
    after: StoredRow | null,
    positions: readonly number[],
  ): Generator<CapturedRow> {
    if (this.#hasPlace) yield this.#inTarget(kind, before, after, positions)
  }

  #inTarget(
    kind: CapturedRow['kind'],
    before: StoredRow | null,
    after: StoredRow | null,
    positions: readonly number[],
  ): CapturedRow {
    const change = this.#whole(kind, before, after)
    const { name, key } = change.table
    const image = (row: StoredRow | null): Image | null =>
      row === null ? null : positions.map((position) => row.image[position]!)
    return {
      ...change,
      table: {
        name: this.#options.target?.shape.name ?? name,
        columns: positions.map((position) => this.#names[position]!),
        key: key.map((position) => positions.indexOf(position)),
      },
      before: image(before),
      after: image(after),
    }
  }

  #whole(kind: CapturedRow['kind'], before: StoredRow | null, after: StoredRow | null): CapturedRow {
    return {
      kind,
      changeId: 0,
      timeMs: 0,
      table: this.#now.shape,
      rowid: (before ?? after)!.rowid,
      before: before?.image ?? null,
      after: after?.image ?? null,
    }
  }

  #migrated(image: Image): ReadonlyMap<string, SqlValue> | null {
    const { key } = this.#now.shape
    return key.length === 0 ? null : (this.#options.migrated?.(keyOf(key, image)) ?? null)
  }

  #imageOf(values: ReadonlyMap<string, SqlValue>, fallback: Image): SqlValue[] {
    return this.#names.map((name, index) => {
      const value = name === null ? undefined : values.get(name.toLowerCase())
      return value === undefined ? fallback[index]! : value
    })
  }
}

/** Rows of one table by the columns of another: those that it does not have from `fallback`, or NULL. */
function layout(from: UserTable, to: UserTable, fallback: Image): (row: StoredRow) => StoredRow {
  const places = to.shape.columns.map((name) => indexOf(from.shape.columns, name))
  return ({ rowid, image }) => ({
    rowid,
    image: places.map((place, index) => (place === -1 ? (fallback[index] ?? null) : image[place]!)),
  })
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

function haveOneKey(a: UserTable, b: UserTable): boolean {
  const keyNames = ({ shape }: UserTable): string =>
    JSON.stringify(shape.key.map((position) => shape.columns[position]!.toLowerCase()))
  return (
    a.withoutRowid === b.withoutRowid &&
    a.rowidIsKey === b.rowidIsKey &&
    a.shape.key.length > 0 &&
    keyNames(a) === keyNames(b)
  )
}

function indexOf(columns: readonly string[], name: string): number {
  return columns.findIndex((column) => column.toLowerCase() === name.toLowerCase())
}

function isSame(a: Image, b: Image): boolean {
  return a.every((value, index) => sameValue(value, b[index]!))
}
