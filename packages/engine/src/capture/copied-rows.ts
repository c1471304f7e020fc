import type { SqlValue } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import type { CapturedRow } from './captured-change.ts'
import type { DroppedTable, Heir, SchemaStatement } from './dropped-tables.ts'
import { digestOf, KnownRows } from './known-rows.ts'
import { readCaptured, readCapturedFrom } from './read-captured.ts'
import { RenamedRows } from './renamed-rows.ts'
import type { UserTable } from './user-table.ts'
import { walkRows } from './walk-rows.ts'

/** Where the rows are captured with which a table was filled that is built anew. */
export interface CopiedRowsOptions {
  /** The queue. */
  readonly db: Database.Database
  /** What is done up to this id is nothing of this replica. */
  readonly afterId: number
  readonly statements: readonly SchemaStatement[]
  readonly table: DroppedTable & { readonly heir: Heir }
  /** The table whose rows they are. */
  readonly into: UserTable
  /** Which statements have been made on that table. */
  readonly isMade: (changeId: number) => boolean
}

/**
 * The rows with which a table was filled that is built anew: what a migration has made of the rows of before.
 * Known by their keys, in a temporary table of `scratch`, so in bounded memory (I7).
 */
export class CopiedRows implements Disposable {
  readonly #scratch: Database.Database
  readonly #options: CopiedRowsOptions
  readonly #name: string
  readonly #renamed: RenamedRows
  readonly #find: Database.Statement<[Buffer], { changeId: number | null; isTouched: number }>
  #touched = 0

  constructor(scratch: Database.Database, options: CopiedRowsOptions) {
    const name = `copied_rows_${options.table.changeId}`
    this.#scratch = scratch
    this.#options = options
    this.#name = name
    this.#renamed = new RenamedRows(options.statements, options.isMade)
    scratch.exec(
      `CREATE TEMP TABLE ${name} (digest BLOB PRIMARY KEY, change_id INTEGER, is_touched INTEGER DEFAULT 0) WITHOUT ROWID`,
    )
    this.#find = scratch.prepare(
      `SELECT change_id AS changeId, is_touched AS isTouched FROM ${name} WHERE digest = ?`,
    )
    if (options.into.shape.key.length > 0) this.#read()
  }

  /** Whether rows of the old table were changed here before it was built anew. */
  get hasTouched(): boolean {
    return this.#touched > 0
  }

  /**
   * The row with the key `key` as it was copied, by the names of its columns now, in lower case; null where
   * it was not. `untouched`: also where it was changed here before.
   */
  find(
    key: readonly SqlValue[],
    { untouched }: { readonly untouched: boolean },
  ): ReadonlyMap<string, SqlValue> | null {
    const found = key.includes(null) ? undefined : this.#find.get(digestOf(key))
    if (found === undefined || found.changeId === null) return null
    // Behind the DROP it may be a row of later: other programs' rows are captured when they are found.
    const isCopy = found.isTouched === 0 && found.changeId < this.#options.table.changeId
    if (untouched && !isCopy) return null
    const { db } = this.#options
    for (const change of readCapturedFrom(db, found.changeId - 1, found.changeId))
      if ('table' in change) {
        const { table, after } = this.#renamed.of(change)
        return new Map(table.columns.map((name, index) => [name.toLowerCase(), after![index]!]))
      }
    return null
  }

  /**
   * The ids of those that are no rows of the table `old` in `base` as it was, by the values of the columns that
   * both have: what was inserted or changed here before the table was built anew. For a table with another key.
   */
  newByValues(base: Database.Database, old: UserTable): Set<number> {
    const { db, afterId, table, into } = this.#options
    const columns = old.shape.columns.map((name) => name.toLowerCase())
    const shared = into.shape.columns
      .map((name) => name.toLowerCase())
      .filter((name) => columns.includes(name))
    const places = shared.map((name) => columns.indexOf(name))
    using known = new KnownRows(base)
    for (const { image } of walkRows(base, old)) known.add(places.map((place) => image[place]!))
    const found = new Set<number>()
    for (const change of readCaptured(db, afterId, table.changeId)) {
      if (!('table' in change) || change.kind !== 'insert' || !table.heir.has(change)) continue
      const { table: shape, after } = this.#renamed.of(change)
      const names = shape.columns.map((name) => name.toLowerCase())
      if (!known.take(shared.map((name) => after![names.indexOf(name)] ?? null))) found.add(change.changeId)
    }
    return found
  }

  #read(): void {
    const { db, afterId, table } = this.#options
    const add = this.#scratch.prepare<[Buffer, number]>(
      `INSERT INTO ${this.#name} (digest, change_id) VALUES (?, ?)
       ON CONFLICT (digest) DO UPDATE SET change_id = ifnull(change_id, excluded.change_id)`,
    )
    const touch = this.#scratch.prepare<[Buffer]>(
      `INSERT INTO ${this.#name} (digest, is_touched) VALUES (?, 1)
       ON CONFLICT (digest) DO UPDATE SET is_touched = 1`,
    )
    for (const change of readCaptured(db, afterId)) {
      if (!('table' in change)) continue
      if (table.heir.has(change)) {
        if (change.kind !== 'insert') continue
        const copied = this.#renamed.of(change)
        const key = this.#keyOf(copied, copied.after)
        if (key !== null) add.run(digestOf(key), change.changeId)
      } else if (this.#isOld(change)) {
        this.#touched += 1
        for (const image of [change.before, change.after]) {
          const key = this.#keyOf(change, image)
          if (key !== null) touch.run(digestOf(key))
        }
      }
    }
  }

  #isOld(change: CapturedRow): boolean {
    const { table } = this.#options
    const hasName = change.table.name.toLowerCase() === table.name.toLowerCase()
    return table.has(change) || (hasName && change.changeId < table.heir.createdId)
  }

  #keyOf({ table: { columns } }: CapturedRow, image: CapturedRow['after']): SqlValue[] | null {
    const { shape } = this.#options.into
    if (image === null) return null
    const key = shape.key.map((position) => {
      const name = shape.columns[position]!.toLowerCase()
      return image[columns.findIndex((column) => column.toLowerCase() === name)]
    })
    return key.some((value) => value === undefined || value === null) ? null : (key as SqlValue[])
  }

  [Symbol.dispose](): void {
    if (this.#scratch.open) this.#scratch.exec(`DROP TABLE temp.${this.#name}`)
  }
}
