import { BusyError } from '@tidemark/protocol'
import type { HranaDescribeResult, HranaSqlReference, HranaStatement } from '@tidemark/protocol'
import { splitStatements, statementsIn } from '@tidemark/engine/server-side'
import type { StatementClass } from '@tidemark/engine/server-side'
import type Sqlite from 'better-sqlite3'
import type { Connection } from '../database/connection.ts'
import type { Database } from '../database/database.ts'
import type { Turn } from '../database/turn-queue.ts'
import type { PushTarget } from '../push/push-target.ts'
import type { Caller } from '../worker/worker-calls.ts'
import type { HranaSettings } from './hrana-settings.ts'
import { bindArguments, parameterNames } from './parameters.ts'
import type { Bindings } from './parameters.ts'
import { WATERMARK_TABLE } from './push-batch.ts'
import { recordCommits } from './record-commits.ts'
import { columnsOf, runStatement } from './run-statement.ts'
import type { RowSink, StatementEffect } from './run-statement.ts'
import { SqlRefusedError } from './sql-error.ts'
import type { SqlBytes } from './sql-memory.ts'
import { checkSql } from './sql-policy.ts'
import type { StatementGuard } from './statement-guard.ts'
import { StoredSql } from './stored-sql.ts'
import { TimeSlice } from './time-slice.ts'

/** More than the statement's own timeout, which those that give rows notice themselves. */
const WATCHDOG_MARGIN_MS = 500
const NO_ARGUMENTS: Bindings = { positional: [], named: {} }

/**
 * A connection with its transaction, as one client sees it through any number of requests. It takes the
 * database's write turn when a statement first writes and keeps it until the transaction ends.
 */
export class HranaStream {
  /** Where pushes that arrive on this stream are applied. */
  readonly pushTarget: PushTarget
  readonly #database: Database
  readonly #connection: Connection
  readonly #settings: HranaSettings
  readonly #storedSql: StoredSql
  #turn: Turn | null = null
  #transactionUntil = Infinity
  #isAltered = false
  #hasWritten = false
  #isReadOnly = false
  #isClosed = false

  constructor(
    pushTarget: PushTarget,
    connection: Connection,
    settings: HranaSettings,
    storedSqlMemory: SqlBytes,
  ) {
    this.pushTarget = pushTarget
    this.#database = pushTarget.database
    this.#connection = connection
    this.#settings = settings
    this.#storedSql = new StoredSql(storedSqlMemory)
  }

  get connection(): Connection {
    return this.#connection
  }

  get isAutocommit(): boolean {
    return !this.#connection.inTransaction
  }

  /** Whether its transaction may write. */
  get hasTurn(): boolean {
    return this.#turn !== null
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /**
   * Whether the next request would notice that it runs on another connection. A stream without state need not
   * be kept for it.
   */
  get hasState(): boolean {
    return !this.#isClosed && (!this.isAutocommit || this.#isAltered || !this.#storedSql.isEmpty)
  }

  /** True once the connection has settings or temporary tables of this client. */
  get isAltered(): boolean {
    return this.#isAltered
  }

  /** True once a statement has run that writes. */
  get hasWritten(): boolean {
    return this.#hasWritten
  }

  /** @throws as {@link StoredSql.store}; BusyError when the stream was closed */
  storeSql(id: number, sql: string): void {
    this.#assertOpen()
    this.#storedSql.store(id, sql)
  }

  closeSql(id: number): void {
    this.#storedSql.delete(id)
  }

  /** @throws SqlRefusedError for an id under which nothing is stored */
  textOf(reference: HranaSqlReference): string {
    const sql = reference.sql ?? this.#storedSql.get(reference.sql_id!)
    if (sql === undefined)
      throw new SqlRefusedError('SQL_STORE_MISSING', `no SQL is stored as ${reference.sql_id}`)
    return sql
  }

  /** Runs one statement. @throws SqliteError, TidemarkError */
  async execute(
    statement: HranaStatement,
    sink: RowSink | null,
    caller: Caller,
    guard: StatementGuard,
  ): Promise<StatementEffect> {
    const sql = this.textOf(statement)
    const bindings = bindArguments(statement, parameterNames(sql))
    // Right before the statement reads: what is applied after that is not in the answer.
    if (sql.includes(WATERMARK_TABLE)) this.pushTarget.tursoPushes.asked(bindings.positional)
    return this.#execute(sql, bindings, sink, caller, guard)
  }

  /** Runs every statement of a script up to the first that fails. @throws SqliteError, TidemarkError */
  async sequence(sql: string, caller: Caller, guard: StatementGuard): Promise<void> {
    const slice = new TimeSlice()
    for (const part of statementsIn(sql)) {
      if (guard.signal.aborted) return
      await this.#execute(part, NO_ARGUMENTS, null, caller, guard)
      await slice.giveWay()
    }
  }

  describe(sql: string, guard: StatementGuard): HranaDescribeResult {
    const statement = this.#prepare(sql, checkSql(sql), guard)
    const columns = statement.reader ? columnsOf(statement) : []
    return {
      params: parameterNames(sql).map((name) => ({ name })),
      cols: columns.map(({ name, decltype }) => ({ name: name ?? '', decltype })),
      is_explain: /^\s*explain\b/i.test(sql),
      is_readonly: statement.readonly,
    }
  }

  /** Undoes an open transaction and gives the turn to the next. */
  rollback(): void {
    if (this.#connection.open && this.#connection.inTransaction) this.#connection.exec('ROLLBACK')
    this.#endTransaction()
  }

  /** The connection goes back to its owner, without a transaction. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#storedSql.clear()
    this.rollback()
    this.#setReadOnly(false)
  }

  async #execute(
    sql: string,
    bindings: Bindings,
    sink: RowSink | null,
    caller: Caller,
    guard: StatementGuard,
  ): Promise<StatementEffect> {
    this.#assertOpen()
    const statementClass = checkSql(sql)
    this.#setReadOnly(caller.access === 'read')
    const statement = this.#prepare(sql, statementClass, guard)
    const isWrite =
      !statement.readonly ||
      writesUnnoticed(statementClass) ||
      (caller.access === 'write' && mayOptimize(sql))
    if (isWrite) {
      if (caller.access === 'read') throw new SqlRefusedError('FORBIDDEN', 'The token allows reading only')
      await this.#takeTurn(caller, guard)
      guard.begin()
      this.#hasWritten = true
    }
    const { statementTimeoutMs } = this.#settings
    try {
      return guard.run(statementTimeoutMs + WATCHDOG_MARGIN_MS, () =>
        runStatement(this.#connection, statement, bindings, sink, statementTimeoutMs),
      )
    } finally {
      this.#afterStatement(isWrite || statementClass.kind === 'transaction')
    }
  }

  /**
   * Pragmas act when they are compiled: also where the statement is only described, or found to be more than one then.
   */
  #prepare(sql: string, statementClass: StatementClass, guard: StatementGuard): Sqlite.Statement {
    this.#noteAlteration(statementClass)
    try {
      return guard.run(this.#settings.statementTimeoutMs + WATCHDOG_MARGIN_MS, () =>
        this.#connection.prepare(sql),
      )
    } catch (error) {
      throw error instanceof RangeError ? notOneStatement(sql) : error
    }
  }

  /** SQLite then refuses to write, also where a statement does not look as if it did. */
  #setReadOnly(isReadOnly: boolean): void {
    if (this.#isReadOnly === isReadOnly || !this.#connection.open) return
    this.#connection.pragma(`query_only = ${isReadOnly ? 'ON' : 'OFF'}`)
    this.#isReadOnly = isReadOnly
  }

  /** Before a commit is acknowledged, the history has it. */
  #afterStatement(mayHaveCommitted: boolean): void {
    if (this.#connection.inTransaction) {
      if (this.#transactionUntil === Infinity) {
        this.#transactionUntil = performance.now() + this.#settings.transactionTimeoutMs
      }
      return
    }
    try {
      if (mayHaveCommitted) recordCommits(this.#database)
    } finally {
      this.#endTransaction()
    }
  }

  async #takeTurn(caller: Caller, guard: StatementGuard): Promise<void> {
    if (this.#turn !== null) return
    const turn = await this.#database.takeTurn(caller.party, this.#settings.turnWaitMs, guard.signal)
    if (this.#isClosed) {
      turn.release()
      this.#assertOpen()
    }
    this.#turn = turn
  }

  #endTransaction(): void {
    this.#transactionUntil = Infinity
    this.#turn?.release()
    this.#turn = null
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new BusyError('The stream was closed', { code: 'TIDEMARK_STREAM_CLOSED' })
    if (performance.now() < this.#transactionUntil) return
    this.close()
    throw new BusyError('The transaction was open for too long and was rolled back', {
      code: 'TIDEMARK_TRANSACTION_TIMEOUT',
    })
  }

  #noteAlteration(statement: StatementClass): void {
    if (statement.kind === 'pragma' && statement.hasValue) this.#isAltered = true
    if (statement.kind === 'schema' && statement.schemaName === 'temp') {
      this.#isAltered = true
      limitTemporaryTables(this.#connection)
    }
  }
}

/** Those of a stream may take as much of the disk as the database may. */
function limitTemporaryTables(connection: Connection): void {
  const pages = connection.pragma('main.max_page_count', { simple: true }) as number
  connection.pragma(`temp.max_page_count = ${pages}`)
}

/** Statements that better-sqlite3 takes for readers. */
function writesUnnoticed(statement: StatementClass): boolean {
  return statement.keyword === 'REINDEX' || (statement.kind === 'pragma' && statement.name === 'optimize')
}

/** A query writes with `optimize()` of a full text search table, or with `pragma_optimize`. */
function mayOptimize(sql: string): boolean {
  return /optimize/i.test(sql)
}

function notOneStatement(sql: string): SqlRefusedError {
  return splitStatements(sql).length === 0
    ? new SqlRefusedError('SQL_NO_STATEMENT', 'There is no statement in the SQL')
    : new SqlRefusedError('SQL_MANY_STATEMENTS', 'There is more than one statement in the SQL')
}
