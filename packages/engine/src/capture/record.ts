import type Database from 'better-sqlite3'
import { quoteIdentifier } from '../sql/quote.ts'
import { defaultExpression } from './default-expression.ts'
import { growImages } from './image-tables.ts'
import { shapeNumber } from './shape-number.ts'
import { changeTypes, nowMs } from './own-tables.ts'
import type { UserTable } from './user-table.ts'

/** Appends a schema statement to the captured changes. */
export function recordSchema(db: Database.Database, sql: string): void {
  db.prepare(
    `INSERT INTO tidemark_cdc(change_time, change_type, a0) VALUES (${nowMs}, ${changeTypes.schema}, ?)`,
  ).run(sql)
}

/** Appends an insert for every row of `table`, in one statement. Returns how many. */
export function recordRows(db: Database.Database, table: UserTable): number {
  growImages(db, table.shape.columns.length)
  const columns = table.shape.columns.map(quoteIdentifier)
  const images = columns.map((_, index) => `a${index}`)
  const insert = db.prepare(`
    INSERT INTO tidemark_cdc(change_time, change_type, shape, id, ${images.join()})
    SELECT ${nowMs}, ${changeTypes.insert}, ${shapeNumber(db, table.shape)}, ${table.rowid ?? 'NULL'}, ${columns.join()}
    FROM main.${quoteIdentifier(table.shape.name)}`)
  return insert.run().changes
}

/**
 * Appends an update for every row whose value in a column of `added` is not the default, as which it appears elsewhere.
 */
export function recordAddedColumns(db: Database.Database, table: UserTable, added: readonly string[]): void {
  if (added.length === 0) return
  const { name, columns } = table.shape
  const defaults = new Map(
    db
      .prepare<[string], { name: string; value: string | null }>(
        "SELECT name, dflt_value AS value FROM pragma_table_xinfo(?, 'main')",
      )
      .all(name)
      .map((column) => [column.name, defaultExpression(column.value)]),
  )
  const stored = added.filter((column) => columns.includes(column))
  if (stored.length === 0) return
  const before = columns.map((column) =>
    stored.includes(column) ? `(${defaults.get(column)})` : quoteIdentifier(column),
  )
  const isSet = stored
    .map((column) => `${quoteIdentifier(column)} IS NOT (${defaults.get(column)})`)
    .join(' OR ')
  const images = (letter: string): string => columns.map((_, index) => letter + index).join()
  db.exec(`
    INSERT INTO tidemark_cdc(change_time, change_type, shape, id, ${images('a')}, ${images('b')})
    SELECT ${nowMs}, ${changeTypes.update}, ${shapeNumber(db, table.shape)}, ${table.rowid ?? 'NULL'},
      ${columns.map(quoteIdentifier).join()}, ${before.join()}
    FROM main.${quoteIdentifier(name)} WHERE ${isSet}`)
}
