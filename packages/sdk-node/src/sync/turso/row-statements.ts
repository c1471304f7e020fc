import { quoteIdentifier } from '@tidemark/engine'
import { ValueDigest } from '@tidemark/protocol'
import type { HranaValue, ImageValue, RowChange, SqlValue, TableShape } from '@tidemark/protocol'
import { StatementBuilder, UnsendableValueError } from './sql-value.ts'

export interface SqlStatement {
  readonly sql: string
  readonly args: readonly HranaValue[]
}

/** Whether the row is told apart by its key: the table has one, and there is no NULL in it. */
export function isKeyed(change: RowChange): boolean {
  const key = change.kind === 'insert' ? keyOfInsert(change) : change.key
  return key.length > 0 && !key.includes(null)
}

/** The key of the row, its rowid where it has none. */
export function reportedKey(change: RowChange): readonly SqlValue[] {
  if (!isKeyed(change)) return [change.rowid]
  return change.kind === 'insert' ? keyOfInsert(change) : change.key
}

/** Inserts a row with a key; where the key is taken, that row becomes this one: the newest push wins. */
export function upsert({ table, columns, values }: RowChange): SqlStatement {
  const builder = new StatementBuilder()
  const names = columns.map((column) => nameOf(table, column))
  const places = values.map((value) => builder.bind(value))
  const key = table.key.map((column) => nameOf(table, column))
  const set = names.map((name) => `${name}=excluded.${name}`)
  const sql = `INSERT INTO ${quoteIdentifier(table.name)}(${names.join()}) VALUES(${places.join()})
    ON CONFLICT(${key.join()}) DO UPDATE SET ${set.join()}`
  return { sql, args: builder.args }
}

/** Inserts a row without a key under `rowid`, or, for null, wherever the server likes. */
export function insertAt({ table, columns, values }: RowChange, rowid: bigint | null): SqlStatement {
  const builder = new StatementBuilder()
  const names = columns.map((column) => nameOf(table, column))
  const places = values.map((value) => builder.bind(value))
  if (rowid !== null) {
    names.unshift(rowidName(table))
    places.unshift(builder.bind(rowid))
  }
  const sql = `INSERT INTO ${quoteIdentifier(table.name)}(${names.join()}) VALUES(${places.join()})`
  return { sql, args: builder.args }
}

/** Sets the changed columns of the row. `rowid` is where a row without a key was last known to be. */
export function update(change: RowChange, rowid: bigint | null): SqlStatement {
  const { table, columns, values } = change
  const builder = new StatementBuilder()
  const set = columns.map((column, index) => `${nameOf(table, column)}=${builder.bind(values[index]!)}`)
  const where = identity(change, rowid, builder)
  return {
    sql: `UPDATE ${quoteIdentifier(table.name)} SET ${set.join()} WHERE ${where}`,
    args: builder.args,
  }
}

/** Deletes the row, if it is there. */
export function deletion(change: RowChange, rowid: bigint | null): SqlStatement {
  const builder = new StatementBuilder()
  const where = identity(change, rowid, builder)
  return { sql: `DELETE FROM ${quoteIdentifier(change.table.name)} WHERE ${where}`, args: builder.args }
}

/**
 * SQL condition: the row with the change's key is as the client knew it, or, of an insert, not there. Only
 * for rows with a key.
 */
export function isAsKnown(change: RowChange): SqlStatement {
  const { table, kind } = change
  const builder = new StatementBuilder()
  const from = `FROM ${quoteIdentifier(table.name)} WHERE ${keyed(change, builder)}`
  const [columns, values] =
    kind === 'insert' ? [change.columns, change.values] : [change.expectedColumns, change.expected]
  const same = columns.map((column, index) => isSame(nameOf(table, column), values[index]!, builder))
  const isSameRow = `EXISTS(SELECT 1 ${[from, ...same].join(' AND ')})`
  const sql = kind === 'update' ? isSameRow : `(NOT EXISTS(SELECT 1 ${from}) OR ${isSameRow})`
  return { sql, args: builder.args }
}

/** Reads the row with the change's key. */
export function selectRow(change: RowChange): SqlStatement {
  const builder = new StatementBuilder()
  const where = keyed(change, builder)
  return { sql: `SELECT * FROM ${quoteIdentifier(change.table.name)} WHERE ${where}`, args: builder.args }
}

/** SQL name that reads the rowid of a table of this shape. */
export function rowidName({ columns }: TableShape): string {
  const taken = new Set(columns.map((name) => name.toLowerCase()))
  return ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name)) ?? 'rowid'
}

/**
 * A row without a key is the one that is entirely as the client knew it: at the rowid where it was, or
 * anywhere else, since equal rows without a key cannot be told apart. Its rowid alone may be another row's by
 * now.
 */
function identity(change: RowChange, rowid: bigint | null, builder: StatementBuilder): string {
  const { table } = change
  if (isKeyed(change)) return keyed(change, builder)
  const name = rowidName(table)
  const sameRow = change.expectedColumns
    .map((column, index) => isSame(nameOf(table, column), change.expected[index]!, builder))
    .join(' AND ')
  const from = `FROM ${quoteIdentifier(table.name)} WHERE`
  if (rowid === null) return `${name}=(SELECT ${name} ${from} ${sameRow} LIMIT 1)`
  const there = `(SELECT ${name} ${from} ${name}=${builder.bind(rowid)} AND ${sameRow})`
  // tursodb runs both arguments of coalesce: without the first condition it would read the whole table for
  // each row that is where it was.
  return `${name}=coalesce(${there},(SELECT ${name} ${from} ${there} IS NULL AND ${sameRow} LIMIT 1))`
}

function keyed(change: RowChange, builder: StatementBuilder): string {
  const key = reportedKey(change)
  // Not IS: tursodb finds no index for it.
  return change.table.key
    .map((column, index) => `${nameOf(change.table, column)}=${builder.bind(key[index]!)}`)
    .join(' AND ')
}

/** SQL condition: the column holds the value, of the same storage class. */
function isSame(column: string, value: ImageValue, builder: StatementBuilder): string {
  if (value instanceof ValueDigest) throw new UnsendableValueError('a digest cannot be compared in SQL')
  if (value === null) return `${column} IS NULL`
  if (typeof value === 'string')
    return `(${column} COLLATE BINARY IS ${builder.bind(value)} AND typeof(${column})='text')`
  if (value instanceof Uint8Array) return `(${column} IS ${builder.bind(value)} AND typeof(${column})='blob')`
  return `(${column} IS ${builder.bind(value)} AND typeof(${column})='${typeof value === 'bigint' ? 'integer' : 'real'}')`
}

function keyOfInsert({ table, columns, values }: RowChange): SqlValue[] {
  return table.key.map((position) => values[columns.indexOf(position)] ?? null)
}

function nameOf(table: TableShape, column: number): string {
  return quoteIdentifier(table.columns[column]!)
}
