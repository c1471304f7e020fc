import type BetterSqlite3 from 'better-sqlite3'
import { StateError } from '@tidemark/protocol'

type NativeStatement = BetterSqlite3.Statement<unknown[], unknown>

/** The outcome of {@link Statement.run}, as better-sqlite3 gives it. */
export type RunResult = BetterSqlite3.RunResult

/** What {@link Statement.columns} tells of one result column. */
export type ColumnDefinition = BetterSqlite3.ColumnDefinition

/**
 * A prepared statement with better-sqlite3's methods, on the synced file. It stays valid across pulls, schema
 * changes included: SQLite prepares it again by itself. Values can be given one by one, as an array, or as an
 * object for named parameters.
 *
 * Reads and row writes pass straight through to better-sqlite3; what is captured, triggers capture.
 */
export class Statement<BindParameters extends unknown[] = unknown[], Result = unknown> {
  readonly database: BetterSqlite3.Database
  #inner: NativeStatement

  /** @internal made by `db.prepare` */
  constructor(database: BetterSqlite3.Database, inner: NativeStatement) {
    this.database = database
    this.#inner = inner
  }

  /** The SQL that this was prepared from. */
  get source(): string {
    return this.#inner.source
  }

  /** True if it returns rows. */
  get reader(): boolean {
    return this.#inner.reader
  }

  /** True if it does not write, as SQLite sees it. */
  get readonly(): boolean {
    return this.#inner.readonly
  }

  /** True while an iterator of it is open. */
  get busy(): boolean {
    return this.#inner.busy
  }

  run(...params: BindParameters): RunResult {
    return this.#inner.run(...params)
  }

  get(...params: BindParameters): Result | undefined {
    return this.#inner.get(...params) as Result | undefined
  }

  all(...params: BindParameters): Result[] {
    return this.#inner.all(...params) as Result[]
  }

  iterate(...params: BindParameters): IterableIterator<Result> {
    return this.#inner.iterate(...params) as IterableIterator<Result>
  }

  /** Rows come as the value of their first column. */
  pluck(toggle?: boolean): this {
    this.#inner.pluck(toggle ?? true)
    return this
  }

  /** Rows come as one object per table. */
  expand(toggle?: boolean): this {
    this.#inner.expand(toggle ?? true)
    return this
  }

  /** Rows come as arrays. */
  raw(toggle?: boolean): this {
    this.#inner.raw(toggle ?? true)
    return this
  }

  /** Binds values for good; the statement can be given none afterwards. */
  bind(...params: BindParameters): this {
    this.#inner.bind(...params)
    return this
  }

  columns(): ColumnDefinition[] {
    return this.#inner.columns()
  }

  /** INTEGERs come as bigint. */
  safeIntegers(toggle?: boolean): this {
    this.#inner.safeIntegers(toggle ?? true)
    return this
  }

  /**
   * Any use after this fails with a StateError. Only code written for Turso's API needs it; memory is freed without.
   */
  close(): void {
    this.#inner = closedStatement(this.#inner.source)
  }
}

function closedStatement(source: string): NativeStatement {
  return new Proxy({} as NativeStatement, {
    get(_target, property) {
      if (property === 'source') return source
      throw new StateError('TIDEMARK_STATEMENT_CLOSED', `the statement was closed: ${source}`, {
        recovery: 'bug',
      })
    },
  })
}
