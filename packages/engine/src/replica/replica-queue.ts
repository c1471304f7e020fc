import type Database from 'better-sqlite3'

import { dependentChanges } from '../queue/dependent-changes.ts'
import type { Reason } from '../queue/reason.ts'
import { deleteRejected, rejectedCount, rejectedEntries } from '../queue/rejected-changes.ts'
import type { RejectedEntry } from '../queue/rejected-changes.ts'
import type { Conflict, Row } from '../replay/conflict.ts'
import { editQueue } from './edit-queue.ts'
import type { ReplayOptions } from './finish-replay.ts'
import { retryRejected } from './retry-rejected.ts'
import type { ReplicaSession } from './session.ts'

/**
 * The pending changes of a replica and those that were set aside, as an application deals with single ones
 * (docs/adr/0010).
 */
export class ReplicaQueue {
  readonly #session: ReplicaSession

  constructor(session: ReplicaSession) {
    this.#session = session
  }

  /**
   * Takes a change that the server refuses out of the queue, to `tidemark_rejected`, with all of its
   * transaction and the later transactions that touch the same rows (docs/adr/0010). What they did is taken
   * out of the tables. Returns how many changes that are; 0: the change is not pending.
   *
   * @throws BusyError when somebody is writing; StateError `TIDEMARK_BASE_LOST`: pull first
   */
  setAside(rejection: Reason & { readonly changeId: number }, options: ReplayOptions): number {
    return editQueue(
      this.#session,
      {
        select: (db) => this.#dependents(db, new Set([rejection.changeId]), true),
        rejection: { ...rejection, timeMs: Date.now() },
      },
      options,
    )
  }

  /**
   * Drops pending changes, and later ones of the same rows. The rows are then as the server has them, but for
   * earlier pending changes. Returns how many changes that were. Errors as {@link setAside}.
   */
  discard(changeIds: ReadonlySet<number>, options: ReplayOptions): number {
    return editQueue(
      this.#session,
      { select: (db) => this.#dependents(db, changeIds, false), rejection: null },
      options,
    )
  }

  /** How many changes {@link discard} would drop now. */
  discardCount(changeIds: ReadonlySet<number>): number {
    return this.#dependents(this.#session.work.db, changeIds, false).size
  }

  /** What was set aside, oldest first. */
  rejected(): RejectedEntry[] {
    return rejectedEntries(this.#session.user)
  }

  /** How many entries {@link rejected} has. */
  rejectedCount(): number {
    return rejectedCount(this.#session.user)
  }

  /** Puts what was set aside back: see {@link retryRejected}. Returns how many changes are pending again. */
  retryRejected(
    id: number,
    options: { readonly row: Row | null; readonly onConflict: (conflict: Conflict) => void },
  ): number {
    return retryRejected(this.#session, id, options)
  }

  /** Drops what was set aside. Returns how many changes that were. @throws BusyError */
  discardRejected(id: number): number {
    return this.#session.inWriteTransaction('dropping rejected changes', (db) => deleteRejected(db, id))
  }

  #dependents(
    db: Database.Database,
    seeds: ReadonlySet<number>,
    wholeTransactions: boolean,
  ): ReadonlySet<number> {
    return dependentChanges(db, { afterId: this.#session.info.lastPushedChangeId, seeds, wholeTransactions })
  }
}
