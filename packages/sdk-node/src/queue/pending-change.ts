import type { Reason } from '@tidemark/engine'
import type { SqlValue } from '@tidemark/protocol'

/** Values by column name, each with its exact SQLite storage class. */
export type Row = Readonly<Record<string, SqlValue>>

/** A change of the local file, as it was captured. */
export type LocalChange =
  | {
      readonly kind: 'insert' | 'update' | 'delete'
      readonly changeId: number
      /** Milliseconds since the epoch, by the local clock. */
      readonly changeTime: number
      readonly table: string
      /** The key before the change (of an insert: after it); the rowid where the table has no key. */
      readonly key: readonly SqlValue[]
      /** null for an insert. */
      readonly before: Row | null
      /** null for a delete. */
      readonly after: Row | null
    }
  | {
      readonly kind: 'schema'
      readonly changeId: number
      readonly changeTime: number
      readonly sql: string
    }

/** A change that waits to be pushed. */
export type PendingChange = LocalChange & {
  /**
   * Why the change is not in its table: since the last pull it would violate a constraint there. It is tried
   * again with each pull, and the server is asked with the next push. Null: it is in its table.
   */
  readonly blocked: Reason | null
}

export interface PendingFilter {
  /** Only changes of this table. */
  readonly table?: string
  /** At most this many. Default 1000. */
  readonly limit?: number
}
