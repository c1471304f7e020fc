import type { ConflictKind, SqlValue } from '@tidemark/protocol'
import type { Reason } from '../queue/reason.ts'

/** A row by column names. */
export type Row = Readonly<Record<string, SqlValue>>

/** A pending change that met another state of its row than the one it was made on. */
export interface Conflict {
  readonly table: string
  /** The row's key before the change; its rowid where the table has no key. */
  readonly key: readonly SqlValue[]
  /**
   * What was done here, and what had been done elsewhere. `constraint`: the change violates a constraint, or
   * its table is gone.
   */
  readonly kind: ConflictKind
  readonly changeId: number
  /** The row as last seen from the server; null: there was none. */
  readonly base: Row | null
  /** The row after the pending change; null: deleted. */
  readonly local: Row | null
  /** The row as it came from the server; null: there is none. */
  readonly remote: Row | null
  /** Why the change cannot be made, where the kind is `constraint`; else null. */
  readonly reason: Reason | null
}

/**
 * What becomes of a conflict: the pending change, the server's row, or a row made from both. Columns that
 * `row` leaves out keep the server's value, or the local one where the server has no row. Not asked about
 * `constraint`.
 */
export type Resolution = 'keep-local' | 'accept-remote' | { readonly row: Row }

export type ConflictResolver = (conflict: Conflict) => Resolution
