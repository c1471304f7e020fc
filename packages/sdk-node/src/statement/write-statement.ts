import type BetterSqlite3 from 'better-sqlite3'
import { Statement } from './statement.ts'
import type { RunResult } from './statement.ts'

/** Counts local writes. */
export interface WriteCounter {
  countWrite(): void
  /** A transaction of several statements was committed. */
  countCommit(): void
}

/** INSERT, UPDATE, DELETE, REPLACE: triggers capture the rows, this only counts, so that a long WAL is noticed. */
export class WriteStatement<BindParameters extends unknown[] = unknown[], Result = unknown> extends Statement<
  BindParameters,
  Result
> {
  readonly #writes: WriteCounter

  constructor(
    database: BetterSqlite3.Database,
    inner: BetterSqlite3.Statement<unknown[], unknown>,
    writes: WriteCounter,
  ) {
    super(database, inner)
    this.#writes = writes
  }

  override run(...params: BindParameters): RunResult {
    const result = super.run(...params)
    this.#writes.countWrite()
    return result
  }

  override get(...params: BindParameters): Result | undefined {
    const row = super.get(...params)
    this.#writes.countWrite()
    return row
  }

  override all(...params: BindParameters): Result[] {
    const rows = super.all(...params)
    this.#writes.countWrite()
    return rows
  }
}
