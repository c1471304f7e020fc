import type BetterSqlite3 from 'better-sqlite3'
import { hasCapture, writeCommitMarker } from '@tidemark/engine'
import type { StatementClass } from '@tidemark/engine'
import type { WriteCounter } from '../statement/write-statement.ts'

type TransactionStatement = Extract<StatementClass, { kind: 'transaction' }>

/**
 * Brackets explicit transactions: before one that changed something commits, a commit marker is written, so
 * that a push never splits it (I5). SQLite itself says whether a transaction is open; this only remembers how
 * it was opened.
 */
export class TransactionTracker {
  readonly #connection: BetterSqlite3.Database
  readonly #lastCommittedChangeId: () => number
  readonly #writes: WriteCounter
  readonly #totalChanges: BetterSqlite3.Statement<[], number>
  readonly #savepoint: BetterSqlite3.Statement
  readonly #release: BetterSqlite3.Statement
  readonly #rollbackTo: BetterSqlite3.Statement
  #changesAtBegin = 0
  /** Open savepoints, outermost first, when a SAVEPOINT opened the transaction; empty when BEGIN did. */
  #savepoints: string[] = []

  constructor(connection: BetterSqlite3.Database, lastCommittedChangeId: () => number, writes: WriteCounter) {
    this.#connection = connection
    this.#lastCommittedChangeId = lastCommittedChangeId
    this.#writes = writes
    this.#totalChanges = connection.prepare<[], number>('SELECT total_changes()').pluck()
    this.#savepoint = connection.prepare('SAVEPOINT "tidemark commit"')
    this.#release = connection.prepare('RELEASE "tidemark commit"')
    this.#rollbackTo = connection.prepare('ROLLBACK TO "tidemark commit"')
  }

  /** Call after a transaction was opened by BEGIN. */
  noteBegin(): void {
    this.#savepoints = []
    this.#changesAtBegin = this.#countChanges()
  }

  /**
   * Runs a COMMIT, or the RELEASE that means one, after a commit marker. A commit that fails and leaves the
   * transaction open, as deferred foreign keys can make it, takes the marker back: it would stand in the
   * middle of what is committed later. One that succeeds is counted: the writes before it were counted while
   * nothing of them was in the WAL.
   */
  commit<T>(execute: () => T): T {
    const connection = this.#connection
    if (!connection.inTransaction || this.#countChanges() === this.#changesAtBegin) return execute()
    const result = this.#commitMarked(execute)
    this.#writes.countCommit()
    return result
  }

  #commitMarked<T>(execute: () => T): T {
    this.#savepoint.run()
    try {
      this.#writeMarker()
      return execute()
    } catch (error) {
      if (this.#connection.inTransaction) {
        this.#rollbackTo.run()
        this.#release.run()
      }
      throw error
    }
  }

  /**
   * Between the two halves of a pull, of another process, there is no queue. All that is written then is
   * captured as one when the pull is finished.
   */
  #writeMarker(): void {
    try {
      writeCommitMarker(this.#connection, this.#lastCommittedChangeId())
    } catch (error) {
      if (hasCapture(this.#connection)) throw error
    }
  }

  /** Runs a BEGIN, COMMIT, ROLLBACK, SAVEPOINT or RELEASE. */
  run<T>(statement: TransactionStatement, execute: () => T): T {
    switch (statement.action) {
      case 'begin': {
        const result = execute()
        this.noteBegin()
        return result
      }
      case 'commit':
        return this.commit(execute)
      case 'savepoint':
        return this.#runSavepoint(statement.savepoint ?? '', execute)
      case 'release':
        return this.#runRelease(statement.savepoint ?? '', execute)
      case 'rollback':
        return this.#runRollback(statement.savepoint, execute)
    }
  }

  #runSavepoint<T>(name: string, execute: () => T): T {
    const isOutermost = !this.#connection.inTransaction
    const result = execute()
    if (isOutermost) {
      this.noteBegin()
      this.#savepoints = [name]
    } else if (this.#savepoints.length > 0) {
      this.#savepoints.push(name)
    }
    return result
  }

  #runRelease<T>(name: string, execute: () => T): T {
    const index = this.#savepointIndex(name)
    const result = index === 0 ? this.commit(execute) : execute()
    if (index >= 0) this.#savepoints.length = index
    return result
  }

  #runRollback<T>(name: string | null, execute: () => T): T {
    const result = execute()
    const index = name === null ? -1 : this.#savepointIndex(name)
    if (index >= 0) this.#savepoints.length = index + 1
    return result
  }

  /**
   * The innermost one of that name; SQLite compares names without regard to case. -1: none, or BEGIN opened
   * the transaction.
   */
  #savepointIndex(name: string): number {
    const wanted = name.toLowerCase()
    return this.#savepoints.findLastIndex((savepoint) => savepoint.toLowerCase() === wanted)
  }

  #countChanges(): number {
    return this.#totalChanges.get() ?? 0
  }
}
