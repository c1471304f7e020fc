import { applySchemaChange, classifyStatement, isOperational, sqliteCode } from '@tidemark/engine/server-side'
import type { ApplyConnection, StatementClass } from '@tidemark/engine/server-side'
import { BusyError, fromHranaValue } from '@tidemark/protocol'
import type { HranaBatch, HranaStatement, SqlValue } from '@tidemark/protocol'
import Sqlite from 'better-sqlite3'
import type { PushTarget } from '../push/push-target.ts'
import type { PushedStatement, TursoPushes, Watermark } from '../push/turso-pushes.ts'
import { isMet } from './conditions.ts'
import type { StepOutcome } from './conditions.ts'
import { describeRow } from './failed-row.ts'
import { bindArguments, parameterNames } from './parameters.ts'
import { isToleratedFailure, WATERMARK_TABLE } from './push-batch.ts'
import { runStatement } from './run-statement.ts'
import type { StatementEffect } from './run-statement.ts'
import { SqlRefusedError } from './sql-error.ts'
import { checkSql } from './sql-policy.ts'

export type StepResult = { readonly effect: StatementEffect } | { readonly error: unknown } | 'skipped'

const NO_EFFECT: StatementEffect = { affectedRows: 0, lastInsertRowid: null, rows: 0, durationMs: 0 }

/** The last change of each client, by client. */
type Watermarks = ReadonlyMap<string, Watermark>

/** A statement of the push, made ready once for all steps with the same text. */
interface Prepared {
  readonly statement: Sqlite.Statement
  readonly parameterNames: readonly (string | null)[]
}

/** The steps of one push, run in one transaction in which no trigger fires and no foreign key acts. */
export class PushTransaction {
  readonly #apply: ApplyConnection
  readonly #earlier: TursoPushes
  readonly #batch: HranaBatch
  readonly #textOf: (step: number) => string
  readonly #prepared = new Map<string, Prepared>()
  readonly #results: StepResult[] = []
  readonly #outcomes: StepOutcome[] = []

  constructor(target: PushTarget, batch: HranaBatch, textOf: (step: number) => string) {
    this.#apply = target.applyConnection
    this.#earlier = target.tursoPushes
    this.#batch = batch
    this.#textOf = textOf
  }

  /**
   * Runs to the COMMIT or to the first step that fails; nothing is left open.
   *
   * @returns one result per step; steps behind either end are skipped
   * @throws SqliteError when the write lock cannot be had, or the disk or the database is full where a
   * failure would be {@link isToleratedFailure tolerated}
   */
  run(): readonly StepResult[] {
    const { db } = this.#apply
    db.exec('BEGIN IMMEDIATE')
    this.#add('ok', { effect: NO_EFFECT })
    try {
      this.#apply.withoutTriggers({ keepSchema: true }, () => this.#runSteps(this.#watermarks()))
    } finally {
      if (db.inTransaction) db.exec('ROLLBACK')
    }
    while (this.#results.length < this.#batch.steps.length) this.#add('skipped', 'skipped')
    return this.#results
  }

  #runSteps(before: Watermarks): void {
    for (const [step, { condition, stmt }] of this.#batch.steps.entries()) {
      if (step === 0) continue
      if (condition !== null && !isMet(condition, this.#outcomes, () => false)) {
        this.#add('skipped', 'skipped')
        continue
      }
      const sql = this.#textOf(step)
      try {
        const statement = checkSql(sql)
        if (endsPush(statement)) {
          this.#commit(statement, before)
          return
        }
        this.#add('ok', { effect: this.#runStep(statement, sql, stmt) })
      } catch (error) {
        if (isToleratedFailure(sql)) {
          // What another attempt may do is not to be given up: the client takes notice where the push does not begin.
          if (isOperational(sqliteCode(error) ?? '')) throw error
          this.#add('error', { error })
          continue
        }
        this.#answerFailure(step, before, this.#withRow(error, sql, stmt))
        return
      }
    }
  }

  /**
   * A push that arrives a second time, or behind a later one of its client, changes nothing (I3): clients
   * raise their watermark with each push, so one that is not raised has been there before.
   *
   * @throws BusyError when a part of the push has been there before, and it is to be made again without
   */
  #commit(statement: StatementClass, before: Watermarks): void {
    const raised = this.#raised(before)
    const isRollback = statement.kind === 'transaction' && statement.action === 'rollback'
    if (raised.length === 0 || isRollback) {
      this.#apply.db.exec('ROLLBACK')
    } else {
      const statements = this.#changes()
      this.#assertBehind(before, statements)
      this.#apply.db.exec('COMMIT')
      for (const [client, now] of raised) this.#earlier.applied(client, before.get(client), now, statements)
    }
    this.#add('ok', { effect: NO_EFFECT })
  }

  /** @throws BusyError when a part of the push has been there before */
  #assertBehind(before: Watermarks, statements: readonly PushedStatement[]): void {
    for (const [client, now] of this.#raised(before)) this.#earlier.assertBehind(client, now, statements)
  }

  /**
   * A step may fail because rows of the same push are in its way: those of the time that it has been there
   * before. It is answered as one that runs to its end then. The watermark that tells stands behind the step.
   */
  #answerFailure(failed: number, before: Watermarks, error: unknown): void {
    const end = this.#endOf(failed)
    let isRepeated = false
    try {
      this.#runWatermarkSteps(failed, end)
      this.#assertBehind(before, this.#changes(end))
      isRepeated = end < this.#batch.steps.length && this.#raised(before).length === 0
    } catch (caught) {
      return this.#add('error', { error: caught instanceof BusyError ? caught : error })
    }
    if (!isRepeated) return this.#add('error', { error })
    while (this.#results.length <= end) this.#add('ok', { effect: NO_EFFECT })
  }

  /** @throws as SQLite where one fails */
  #runWatermarkSteps(from: number, end: number): void {
    // Some errors end the transaction: nothing may be written behind it.
    if (!this.#apply.db.inTransaction) throw new Error('The transaction is over')
    for (const [index, { stmt }] of this.#batch.steps.slice(from, end).entries()) {
      const sql = this.#textOf(from + index)
      if (sql.includes(WATERMARK_TABLE)) this.#runStep(checkSql(sql), sql, stmt)
    }
  }

  /** The step that ends the push, of those behind another; the number of steps where none does. */
  #endOf(from: number): number {
    const end = this.#batch.steps.findIndex(
      (_, step) => step > from && endsPush(classifyStatement(this.#textOf(step))),
    )
    return end === -1 ? this.#batch.steps.length : end
  }

  #raised(before: Watermarks): [string, Watermark][] {
    return [...this.#watermarks()].filter(([client, now]) => isRaised(before.get(client), now))
  }

  /** The statements until a step that were not skipped, but for those of the watermark. */
  #changes(end = this.#outcomes.length): PushedStatement[] {
    return this.#batch.steps.slice(0, end).flatMap(({ stmt: { args, named_args } }, step) => {
      const sql = this.#textOf(step)
      if (step === 0 || this.#outcomes[step] === 'skipped' || sql.includes(WATERMARK_TABLE)) return []
      return [{ sql, args, named_args }]
    })
  }

  #runStep(statement: StatementClass, sql: string, stmt: HranaStatement): StatementEffect {
    if (statement.kind === 'schema') {
      this.#prepared.clear()
      if (statement.name?.toLowerCase() === WATERMARK_TABLE) this.#createWatermarks(sql)
      else applySchemaChange(this.#apply, sql)
      return NO_EFFECT
    }
    if (statement.kind !== 'dml' && statement.kind !== 'select') {
      throw new SqlRefusedError('SQL_NOT_ALLOWED', `${statement.keyword} is not available in a push`)
    }
    // An apply connection may write what SQLite keeps for itself; the client's statements may not.
    const { db } = this.#apply
    db.unsafeMode(false)
    try {
      const prepared = this.#prepare(sql)
      const bindings = bindArguments(stmt, prepared.parameterNames)
      return runStatement(db, prepared.statement, bindings, null, Infinity)
    } finally {
      db.unsafeMode(true)
    }
  }

  #prepare(sql: string): Prepared {
    let prepared = this.#prepared.get(sql)
    if (prepared === undefined) {
      prepared = { statement: this.#apply.db.prepare(sql), parameterNames: parameterNames(sql) }
      this.#prepared.set(sql, prepared)
    }
    return prepared
  }

  #createWatermarks(sql: string): void {
    if (!this.#hasWatermarks()) this.#apply.changeSchema(() => this.#apply.db.exec(sql))
  }

  #hasWatermarks(): boolean {
    return (
      this.#apply.db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(WATERMARK_TABLE) !== undefined
    )
  }

  #watermarks(): Watermarks {
    if (!this.#hasWatermarks()) return new Map()
    const rows = this.#apply.db
      .prepare(
        `SELECT client_id, CAST(ifnull(pull_gen, 0) AS INTEGER), CAST(ifnull(change_id, 0) AS INTEGER) FROM ${WATERMARK_TABLE}`,
      )
      .safeIntegers(true)
      .raw(true)
      .all() as [string, bigint, bigint][]
    return new Map(rows.map(([client, pullGeneration, changeId]) => [client, { pullGeneration, changeId }]))
  }

  /** SQLite's error, with the row that has to be repaired. */
  #withRow(error: unknown, sql: string, stmt: HranaStatement): unknown {
    if (!(error instanceof Sqlite.SqliteError) || isToleratedFailure(sql)) return error
    const row = describeRow(sql, valuesOf(stmt), (table) => this.#keyOf(table))
    const where = row === null ? '' : `${row}; `
    return new Sqlite.SqliteError(`${error.message} (${where}nothing of the push was applied)`, error.code)
  }

  #keyOf(table: string): string[] {
    return this.#apply.db
      .prepare<[string], string>("SELECT name FROM pragma_table_info(?, 'main') WHERE pk > 0 ORDER BY pk")
      .pluck()
      .all(table)
  }

  #add(outcome: StepOutcome, result: StepResult): void {
    this.#outcomes.push(outcome)
    this.#results.push(result)
  }
}

function isRaised(before: Watermark | undefined, now: Watermark): boolean {
  if (before === undefined || before.pullGeneration < now.pullGeneration) return true
  return before.pullGeneration === now.pullGeneration && before.changeId < now.changeId
}

function endsPush(statement: StatementClass): boolean {
  return (
    statement.kind === 'transaction' &&
    (statement.action === 'commit' || (statement.action === 'rollback' && statement.savepoint === null))
  )
}

/** For showing; none where one of them is no value that SQLite has. */
function valuesOf({ args }: HranaStatement): SqlValue[] {
  try {
    return args.map(fromHranaValue)
  } catch {
    return []
  }
}
