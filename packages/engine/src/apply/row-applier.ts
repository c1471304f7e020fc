import { matchesImage } from '@tidemark/protocol'
import type { ConflictKind, RowChange, SqlValue } from '@tidemark/protocol'
import { sameValue } from '../sql/value-equality.ts'
import { isOperational, isTaken, sqliteCode } from '../sql/sqlite-error.ts'
import { RefusedChangeError } from './refused-change-error.ts'
import { hasWholeKey, identityOf } from './row-identity.ts'
import type { RowidMap } from './rowid-map.ts'
import type { RowIdentity, TargetTable } from './target-table.ts'
import type { TargetTables } from './target-tables.ts'

/**
 * What a change met.
 *
 * - applied: the row was as the client knew it, or already as the client wants it
 * - overwrote: it was not; the change was applied over it, and `remote` is what it was
 * - conflict: it was not, and the change could not or must not be applied
 */
export type RowOutcome =
  | { readonly type: 'applied' }
  | {
      readonly type: 'overwrote' | 'conflict'
      readonly kind: ConflictKind
      readonly remote: Readonly<Record<string, SqlValue>> | null
    }

const applied: RowOutcome = { type: 'applied' }

/**
 * Applies row changes of one client, the newest wins. Rows without a key are known by their rowid alone,
 * which another client may have given to another row: they are changed only if they are entirely as the
 * client knew them.
 */
export class RowApplier {
  readonly #tables: TargetTables
  readonly #rowids: RowidMap

  constructor(tables: TargetTables, rowids: RowidMap) {
    this.#tables = tables
    this.#rowids = rowids
  }

  /** @throws SqliteError on a constraint, RefusedChangeError on a table or column that does not exist */
  apply(change: RowChange): RowOutcome {
    const table = this.#tables.get(change.table)
    switch (change.kind) {
      case 'insert':
        return this.#insert(table, change)
      case 'update':
        return this.#update(table, change)
      case 'delete':
        return this.#delete(table, change)
    }
  }

  /**
   * Applies inserts that belong together (see {@link insertGroups}) by one statement. False: nothing was done,
   * as one of them is in conflict or refused; {@link apply} each then.
   *
   * @throws SqliteError when the machine or the file fails
   */
  insertAll(inserts: readonly RowChange[]): boolean {
    const { table, columns } = inserts[0]!
    try {
      return this.#tables.get(table).insertAll(columns, inserts)
    } catch (error) {
      const code = sqliteCode(error)
      const isOfARow = code === null ? error instanceof RefusedChangeError : !isOperational(code)
      if (!isOfARow) throw error
      return false
    }
  }

  #insert(table: TargetTable, change: RowChange): RowOutcome {
    const { columns, values } = change
    if (!hasWholeKey(change)) {
      this.#insertByRowid(table, change)
      return applied
    }
    try {
      table.insert(columns, values)
      return applied
    } catch (error) {
      if (!isTaken(error)) throw error
      const identity: RowIdentity = { by: 'key', values: insertedKey(change) }
      const row = table.read(identity)
      // Another unique key is taken, by another row.
      if (row === undefined) throw error
      if (columns.every((column, index) => sameValue(row[column]!, values[index]!))) return applied
      table.update(identity, columns, values)
      return { type: 'overwrote', kind: 'insert/insert', remote: table.named(row) }
    }
  }

  #insertByRowid(table: TargetTable, { columns, values, rowid }: RowChange): void {
    if (rowid === null)
      throw new RefusedChangeError(`a row of table ${table.shape.name} has neither key nor rowid`)
    try {
      table.insertAt(rowid, columns, values)
      this.#rowids.set(table.shape.name, rowid, rowid)
    } catch (error) {
      if (!isTaken(error) || table.read({ by: 'rowid', rowid }) === undefined) throw error
      this.#rowids.set(table.shape.name, rowid, table.insertAnywhere(columns, values))
    }
  }

  #update(table: TargetTable, change: RowChange): RowOutcome {
    const { columns, values, expectedColumns, expected } = change
    const identity = this.#resolve(change)
    if (identity.by === 'key' && expectedColumns.length === columns.length && !this.#losesKey(change)) {
      if (table.updateExpected(identity.values, columns, values, expected)) return applied
    }
    const row = table.read(identity)
    if (row === undefined) return { type: 'conflict', kind: 'update/delete', remote: null }
    const isExpected = isAsExpected(row, change)
    if (identity.by === 'rowid' && !isExpected)
      return { type: 'conflict', kind: 'update/update', remote: table.named(row) }
    if (this.#losesKey(change)) this.#followRowid(table, change, identity)
    table.update(identity, columns, values)
    if (isExpected || !losesValue(row, change)) return applied
    return { type: 'overwrote', kind: 'update/update', remote: table.named(row) }
  }

  #delete(table: TargetTable, change: RowChange): RowOutcome {
    const identity = this.#resolve(change)
    const row = table.read(identity)
    if (row === undefined) return applied
    const isExpected = isAsExpected(row, change)
    if (identity.by === 'rowid' && !isExpected)
      return { type: 'conflict', kind: 'delete/update', remote: table.named(row) }
    table.delete(identity)
    return isExpected ? applied : { type: 'overwrote', kind: 'delete/update', remote: table.named(row) }
  }

  #resolve(change: RowChange): RowIdentity {
    const identity = identityOf(change.table, change.key, change.rowid)
    return identity.by === 'key'
      ? identity
      : { by: 'rowid', rowid: this.#rowids.resolve(change.table.name, identity.rowid) }
  }

  /** The update puts NULL into the key, so that from then on the row is known by its rowid. */
  #losesKey({ table, columns, values }: RowChange): boolean {
    return (
      values.includes(null) &&
      columns.some((column, index) => values[index] === null && table.key.includes(column))
    )
  }

  #followRowid(table: TargetTable, { rowid }: RowChange, identity: RowIdentity): void {
    const remote = table.rowidOf(identity)
    if (rowid !== null && remote !== null) this.#rowids.set(table.shape.name, rowid, remote)
  }
}

/** The key of the row that is inserted; NULL where the change does not say. */
function insertedKey({ table, columns, values }: RowChange): SqlValue[] {
  return table.key.map(
    (position) => values[columns[position] === position ? position : columns.indexOf(position)] ?? null,
  )
}

/** The update sets a column that somebody else has set to something else. */
function losesValue(
  row: readonly SqlValue[],
  { columns, values, expectedColumns, expected }: RowChange,
): boolean {
  return columns.some((column, index) => {
    const image = expected[expectedColumns[index] === column ? index : expectedColumns.indexOf(column)]
    const isKnown = image !== undefined && matchesImage(image, row[column]!)
    return !isKnown && !sameValue(row[column]!, values[index]!)
  })
}

function isAsExpected(row: readonly SqlValue[], { expectedColumns, expected }: RowChange): boolean {
  return expectedColumns.every((column, index) => matchesImage(expected[index]!, row[column]!))
}
