import type Database from 'better-sqlite3'

/** Runs `run` so that all of it or nothing stays in the database; inside a transaction it becomes a part of that one. */
export function inSavepoint<T>(db: Database.Database, run: () => T): T {
  db.exec('SAVEPOINT tidemark_savepoint')
  try {
    const result = run()
    db.exec('RELEASE tidemark_savepoint')
    return result
  } catch (error) {
    // A full disk and the like end the whole transaction by themselves.
    if (db.inTransaction) db.exec('ROLLBACK TO tidemark_savepoint; RELEASE tidemark_savepoint')
    throw error
  }
}
