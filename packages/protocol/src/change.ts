import type { ImageValue, SqlValue } from './value.ts'

/**
 * The shape of a table when a change was captured. Columns go by name: the table may have changed since.
 * Generated columns are left out.
 */
export interface TableShape {
  readonly name: string
  /** Names of the stored columns, in table order. */
  readonly columns: readonly string[]
  /** Positions in `columns` of the key columns, in key order. Empty: the row's identity is its rowid. */
  readonly key: readonly number[]
}

/**
 * One row changed.
 *
 * - insert: `columns` are all columns, `values` the new row; `key` is empty (the key is in `values`).
 * - update: `columns` are the changed columns, `values` their new values; `key` the key before the change.
 * - delete: `columns` and `values` are empty; `key` the key of the deleted row.
 *
 * `expectedColumns`/`expected` are before images for conflict detection: of the changed columns for an update, of all
 * columns for a delete, empty for an insert.
 */
export interface RowChange {
  readonly kind: 'insert' | 'update' | 'delete'
  readonly changeId: number
  readonly table: TableShape
  /**
   * The row's rowid where the table has one (before the change); the identity where `table.key` is empty or
   * the key has a NULL.
   */
  readonly rowid: bigint | null
  readonly key: readonly SqlValue[]
  readonly columns: readonly number[]
  readonly values: readonly SqlValue[]
  readonly expectedColumns: readonly number[]
  readonly expected: readonly ImageValue[]
}

/** One schema statement: CREATE, DROP, ALTER, or `PRAGMA user_version = N`, `PRAGMA application_id = N`. */
export interface SchemaChange {
  readonly kind: 'schema'
  readonly changeId: number
  readonly sql: string
}

export type Change = RowChange | SchemaChange
