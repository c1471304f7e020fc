import type BetterSqlite3 from 'better-sqlite3'
import type { TransactionTracker } from './transaction-tracker.ts'

/** How SQLite locks when a transaction begins. */
const BEGINNINGS = {
  default: 'BEGIN',
  deferred: 'BEGIN DEFERRED',
  immediate: 'BEGIN IMMEDIATE',
  exclusive: 'BEGIN EXCLUSIVE',
} as const

type Behavior = keyof typeof BEGINNINGS
type NativeStatement = BetterSqlite3.Statement<unknown[], unknown>

/** What can run in a transaction. */
export type TransactionBody = Parameters<BetterSqlite3.Database['transaction']>[0]

/** A function that runs inside a transaction; its properties are versions of it that lock in other ways. */
export type TransactionFunction<F extends TransactionBody> = BetterSqlite3.Transaction<F>

interface NestedStatements {
  readonly savepoint: NativeStatement
  readonly release: NativeStatement
  readonly rollbackTo: NativeStatement
}

/**
 * Makes transaction functions as better-sqlite3 does: nested calls become savepoints, a throw rolls back and passes on.
 */
export class TransactionFactory {
  readonly #database: BetterSqlite3.Database
  readonly #connection: BetterSqlite3.Database
  readonly #tracker: TransactionTracker
  readonly #commit: NativeStatement
  readonly #rollback: NativeStatement
  readonly #nested: NestedStatements

  constructor(
    database: BetterSqlite3.Database,
    connection: BetterSqlite3.Database,
    tracker: TransactionTracker,
  ) {
    this.#database = database
    this.#connection = connection
    this.#tracker = tracker
    this.#commit = connection.prepare('COMMIT')
    this.#rollback = connection.prepare('ROLLBACK')
    this.#nested = {
      savepoint: connection.prepare('SAVEPOINT "tidemark nested"'),
      release: connection.prepare('RELEASE "tidemark nested"'),
      rollbackTo: connection.prepare('ROLLBACK TO "tidemark nested"'),
    }
  }

  create<F extends TransactionBody>(fn: F): TransactionFunction<F> {
    if (typeof fn !== 'function') throw new TypeError('Expected first argument to be a function')
    const versions = {
      default: this.#wrap(fn, 'default'),
      deferred: this.#wrap(fn, 'deferred'),
      immediate: this.#wrap(fn, 'immediate'),
      exclusive: this.#wrap(fn, 'exclusive'),
    }
    for (const version of Object.values(versions)) {
      for (const [behavior, value] of Object.entries(versions))
        Object.defineProperty(version, behavior, { value })
      Object.defineProperty(version, 'database', { value: this.#database, enumerable: true })
    }
    return versions.default as unknown as TransactionFunction<F>
  }

  #wrap(fn: TransactionBody, behavior: Behavior): (...params: unknown[]) => unknown {
    const connection = this.#connection
    const begin: NativeStatement = connection.prepare(BEGINNINGS[behavior])
    const runNested = (call: () => unknown): unknown => this.#runNested(call)
    const runOutermost = (call: () => unknown): unknown => this.#runOutermost(begin, call)
    return function transaction(this: unknown, ...params: unknown[]): unknown {
      const call = (): unknown => refusePromise(fn.apply(this, params))
      return connection.inTransaction ? runNested(call) : runOutermost(call)
    }
  }

  #runOutermost<T>(begin: NativeStatement, call: () => T): T {
    begin.run()
    this.#tracker.noteBegin()
    try {
      const result = call()
      this.#tracker.commit(() => this.#commit.run())
      return result
    } catch (error) {
      if (this.#connection.inTransaction) this.#rollback.run()
      throw error
    }
  }

  #runNested<T>(call: () => T): T {
    const { savepoint, release, rollbackTo } = this.#nested
    savepoint.run()
    try {
      const result = call()
      release.run()
      return result
    } catch (error) {
      if (this.#connection.inTransaction) {
        rollbackTo.run()
        release.run()
      }
      throw error
    }
  }
}

function refusePromise<T>(result: T): T {
  if (typeof (result as { then?: unknown } | null | undefined)?.then === 'function') {
    throw new TypeError('Transaction function cannot return a promise')
  }
  return result
}
