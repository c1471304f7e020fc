import type Database from 'better-sqlite3'
import { quoteIdentifier } from '../sql/quote.ts'
import { shapeNumber } from './install.ts'
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
  const columns = table.shape.columns.map(quoteIdentifier)
  const images = columns.map((_, index) => `a${index}`)
  const insert = db.prepare(`
    INSERT INTO tidemark_cdc(change_time, change_type, shape, id, ${images.join()})
    SELECT ${nowMs}, ${changeTypes.insert}, ${shapeNumber(db, table.shape)}, ${table.rowid ?? 'NULL'}, ${columns.join()}
    FROM ${quoteIdentifier(table.shape.name)}`)
  return insert.run().changes
}
