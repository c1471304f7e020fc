import { LimitError, toHranaValue } from '@tidemark/protocol'
import type { HranaColumn, HranaStatementResult, HranaValue, SqlValue } from '@tidemark/protocol'
import type Sqlite from 'better-sqlite3'
import type { Connection } from '../database/connection.ts'
import type { Bindings } from './parameters.ts'
import type { ResponseBudget } from './response-budget.ts'

const ROWS_BETWEEN_CLOCK_READS = 256

type Written = Pick<StatementEffect, 'affectedRows' | 'lastInsertRowid'>

const NOTHING_WRITTEN: Written = { affectedRows: 0, lastInsertRowid: null }

export interface RowSink {
  columns(columns: readonly HranaColumn[]): void
  row(row: readonly HranaValue[]): void
}

export interface StatementEffect {
  readonly affectedRows: number
  /** Null for a statement that does not write. */
  readonly lastInsertRowid: bigint | null
  readonly rows: number
  readonly durationMs: number
}

/**
 * Runs a prepared statement to its end. Rows go to `sink`; null: nobody wants them.
 *
 * @throws SqliteError; LimitError when it takes longer than `timeoutMs` and gives rows meanwhile, or when
 * `sink` has enough
 */
export function runStatement(
  connection: Connection,
  statement: Sqlite.Statement,
  bindings: Bindings,
  sink: RowSink | null,
  timeoutMs: number,
): StatementEffect {
  const startedAt = performance.now()
  statement.safeIntegers(true)
  const parameters: unknown[] = [...bindings.positional]
  if (Object.keys(bindings.named).length > 0) parameters.push(bindings.named)
  let rows = 0
  let written: Written = NOTHING_WRITTEN
  if (statement.reader) {
    statement.raw(true)
    sink?.columns(columnsOf(statement))
    for (const row of statement.iterate(...parameters) as IterableIterator<SqlValue[]>) {
      rows += 1
      sink?.row(row.map(toHranaValue))
      if (rows % ROWS_BETWEEN_CLOCK_READS === 0 && performance.now() - startedAt > timeoutMs) {
        throw new LimitError(`The statement ran longer than ${timeoutMs} ms and was ended`)
      }
    }
    if (!statement.readonly) written = writtenBefore(connection)
  } else {
    sink?.columns([])
    const { changes, lastInsertRowid } = statement.run(...parameters)
    if (!statement.readonly) written = { affectedRows: changes, lastInsertRowid: BigInt(lastInsertRowid) }
  }
  return { ...written, rows, durationMs: performance.now() - startedAt }
}

export function columnsOf(statement: Sqlite.Statement): HranaColumn[] {
  return statement.columns().map(({ name, type }) => ({ name, decltype: type }))
}

/** Collects a statement's rows into a Hrana result. */
export class ResultCollector implements RowSink {
  #columns: readonly HranaColumn[] = []
  readonly #rows: (readonly HranaValue[])[] = []
  readonly #budget: ResponseBudget
  readonly #wantsRows: boolean

  constructor(wantsRows: boolean, budget: ResponseBudget) {
    this.#wantsRows = wantsRows
    this.#budget = budget
  }

  columns(columns: readonly HranaColumn[]): void {
    this.#budget.spendColumns(columns)
    this.#columns = columns
  }

  row(row: readonly HranaValue[]): void {
    if (!this.#wantsRows) return
    this.#budget.spendRow(row)
    this.#rows.push(row)
  }

  result(effect: StatementEffect): HranaStatementResult {
    return {
      cols: this.#columns,
      rows: this.#rows,
      affected_row_count: effect.affectedRows,
      last_insert_rowid: effect.lastInsertRowid?.toString() ?? null,
      rows_read: effect.rows,
      rows_written: effect.affectedRows,
      query_duration_ms: effect.durationMs,
    }
  }
}

/** What the last INSERT, UPDATE or DELETE did. */
function writtenBefore(connection: Connection): Written {
  const counters = connection.prepare('SELECT changes() AS changes, last_insert_rowid() AS rowid')
  const { changes, rowid } = counters.safeIntegers(true).get() as { changes: bigint; rowid: bigint }
  return { affectedRows: Number(changes), lastInsertRowid: rowid }
}
