import { quoteIdentifier } from '../sql/quote.ts'
import { nowMs } from './own-tables.ts'
import { keyCollate } from './user-table.ts'
import type { UserTable } from './user-table.ts'

/** What one of our triggers is made of. `role` is the end of its name. */
export interface TriggerParts {
  readonly role: string
  readonly when: string
  readonly body: readonly string[]
}

/**
 * SQL that writes a change into `tidemark_cdc`; `sets` are pairs of columns' names and their values, `from`
 * where the values are read.
 */
export function record(
  type: number,
  shapeId: number,
  rowid: string,
  sets: readonly (readonly [string, string])[],
  from: string | null = null,
): string {
  const names = `change_time,change_type,shape,id,${sets.map(([list]) => list).join()}`
  const values = `${nowMs},${type},${shapeId},${rowid},${sets.map(([, list]) => list).join()}`
  const source = from === null ? `VALUES(${values})` : `SELECT ${values} FROM ${from}`
  return `INSERT INTO tidemark_cdc(${names}) ${source}`
}

/**
 * SQL that is true when two rows are one: `other` prefixes the column names of a row of the table, `column` names the
 * first row's column, given its name in the table and in `tidemark_evicted`. The table's own column stands on the
 * left, so that its affinity decides.
 */
export function isSameRow(
  table: UserTable,
  column: (name: string, stored: string) => string,
  other: string,
): string {
  if (table.rowid === null) return sameKey(table, column, other)
  return `${other}${table.rowid} = ${column(table.rowid, 'id')}`
}

/** The same, by the columns of the key. */
export function sameKey(
  table: UserTable,
  column: (name: string, stored: string) => string,
  other: string,
): string {
  const { columns, key } = table.shape
  const terms = key.map((position) => {
    const name = columns[position]!
    const quoted = quoteIdentifier(name)
    return `${other}${quoted} = ${column(quoted, `b${position}`)}${keyCollate(table, name)}`
  })
  return terms.join(' AND ')
}

/** SQL of a row's rowid, NULL where it has none. */
export function rowidOf(table: UserTable, prefix: string): string {
  return table.rowid === null ? 'NULL' : prefix + table.rowid
}

/** The columns of `tidemark_cdc` with the image after (`a`) or before (`b`) a change. */
export function images(letter: 'a' | 'b', columns: readonly string[]): string {
  return columns.map((_, index) => letter + index).join()
}

/** The columns of the table, each with a prefix. */
export function valuesOf(prefix: string, columns: readonly string[]): string {
  return columns.map((name) => prefix + quoteIdentifier(name)).join()
}
