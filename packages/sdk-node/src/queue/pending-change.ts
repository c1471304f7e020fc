import type { SqlValue } from '@tidemark/protocol'

/** Values by column name, each with its exact SQLite storage class. */
export type Row = Readonly<Record<string, SqlValue>>

/** A change that waits to be pushed. */
export type PendingChange =
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

export interface PendingFilter {
  /** Only changes of this table. */
  readonly table?: string
  /** At most this many. Default 1000. */
  readonly limit?: number
}
