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

/**
 * Which pending changes to list. A list that `limit` or `maxBytes` has ended may be shorter than `limit`: to
 * see all, ask again with `after`, the `changeId` of the last one, until a list is empty.
 */
export interface PendingFilter {
  /** Only changes of this table. */
  readonly table?: string
  /**
   * Only changes with a `changeId` above this one. Ids ascend in the list, blocked changes among them, and
   * changes that are put back get new ones at its end; so this may also be one that is not pending any more.
   * Default 0.
   */
  readonly after?: number
  /** At most this many. Default 1000. */
  readonly limit?: number
  /**
   * The list ends with the change that brings its values, of both `before` and `after`, to this many bytes:
   * it has one change at least, however large that is, and no more than one beyond them. Default 16 MiB.
   */
  readonly maxBytes?: number
}
