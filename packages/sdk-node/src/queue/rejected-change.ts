import type { RejectedEntry } from '@tidemark/engine'
import { localChange } from './local-change.ts'
import type { LocalChange } from './pending-change.ts'

/**
 * What was taken out of the queue because the server refuses a change of it. It stays until it is put back or
 * discarded.
 */
export interface RejectedChange {
  /** Names it; the id of the change that was refused. */
  readonly id: number
  /** When, in milliseconds since the epoch. */
  readonly rejectedAt: number
  /** SQLite's extended result code, as in `SQLITE_CONSTRAINT_UNIQUE`. */
  readonly sqliteCode: string
  readonly message: string
  /**
   * The change that was refused, the others of its transaction, and later transactions that touch the same
   * rows; in order.
   */
  readonly changes: readonly LocalChange[]
}

export function rejectedChange({ id, timeMs, sqliteCode, message, changes }: RejectedEntry): RejectedChange {
  return {
    id,
    rejectedAt: timeMs,
    sqliteCode,
    message,
    changes: changes.map(localChange).filter((change) => change !== null),
  }
}
