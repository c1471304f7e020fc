import type { SqlValue, TableShape } from '@tidemark/protocol'

/** A row change as it was captured: complete images, values in the order of `table.columns`. */
export interface CapturedRow {
  readonly kind: 'insert' | 'update' | 'delete'
  readonly changeId: number
  /** Milliseconds since the epoch. */
  readonly timeMs: number
  readonly table: TableShape
  /** The row's rowid before the change (of an insert: the new one); null where the table has none. */
  readonly rowid: bigint | null
  /** null for an insert. */
  readonly before: readonly SqlValue[] | null
  /** null for a delete. */
  readonly after: readonly SqlValue[] | null
}

/** A schema statement, or `PRAGMA user_version = N`, `PRAGMA application_id = N`. */
export interface CapturedSchema {
  readonly kind: 'schema'
  readonly changeId: number
  readonly timeMs: number
  readonly sql: string
}

/** The end of an explicit transaction: what is before it must not be split over two pushes. */
export interface CapturedCommit {
  readonly kind: 'commit'
  readonly changeId: number
  readonly timeMs: number
  /**
   * The last id before the transaction began; its own id: it ends none. Null: not known, then all that no
   * other marker covers belongs to it.
   */
  readonly lastIdBefore: number | null
}

export type CapturedChange = CapturedRow | CapturedSchema | CapturedCommit
