import type Database from 'better-sqlite3'

/**
 * Runs `run` so that all of it or nothing stays in the database; inside a transaction it becomes a part of that one.
 */
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

/**
 * The same for what will write: outside a transaction it takes the write lock first. A savepoint that reads
 * before it writes does not wait for another writer, however long the busy timeout is.
 */
export function inWriteTransaction<T>(db: Database.Database, run: () => T): T {
  if (db.inTransaction) return inSavepoint(db, run)
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = run()
    db.exec('COMMIT')
    return result
  } finally {
    if (db.inTransaction) db.exec('ROLLBACK')
  }
}
