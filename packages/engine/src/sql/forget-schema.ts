import type Database from 'better-sqlite3'

/**
 * Drops the schema in memory, so that the next statement reads it, and ends writing to `sqlite_schema`. FTS3
 * and FTS4 hold what they index in memory, and write it at a savepoint: before, since afterwards there would
 * be another instance of the table to ask.
 */
export function forgetSchema(db: Database.Database): void {
  if (db.inTransaction) db.exec('SAVEPOINT tidemark_flush; RELEASE tidemark_flush')
  db.exec('PRAGMA writable_schema = RESET')
}
