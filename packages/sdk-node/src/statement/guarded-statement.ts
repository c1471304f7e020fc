import type BetterSqlite3 from 'better-sqlite3'
import { Statement } from './statement.ts'
import type { RunResult } from './statement.ts'

/** Runs `execute` between what must happen before and after it. */
export type StatementGuard = <T>(execute: () => T) => T

/**
 * A statement that capture must know of as it runs: schema changes, BEGIN, COMMIT, SAVEPOINT,
 * `PRAGMA user_version = …`.
 */
export class GuardedStatement<
  BindParameters extends unknown[] = unknown[],
  Result = unknown,
> extends Statement<BindParameters, Result> {
  readonly #guard: StatementGuard

  constructor(
    database: BetterSqlite3.Database,
    inner: BetterSqlite3.Statement<unknown[], unknown>,
    guard: StatementGuard,
  ) {
    super(database, inner)
    this.#guard = guard
  }

  override run(...params: BindParameters): RunResult {
    return this.#guard(() => super.run(...params))
  }

  override get(...params: BindParameters): Result | undefined {
    return this.#guard(() => super.get(...params))
  }

  override all(...params: BindParameters): Result[] {
    return this.#guard(() => super.all(...params))
  }

  override iterate(...params: BindParameters): IterableIterator<Result> {
    return this.#guard(() => super.all(...params)).values()
  }
}
