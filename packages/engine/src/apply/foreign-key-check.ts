import { ValueDigest } from '@tidemark/protocol'
import type { ImageValue, RowChange, SqlValue } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import { binding, placeholder } from '../sql/exact-write.ts'
import { quoteIdentifier } from '../sql/quote.ts'
import { isOrphan } from './foreign-keys.ts'
import type { ForeignKey } from './foreign-keys.ts'
import { identityOf } from './row-identity.ts'
import type { RowidMap } from './rowid-map.ts'
import type { TargetTables } from './target-tables.ts'

/**
 * Checks the foreign keys of the rows that a batch has touched, after all of it is applied: as children where
 * they were written, as parents where they were deleted or changed. Rows that were orphans before, and that
 * the batch did not touch, are no concern of it.
 */
export class ForeignKeyCheck {
  readonly #db: Database.Database
  readonly #tables: TargetTables
  readonly #rowids: RowidMap
  readonly #byChild: Map<string, ForeignKey[]>
  readonly #byParent: Map<string, ForeignKey[]>
  readonly #statements = new Map<string, Database.Statement<unknown[]>>()
  /** Keys whose parents' old values are not known any more: then all their children are checked, once. */
  readonly #checked = new Set<ForeignKey>()

  constructor(db: Database.Database, tables: TargetTables, rowids: RowidMap) {
    const keys = tables.foreignKeys
    this.#db = db
    this.#tables = tables
    this.#rowids = rowids
    this.#byChild = Map.groupBy(keys, (key) => key.child.toLowerCase())
    this.#byParent = Map.groupBy(keys, (key) => key.parent.toLowerCase())
  }

  /** False: no table has a foreign key, so there is nothing to check. */
  get isNeeded(): boolean {
    return this.#byChild.size > 0
  }

  /** What is wrong with the row now; null: nothing. */
  violation(change: RowChange): string | null {
    const name = change.table.name.toLowerCase()
    if (change.kind !== 'delete')
      for (const key of this.#byChild.get(name) ?? [])
        if (this.#isOrphaned(change, key)) return messageFor(key)
    if (change.kind !== 'insert')
      for (const key of this.#byParent.get(name) ?? [])
        if (this.#hasOrphans(change, key)) return messageFor(key)
    return null
  }

  #isOrphaned(change: RowChange, key: ForeignKey): boolean {
    if (change.kind === 'update' && !sets(change, key.columns)) return false
    const { where, bindings } = this.#tables.get(change.table).locate(this.#currentIdentity(change))
    return this.#exists(
      `SELECT 1 FROM ${quoteIdentifier(key.child)} WHERE ${where} AND ${isOrphan(key)}`,
      bindings,
    )
  }

  #hasOrphans(change: RowChange, key: ForeignKey): boolean {
    if (change.kind === 'update' && !sets(change, key.parentColumns)) return false
    const values = key.parentColumns.map((name) => oldValue(change, name))
    const children = `SELECT 1 FROM ${quoteIdentifier(key.child)} WHERE`
    if (values.some((value) => value === undefined || value instanceof ValueDigest)) {
      if (this.#checked.has(key)) return false
      this.#checked.add(key)
      return this.#exists(`${children} ${isOrphan(key)}`, [])
    }
    const known = values as readonly SqlValue[]
    if (known.includes(null)) return false
    const matches = key.columns
      .map((name, index) => `${quoteIdentifier(name)} = ${placeholder(known[index]!)}`)
      .join(' AND ')
    return this.#exists(`${children} ${matches} AND ${isOrphan(key)}`, known.map(binding))
  }

  /** Where the row is after the change: under its new key, if it has got one. */
  #currentIdentity(change: RowChange): ReturnType<typeof identityOf> {
    const key = change.table.key.map((position, index) => {
      const written = change.columns.indexOf(position)
      return written < 0 ? (change.key[index] ?? null) : change.values[written]!
    })
    const identity = identityOf(change.table, key, change.rowid)
    if (identity.by === 'key') return identity
    return { by: 'rowid', rowid: this.#rowids.resolve(change.table.name, identity.rowid) }
  }

  #exists(sql: string, bindings: readonly unknown[]): boolean {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement.get(...bindings) !== undefined
  }
}

function sets({ table, columns }: RowChange, names: readonly string[]): boolean {
  const written = new Set(columns.map((column) => table.columns[column]!.toLowerCase()))
  return names.some((name) => written.has(name.toLowerCase()))
}

/** The value that the client saw before the change; undefined if it did not say. */
function oldValue(
  { table, key, expectedColumns, expected }: RowChange,
  name: string,
): ImageValue | undefined {
  const column = table.columns.findIndex((other) => other.toLowerCase() === name.toLowerCase())
  const inKey = table.key.indexOf(column)
  if (inKey >= 0 && key.length > 0) return key[inKey]
  const index = expectedColumns.indexOf(column)
  return index < 0 ? undefined : expected[index]
}

function messageFor({ child, columns, parent, parentColumns }: ForeignKey): string {
  return `FOREIGN KEY constraint failed: ${child}(${columns.join()}) references ${parent}(${parentColumns.join()})`
}
