import type BetterSqlite3 from 'better-sqlite3'
import type { SyncEventName, SyncListener } from '../events/sync-events.ts'
import type {
  ConnectOptions,
  OperationOptions,
  PullOptions,
  ResetOptions,
} from '../options/connect-options.ts'
import { validateOptions } from '../options/settings.ts'
import type { DiscardFilter } from '../queue/discard-filter.ts'
import type { DiscardOptions, RetryRejectedOptions } from '../queue/edit-queue.ts'
import type { PendingChange, PendingFilter } from '../queue/pending-change.ts'
import type { RejectedChange } from '../queue/rejected-change.ts'
import type { Statement } from '../statement/statement.ts'
import type { SyncStats } from '../stats/sync-stats.ts'
import type { PushResult, SyncResult } from '../sync/sync-results.ts'
import { SyncSession } from '../sync/sync-session.ts'
import { LocalSurface } from './local-surface.ts'
import type { TransactionBody, TransactionFunction } from './transaction-function.ts'

/** A function that SQL can call. */
export type SqlFunction = (...params: never[]) => unknown

/** How an aggregate function is computed; `inverse` makes it a window function. */
export interface AggregateOptions<T> extends BetterSqlite3.RegistrationOptions {
  readonly start?: T | (() => T) | undefined
  /** Gives the new total; undefined keeps the one it may have changed. */
  readonly step: (total: T, ...values: never[]) => unknown
  readonly inverse?: ((total: T, ...dropped: never[]) => T) | undefined
  readonly result?: ((total: T) => unknown) | undefined
}

/**
 * A SQLite database that syncs. Locally it is used as better-sqlite3's `Database`, synchronously; `push`,
 * `pull` and `sync` exchange changes with the remote one. Drivers made for better-sqlite3 take it as it is.
 */
export class Database implements BetterSqlite3.Database {
  readonly #name: string
  readonly #session: SyncSession
  #local: LocalSurface | null = null

  /**
   * Opens the local file at once where there is one. Where it must be downloaded first, that happens with
   * {@link connect} or the first sync method that is awaited; until then local methods fail with
   * `TIDEMARK_NOT_CONNECTED`. A file that SQLite cannot read is left closed: all but {@link reset} fails with
   * `TIDEMARK_BASE_DAMAGED` then.
   *
   * @throws OptionsError, StateError, BusyError
   */
  constructor(options: ConnectOptions) {
    const settings = validateOptions(options)
    this.#name = settings.path
    this.#session = new SyncSession(settings)
  }

  /** Downloads the database if it is not there yet. Other sync methods do it by themselves. */
  async connect(): Promise<this> {
    await this.#session.connect()
    return this
  }

  /**
   * Sends what is pending.
   *
   * @throws SyncConflictError with `detectConflicts`; RejectedError, CheckpointNeededError, BusyError,
   * NetworkError, AuthError, ProtocolError; StateError `TIDEMARK_SYNC_PAUSED` while there is no URL
   */
  async push(options: OperationOptions = {}): Promise<PushResult> {
    return await this.#session.push(options)
  }

  /**
   * Brings the server's newest revision, with pending changes on top. True if pages arrived: changes of
   * others, or this replica's own since the last pull. Errors as {@link push}.
   */
  async pull(options: PullOptions = {}): Promise<boolean> {
    return await this.#session.pull(options)
  }

  /** {@link push}, then {@link pull}; on a conflict pulls and pushes again, a bounded number of times. */
  async sync(options: OperationOptions = {}): Promise<SyncResult> {
    return await this.#session.sync(options)
  }

  /**
   * Compacts the local WAL, keeping what a later pull needs.
   *
   * @throws BusyError when another program is reading or writing
   */
  async checkpoint(): Promise<void> {
    await this.#session.checkpoint()
  }

  async stats(): Promise<SyncStats> {
    return await this.#session.stats()
  }

  /** The changes that the next push would send, oldest first, up to the bounds that the filter sets. */
  async pending(filter: PendingFilter = {}): Promise<PendingChange[]> {
    return await this.#session.pending(filter)
  }

  /**
   * What was set aside because the server refuses it (`onRejected: 'quarantine'`), oldest first. Local, needs
   * no network.
   */
  async rejected(): Promise<RejectedChange[]> {
    return await this.#session.rejected()
  }

  /**
   * Puts what was set aside back into the queue, on top of the rows as they are now, as one transaction.
   * `row` repairs the refused insert or update: its columns are written instead. Resolves to the number of
   * changes that are pending again.
   *
   * @throws RefusedChangeError when the local file refuses it too, StateError `TIDEMARK_NO_SUCH_REJECTION`;
   * what was set aside stays then
   */
  async retryRejected(id: number, options: RetryRejectedOptions = {}): Promise<number> {
    return await this.#session.retryRejected(id, options)
  }

  /**
   * Drops pending changes, and later ones of the same rows: the rows go back to what the server has, but for
   * earlier pending changes. Or drops an entry of {@link rejected}, for good. Resolves to the number of
   * changes dropped; with `dryRun` none is, and it is the number of those that would be.
   */
  async discard(filter: DiscardFilter, options: DiscardOptions = {}): Promise<number> {
    return await this.#session.discard(filter, options)
  }

  /**
   * Downloads the whole database again. Pending changes go on top, or are dropped with `keepPending: false`;
   * what was set aside stays. After a crash it is the old database or the new one. Also gets out of
   * `TIDEMARK_BASE_DAMAGED`, with what was pending when the damaged pages came.
   */
  async reset(options: ResetOptions = {}): Promise<void> {
    await this.#session.reset(options)
  }

  on<N extends SyncEventName>(name: N, listener: SyncListener<N>): this {
    this.#session.events.on(name, listener)
    return this
  }

  off<N extends SyncEventName>(name: N, listener: SyncListener<N>): this {
    this.#session.events.off(name, listener)
    return this
  }

  /** As given in the options. */
  get name(): string {
    return this.#name
  }

  /** True while the local file is open. */
  get open(): boolean {
    return this.#session.replica !== null
  }

  get inTransaction(): boolean {
    return this.#session.replica?.connection.inTransaction ?? false
  }

  get readonly(): boolean {
    return false
  }

  /** True for `:memory:`. */
  get memory(): boolean {
    return this.#name === ':memory:'
  }

  prepare<BindParameters extends unknown[] | {} = unknown[], Result = unknown>(
    sql: string,
  ): BindParameters extends unknown[]
    ? Statement<BindParameters, Result>
    : Statement<[BindParameters], Result> {
    return this.#surface.prepare(sql) as ReturnType<typeof this.prepare<BindParameters, Result>>
  }

  /** Runs all statements of a script. */
  exec(sql: string): this {
    this.#surface.exec(sql)
    return this
  }

  /** A function that runs in a transaction, and in a savepoint when it is called inside one. */
  transaction<F extends TransactionBody>(fn: F): TransactionFunction<F> {
    return this.#surface.transactions.create(fn)
  }

  pragma(source: string, options?: BetterSqlite3.PragmaOptions): unknown {
    return this.#surface.pragma(source, options)
  }

  /** SQLite's program for a statement, one row per instruction. */
  explain(sql: string): unknown[] {
    return this.#surface.asSet((connection) => connection.prepare(`EXPLAIN ${sql}`).all())
  }

  function(name: string, callback: SqlFunction): this
  function(name: string, options: BetterSqlite3.RegistrationOptions, callback: SqlFunction): this
  function(
    name: string,
    options: BetterSqlite3.RegistrationOptions | SqlFunction,
    callback?: SqlFunction,
  ): this {
    this.#surface.asSet((connection) =>
      connection.function(
        name,
        options as BetterSqlite3.RegistrationOptions,
        callback as (...params: unknown[]) => unknown,
      ),
    )
    return this
  }

  aggregate<T>(name: string, options: AggregateOptions<T>): this {
    this.#surface.asSet((connection) => connection.aggregate(name, options as BetterSqlite3.AggregateOptions))
    return this
  }

  table(name: string, options: Parameters<BetterSqlite3.Database['table']>[1]): this {
    this.#surface.asSet((connection) => connection.table(name, options))
    return this
  }

  loadExtension(...params: Parameters<BetterSqlite3.Database['loadExtension']>): this {
    this.#surface.connection.loadExtension(...params)
    return this
  }

  defaultSafeIntegers(toggle?: boolean): this {
    this.#surface.setSafeIntegers(toggle ?? true)
    return this
  }

  unsafeMode(toggle?: boolean): this {
    this.#surface.connection.unsafeMode(toggle ?? true)
    return this
  }

  /** A copy of the local file, pending changes included, made while it is in use. */
  async backup(
    destination: string,
    options?: BetterSqlite3.BackupOptions,
  ): Promise<BetterSqlite3.BackupMetadata> {
    return await this.#surface.connection.backup(destination, options)
  }

  serialize(options?: BetterSqlite3.SerializeOptions): Buffer {
    return this.#surface.connection.serialize(options)
  }

  /**
   * Checkpoints if nobody is in the way, then closes. A sync operation that is under way is given up and
   * rejects. At the end of the process the checkpoint is made without it.
   *
   * @throws TypeError when a statement is running or being iterated; the database stays open then
   */
  close(): this {
    this.#local = null
    this.#session.close()
    return this
  }

  get #surface(): LocalSurface {
    const { replica } = this.#session
    if (replica === null) throw this.#session.notOpenError()
    if (this.#local !== null) return this.#local
    this.#local = new LocalSurface(this, replica, this.#session)
    return this.#local
  }
}
