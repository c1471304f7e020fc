import BetterSqlite3 from 'better-sqlite3'
import { classifyStatement, maxChangeId, quoteIdentifier, readCaptured, toWireChange } from '@tidemark/engine'
import type { BeforeImages, CapturedRow } from '@tidemark/engine'
import { BusyError, RawText } from '@tidemark/protocol'
import type { Change, SqlValue, TableShape } from '@tidemark/protocol'
import { TransformError } from '../errors/transform-error.ts'
import type { MutationValue } from './mutation.ts'

/**
 * How long a rewrite waits for the application's own write transaction, milliseconds. It blocks the thread
 * that could end it.
 */
const LOCK_WAIT_MS = 0

/**
 * Finds out what a rewritten statement does: runs it on the local file, in a transaction that is always
 * rolled back and in which the original change has been undone, and reads what was captured. What the
 * statement computes is computed from local rows.
 */
export class Scratch {
  readonly #connection: BetterSqlite3.Database
  readonly #images: BeforeImages

  constructor(path: string, images: BeforeImages) {
    this.#images = images
    this.#connection = new BetterSqlite3(path, { timeout: LOCK_WAIT_MS })
    this.#connection.pragma('wal_autocheckpoint = 0')
  }

  /**
   * The row change of the statement, under the original's change id; null when it changes nothing. One change
   * stays one: each has an id of its own, by which the server acknowledges it or names it when it refuses it.
   *
   * @throws TransformError when the statement is of another kind or does not run, or changes more than one
   * row, counting what triggers do
   * @throws BusyError while somebody is writing
   */
  rewrite(original: CapturedRow, sql: string, values: readonly MutationValue[]): Change | null {
    const connection = this.#connection
    if (!isRewrite(sql))
      throw new TransformError(original.changeId, `a rewrite is one INSERT, UPDATE or DELETE, not: ${sql}`)
    this.#begin()
    try {
      const changes = this.#capture(original, sql, values)
      if (changes.length > 1) {
        throw new TransformError(
          original.changeId,
          `the rewritten statement changes ${changes.length} rows, at most one is possible: ${sql}`,
        )
      }
      return changes[0] === undefined ? null : { ...changes[0], changeId: original.changeId }
    } finally {
      if (connection.inTransaction) connection.exec('ROLLBACK')
    }
  }

  close(): void {
    this.#connection.close()
  }

  #capture(original: CapturedRow, sql: string, values: readonly MutationValue[]): Change[] {
    const connection = this.#connection
    try {
      undo(connection, original)
      const before = maxChangeId(connection)
      const statement = connection.prepare(sql)
      if (statement.reader) statement.all(...values)
      else statement.run(...values)
      return [...readCaptured(connection, before)]
        .map((change) => toWireChange(change, this.#images))
        .filter((change) => change !== null)
    } catch (cause) {
      throw new TransformError(original.changeId, `the rewritten statement fails: ${sql}`, { cause })
    }
  }

  #begin(): void {
    try {
      this.#connection.exec('BEGIN IMMEDIATE')
    } catch (cause) {
      throw new BusyError('a rewrite must wait until the running write transaction ends', { cause })
    }
  }
}

/**
 * Whether the statement only reads or writes rows: a COMMIT among the rewrites would make the undoing of the
 * original change stay.
 */
function isRewrite(sql: string): boolean {
  const { kind } = classifyStatement(sql)
  return kind === 'dml' || kind === 'select'
}

function undo(connection: BetterSqlite3.Database, change: CapturedRow): void {
  const { table } = change
  const name = quoteIdentifier(table.name)
  const columns = table.columns.map((column) => quoteIdentifier(column))
  if (change.after !== null) {
    const identity = identityOf(table, change.after, change.rowid)
    const where = identity.map(({ column, value }) => `${column} IS ${placeholder(value)}`).join(' AND ')
    const parameters = identity.map(({ value }) => bindable(value))
    connection.prepare(`DELETE FROM ${name} WHERE ${where}`).run(...parameters)
  }
  if (change.before !== null) {
    const withRowid = table.key.length === 0 && change.rowid !== null
    const names = withRowid ? ['rowid', ...columns] : columns
    const values = withRowid ? [change.rowid, ...change.before] : change.before
    const slots = values.map((value) => placeholder(value)).join(', ')
    connection
      .prepare(`INSERT OR REPLACE INTO ${name} (${names.join(', ')}) VALUES (${slots})`)
      .run(...values.map((value) => bindable(value)))
  }
}

interface IdentityColumn {
  readonly column: string
  readonly value: SqlValue
}

function identityOf(
  table: TableShape,
  row: readonly SqlValue[],
  rowid: bigint | null,
): readonly IdentityColumn[] {
  if (table.key.length === 0) return [{ column: 'rowid', value: rowid }]
  return table.key.map((position) => ({
    column: quoteIdentifier(table.columns[position] ?? ''),
    value: row[position] ?? null,
  }))
}

function placeholder(value: SqlValue): string {
  return value instanceof RawText ? 'CAST(? AS TEXT)' : '?'
}

function bindable(value: SqlValue): Exclude<SqlValue, RawText> {
  return value instanceof RawText ? value.bytes : value
}
