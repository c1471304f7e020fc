import type Database from 'better-sqlite3'
import { inSavepoint } from '../sql/savepoint.ts'
import { schemaDifference } from './schema-difference.ts'
import { currentSchema, currentVersions, rememberSchema } from './known-schema.ts'
import { recordRows, recordSchema } from './record.ts'
import { userTables } from './user-table.ts'
import { virtualTables } from './virtual-table.ts'

/**
 * Captures a whole existing database, as if all of it had just been written: every object as a schema change,
 * every row as an insert. After `installCapture`. Set-based, in bounded memory; the file grows by about the
 * size of its rows.
 */
export function adoptExisting(db: Database.Database): void {
  inSavepoint(db, () => {
    const { statementsBeforeRows, statementsAfterRows } = schemaDifference([], currentSchema(db), () => null)
    for (const sql of statementsBeforeRows) recordSchema(db, sql)
    for (const table of userTables(db)) recordRows(db, table)
    for (const { table } of virtualTables(db)) recordRows(db, table)
    for (const sql of statementsAfterRows) recordSchema(db, sql)
    const { userVersion, applicationId } = currentVersions(db)
    if (userVersion !== 0) recordSchema(db, `PRAGMA user_version = ${userVersion}`)
    if (applicationId !== 0) recordSchema(db, `PRAGMA application_id = ${applicationId}`)
    rememberSchema(db)
  })
}
