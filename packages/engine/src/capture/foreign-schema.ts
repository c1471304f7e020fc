import type Database from 'better-sqlite3'
import { inSavepoint } from '../sql/savepoint.ts'
import { installTriggers } from './install.ts'
import { currentVersions, currentSchema, knownSchema, knownVersions, rememberSchema } from './known-schema.ts'
import type { SchemaObject } from './known-schema.ts'
import { recordRows, recordSchema } from './record.ts'
import { schemaDifference } from './schema-difference.ts'
import { userTables } from './user-table.ts'

/**
 * Captures what another program has changed in the schema, `user_version` and `application_id`, since capture last looked: the statements that
 * lead from one to the other, and the rows of new tables. Cheap when nothing has. In the caller's write transaction.
 *
 * @returns the number of statements captured
 */
export function captureForeignSchema(db: Database.Database): number {
  const known = knownVersions(db)
  const current = currentVersions(db)
  let count = 0
  if (known.userVersion !== current.userVersion)
    count += record(db, `PRAGMA user_version = ${current.userVersion}`)
  if (known.applicationId !== current.applicationId)
    count += record(db, `PRAGMA application_id = ${current.applicationId}`)
  if (known.schemaVersion !== current.schemaVersion)
    count += inSavepoint(db, () => captureSchemaDifference(db))
  if (count > 0 || known.schemaVersion !== current.schemaVersion) rememberSchema(db)
  return count
}

function record(db: Database.Database, sql: string): number {
  recordSchema(db, sql)
  return 1
}

function captureSchemaDifference(db: Database.Database): number {
  const known = knownSchema(db)
  const current = currentSchema(db)
  const difference = schemaDifference(known, current)
  const tables = userTables(db)
  for (const sql of difference.statementsBeforeRows) recordSchema(db, sql)
  refreshTriggers(db, known, current)
  for (const table of tables) if (difference.newTables.has(table.shape.name)) recordRows(db, table)
  for (const sql of difference.statementsAfterRows) recordSchema(db, sql)
  return difference.statementsBeforeRows.length + difference.statementsAfterRows.length
}

/** Makes our triggers fit the tables that have changed, or whose indexes or triggers have. */
export function refreshTriggers(
  db: Database.Database,
  known: readonly SchemaObject[],
  current: readonly SchemaObject[],
): void {
  const describe = ({ type, name, tbl_name, sql }: SchemaObject): string =>
    JSON.stringify([type, name, tbl_name, sql])
  const before = new Map(known.map((object) => [describe(object), object]))
  const after = new Map(current.map((object) => [describe(object), object]))
  const differing = [
    ...current.filter((object) => !before.has(describe(object))),
    ...known.filter((object) => !after.has(describe(object))),
  ]
  const names = new Set(differing.map((object) => object.tbl_name.toLowerCase()))
  for (const table of userTables(db))
    if (names.has(table.shape.name.toLowerCase())) installTriggers(db, table)
}
