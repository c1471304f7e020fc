import type Database from 'better-sqlite3'
import { inSavepoint } from '../sql/savepoint.ts'
import { installTriggers, removeTriggers } from './install-triggers.ts'
import { noteLateTriggers } from './late-triggers.ts'
import { currentSchema, currentVersions, knownSchema, knownVersions, rememberSchema } from './known-schema.ts'
import type { SchemaObject } from './known-schema.ts'
import { recordAddedColumns, recordRows, recordSchema } from './record.ts'
import { schemaDifference } from './schema-difference.ts'
import { userTables } from './user-table.ts'
import type { UserTable } from './user-table.ts'
import { captureVirtualRows, hasNewVirtualRows, rememberVirtualRows } from './virtual-rows.ts'
import { virtualTables } from './virtual-table.ts'

/**
 * Captures what another program has changed in the schema, `user_version` and `application_id`, since capture
 * last looked: the statements that lead from one to the other, and the rows of new tables. Cheap when nothing
 * has. In the caller's write transaction.
 *
 * Rows of virtual tables, which have no triggers, are captured here too.
 *
 * @returns the number of statements, and rows of virtual tables, captured
 */
export function captureForeignSchema(db: Database.Database): number {
  if (knownVersions(db).schemaVersion !== currentVersions(db).schemaVersion) noteLateTriggers(db)
  return captureSchema(db)
}

/** The same for what the application has just changed: no row has been written since. */
export function captureSchema(db: Database.Database): number {
  const known = knownVersions(db)
  const current = currentVersions(db)
  const hasNewSchema = known.schemaVersion !== current.schemaVersion
  const pragmas: string[] = []
  if (known.userVersion !== current.userVersion) pragmas.push(`PRAGMA user_version = ${current.userVersion}`)
  if (known.applicationId !== current.applicationId)
    pragmas.push(`PRAGMA application_id = ${current.applicationId}`)
  if (!hasNewSchema && pragmas.length === 0) return captureVirtualRows(db)
  return inSavepoint(db, () => {
    const rows = captureVirtualRows(db)
    const statements = hasNewSchema ? captureSchemaDifference(db) : 0
    for (const sql of pragmas) recordSchema(db, sql)
    rememberSchema(db)
    return rows + statements + pragmas.length
  })
}

/**
 * Whether {@link captureForeignSchema} has nothing to capture. Writes nothing: for use without the write
 * lock, or under that of another connection.
 */
export function isForeignCaptured(db: Database.Database): boolean {
  const known = knownVersions(db)
  const current = currentVersions(db)
  return (
    known.schemaVersion === current.schemaVersion &&
    known.userVersion === current.userVersion &&
    known.applicationId === current.applicationId &&
    !hasNewVirtualRows(db)
  )
}

function captureSchemaDifference(db: Database.Database): number {
  const known = knownSchema(db)
  const current = currentSchema(db)
  const origins = capturedOrigins(db)
  const difference = schemaDifference(
    known,
    current,
    (table) => origins.get(table) ?? unchangedVirtual(table, known, current),
  )
  for (const sql of difference.statementsBeforeRows) recordSchema(db, sql)
  refreshTriggers(db, known, current)
  for (const table of userTables(db)) {
    if (difference.newTables.has(table.shape.name)) recordRows(db, table)
    recordAddedColumns(db, table, difference.addedColumns.get(table.shape.name) ?? [])
  }
  for (const { table } of virtualTables(db))
    if (difference.newTables.has(table.shape.name)) recordRows(db, table)
  rememberVirtualRows(db)
  for (const sql of difference.statementsAfterRows) recordSchema(db, sql)
  return difference.statementsBeforeRows.length + difference.statementsAfterRows.length
}

/**
 * Which table each table was when its triggers were made: they stay with it when it is renamed, and go with
 * it when it is dropped.
 */
function capturedOrigins(db: Database.Database): Map<string, string> {
  const rows = db
    .prepare<[], { table: string; origin: string }>(
      `SELECT t.tbl_name AS "table", s.name AS origin FROM sqlite_schema AS t JOIN tidemark_shapes AS s
       ON t.type = 'trigger' AND t.name = 'tidemark_' || s.shape || '_insert'`,
    )
    .all()
  return new Map(rows.map(({ table, origin }) => [table, origin]))
}

/** Virtual tables have no triggers: one with the same definition as before is the same. */
function unchangedVirtual(
  table: string,
  known: readonly SchemaObject[],
  current: readonly SchemaObject[],
): string | null {
  const isIt = ({ rootpage, name }: SchemaObject): boolean => rootpage === 0 && name === table
  const definition = current.find(isIt)?.sql
  return definition !== undefined && known.find(isIt)?.sql === definition ? table : null
}

/** Makes our triggers fit the tables that have changed, or whose indexes or triggers have. */
export function refreshTriggers(
  db: Database.Database,
  known: readonly SchemaObject[],
  current: readonly SchemaObject[],
): void {
  const describe = ({ type, name, tbl_name, sql }: SchemaObject): string =>
    JSON.stringify([type, name, tbl_name, sql])
  const before = new Set(known.map(describe))
  const after = new Set(current.map(describe))
  const differing = [
    ...current.filter((object) => !before.has(describe(object))),
    ...known.filter((object) => !after.has(describe(object))),
  ]
  const names = new Set(differing.map((object) => object.tbl_name.toLowerCase()))
  const origins = capturedOrigins(db)
  const tables = userTables(db)
  const isRenamed = ({ shape }: UserTable): boolean => origins.get(shape.name) !== shape.name
  // Tables may have changed names with each other; what is named after the one must not be in the other's way.
  removeTriggers(
    db,
    tables.filter(isRenamed).map(({ shape }) => shape.name),
  )
  installTriggers(
    db,
    tables.filter((table) => names.has(table.shape.name.toLowerCase()) || isRenamed(table)),
  )
}
