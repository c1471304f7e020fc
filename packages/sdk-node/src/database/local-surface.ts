import type BetterSqlite3 from 'better-sqlite3'
import { captureSchemaStatement, classifyStatement, splitStatements } from '@tidemark/engine'
import type { Replica, StatementClass } from '@tidemark/engine'
import { GuardedStatement } from '../statement/guarded-statement.ts'
import type { StatementGuard } from '../statement/guarded-statement.ts'
import { Statement } from '../statement/statement.ts'
import { WriteStatement } from '../statement/write-statement.ts'
import type { WriteCounter } from '../statement/write-statement.ts'
import { checkAllowed } from './refused-statement.ts'
import { mentionsReserved } from './reserved-names.ts'
import { TransactionFactory } from './transaction-function.ts'
import { TransactionTracker } from './transaction-tracker.ts'

const PLAIN_READ = /^\s*select\b/i
const PLAIN_WRITE = /^\s*(?:insert|update|delete|replace)\b/i
/** A script without any of these words needs no look at its statements. */
const NEEDS_SPLITTING = /\b(?:create|drop|alter|begin|commit|end|rollback|savepoint|release|pragma|vacuum)\b/i
/** Settings inside the file that are synced like schema. */
const SYNCED_PRAGMAS = new Set(['user_version', 'application_id'])

/** The synchronous, local half of a database: better-sqlite3's connection plus what capture must see. */
export class LocalSurface {
  readonly connection: BetterSqlite3.Database
  readonly transactions: TransactionFactory
  readonly #database: BetterSqlite3.Database
  readonly #tracker: TransactionTracker
  readonly #writes: WriteCounter
  #safeIntegers = false

  constructor(database: BetterSqlite3.Database, replica: Replica, writes: WriteCounter) {
    const { connection } = replica
    this.connection = connection
    this.#database = database
    this.#tracker = new TransactionTracker(connection, () => replica.lastCommittedChangeId(), writes)
    this.transactions = new TransactionFactory(database, connection, this.#tracker)
    this.#writes = writes
  }

  /**
   * Runs `run` with the connection's default for INTEGERs as the application has set it: only while it
   * prepares something, since our own statements on the connection read numbers.
   */
  asSet<T>(run: (connection: BetterSqlite3.Database) => T): T {
    if (!this.#safeIntegers) return run(this.connection)
    this.connection.defaultSafeIntegers(true)
    try {
      return run(this.connection)
    } finally {
      this.connection.defaultSafeIntegers(false)
    }
  }

  setSafeIntegers(toggle: boolean): void {
    this.#safeIntegers = toggle
  }

  prepare(sql: string): Statement {
    if (typeof sql !== 'string' || PLAIN_READ.test(sql))
      return new Statement(this.#database, this.#prepare(sql))
    if (PLAIN_WRITE.test(sql) && !mentionsReserved(sql))
      return new WriteStatement(this.#database, this.#prepare(sql), this.#writes)
    const statement = classifyStatement(sql)
    // First: some pragmas take effect when they are prepared.
    checkAllowed(statement, sql)
    const inner = this.#prepare(sql)
    const guard = this.#guardOf(statement, sql)
    if (guard !== null) return new GuardedStatement(this.#database, inner, guard)
    return statement.kind === 'dml'
      ? new WriteStatement(this.#database, inner, this.#writes)
      : new Statement(this.#database, inner)
  }

  exec(sql: string): void {
    if (typeof sql !== 'string' || !(NEEDS_SPLITTING.test(sql) || mentionsReserved(sql))) {
      this.connection.exec(sql)
    } else {
      this.#execScript(sql)
    }
    this.#writes.countWrite()
  }

  pragma(source: string, options?: BetterSqlite3.PragmaOptions): unknown {
    const execute = (): unknown => this.asSet((connection) => connection.pragma(source, options))
    if (typeof source !== 'string') return execute()
    const sql = `PRAGMA ${source}`
    const statement = classifyStatement(sql)
    checkAllowed(statement, sql)
    const guard = this.#guardOf(statement, sql)
    return guard === null ? execute() : guard(execute)
  }

  #prepare(sql: string): BetterSqlite3.Statement<unknown[], unknown> {
    return this.asSet((connection) => connection.prepare(sql))
  }

  /** Statements that need no guard run together, as they stand. */
  #execScript(sql: string): void {
    let plain: string[] = []
    const runPlain = (): void => {
      if (plain.length > 0) this.connection.exec(plain.join(';\n'))
      plain = []
    }
    for (const text of splitStatements(sql)) {
      const statement = classifyStatement(text)
      const guard = this.#guardOf(statement, text)
      const isChecked = ['vacuum', 'pragma'].includes(statement.kind) || mentionsReserved(text)
      if (guard === null && !isChecked) {
        plain.push(text)
        continue
      }
      runPlain()
      checkAllowed(statement, text)
      const execute = (): unknown => this.connection.exec(text)
      if (guard === null) execute()
      else guard(execute)
    }
    runPlain()
  }

  /** Null: capture's triggers see all that the statement does. */
  #guardOf(statement: StatementClass, sql: string): StatementGuard | null {
    if (statement.kind === 'schema' || (statement.kind === 'pragma' && isSyncedPragma(statement))) {
      return (execute) => captureSchemaStatement(this.connection, sql, execute)
    }
    if (statement.kind === 'transaction') return (execute) => this.#tracker.run(statement, execute)
    return null
  }
}

function isSyncedPragma(statement: Extract<StatementClass, { kind: 'pragma' }>): boolean {
  return statement.hasValue && SYNCED_PRAGMAS.has(statement.name)
}
