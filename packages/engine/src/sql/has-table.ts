import type Database from 'better-sqlite3'
import { prepared } from './prepared.ts'

/** Whether the database has a table of exactly this name. */
export function hasTable(db: Pick<Database.Database, 'prepare'>, name: string): boolean {
  const select = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?"
  return prepared<[string]>(db, select).get(name) !== undefined
}
