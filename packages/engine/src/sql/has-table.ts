import type Database from 'better-sqlite3'

/** Whether the database has a table of exactly this name. */
export function hasTable(db: Pick<Database.Database, 'prepare'>, name: string): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !== undefined
}
