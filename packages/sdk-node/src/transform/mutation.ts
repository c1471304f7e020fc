/** A value as JavaScript code likes it: an INTEGER that a number cannot hold exactly is a bigint. */
export type MutationValue = null | number | bigint | string | Uint8Array

export type MutationRow = Readonly<Record<string, MutationValue>>

/** One row change that is about to be pushed. */
export interface Mutation {
  /** When it was made, milliseconds since the epoch, by the local clock. */
  readonly changeTime: number
  readonly tableName: string
  /** The row's rowid; null in tables that have none. */
  readonly id: number | bigint | null
  readonly changeType: 'insert' | 'update' | 'delete'
  /** The row before; not for inserts. */
  readonly before?: MutationRow
  /** The row after; not for deletes. */
  readonly after?: MutationRow
  /** For updates: the columns that changed, with their new values. */
  readonly updates?: MutationRow
}

/**
 * `null` pushes the change as it is, `skip` does not push it, `rewrite` pushes what the statement does
 * instead: at most one row change, of any table, computed from the local rows as they were without the
 * original change.
 */
export type TransformDecision =
  | null
  | { readonly operation: 'skip' }
  | {
      readonly operation: 'rewrite'
      readonly stmt: { readonly sql: string; readonly values: readonly MutationValue[] }
    }

/** Called for each row change that is pushed, in order; never for schema changes. */
export type Transform = (mutation: Mutation) => TransformDecision
