import type Database from 'better-sqlite3'
import { pragmaNumber, prepared } from '../sql/prepared.ts'
import { notReserved } from './own-tables.ts'

/** One object of the application's schema. */
export interface SchemaObject {
  readonly type: 'table' | 'index' | 'view' | 'trigger'
  readonly name: string
  readonly tbl_name: string
  readonly rootpage: number
  readonly sql: string
}

/** What tells cheaply whether anything but rows has changed. */
export interface SchemaVersions {
  readonly schemaVersion: number
  readonly userVersion: number
  readonly applicationId: number
}

/**
 * The application's schema as it is: without reserved names, shadow tables and what hangs on them, and
 * automatic indexes.
 */
export function currentSchema(db: Database.Database): SchemaObject[] {
  const shadow = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'"
  return db
    .prepare<[], SchemaObject>(
      `SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema
       WHERE sql IS NOT NULL AND ${notReserved('name')} AND ${notReserved('tbl_name')} AND tbl_name NOT IN (${shadow}) ORDER BY rowid`,
    )
    .all()
}

/** The schema whose changes have all been captured. */
export function knownSchema(db: Database.Database): SchemaObject[] {
  return db.prepare<[], SchemaObject>('SELECT type, name, tbl_name, rootpage, sql FROM tidemark_schema').all()
}

export function currentVersions(db: Database.Database): SchemaVersions {
  return {
    schemaVersion: pragmaNumber(db, 'main.schema_version'),
    userVersion: pragmaNumber(db, 'main.user_version'),
    applicationId: pragmaNumber(db, 'main.application_id'),
  }
}

/** The versions that belong to {@link knownSchema}. */
export function knownVersions(db: Database.Database): SchemaVersions {
  const select = 'SELECT key, value FROM tidemark_state'
  const rows = prepared<[], { key: keyof SchemaVersions; value: number }>(db, select).all()
  const values = new Map(rows.map((row) => [row.key, row.value]))
  return {
    schemaVersion: values.get('schemaVersion') ?? -1,
    userVersion: values.get('userVersion') ?? 0,
    applicationId: values.get('applicationId') ?? 0,
  }
}

/** Takes the schema and versions as they are now for captured. */
export function rememberSchema(db: Database.Database): void {
  db.exec('DELETE FROM tidemark_schema')
  const insert = db.prepare(
    'INSERT INTO tidemark_schema(type, name, tbl_name, rootpage, sql) VALUES (?, ?, ?, ?, ?)',
  )
  for (const { type, name, tbl_name, rootpage, sql } of currentSchema(db))
    insert.run(type, name, tbl_name, rootpage, sql)
  const set = db.prepare('INSERT OR REPLACE INTO tidemark_state(key, value) VALUES (?, CAST(? AS INTEGER))')
  for (const [key, value] of Object.entries(currentVersions(db))) set.run(key, value)
}
