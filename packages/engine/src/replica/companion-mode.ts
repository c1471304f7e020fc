import { statSync } from 'node:fs'

const COMPANION = /-(?:info(?:\.tmp)?|changes|wal-revert|replay|replay-next|bootstrap|base|lock)$/
/** What SQLite gives a new database, less what the process's umask takes away. */
const DEFAULT_MODE = 0o644

/**
 * The permissions for a file beside a database, by its name: those of the database, as SQLite does for its WAL. It may hold the same data, and whoever may write to
 * the database has to write to it.
 */
export function companionMode(path: string): number {
  return databaseMode(path) ?? DEFAULT_MODE
}

/** The permissions of the database that a file lies beside, by the file's name; null where there is no database yet. */
export function databaseMode(path: string): number | null {
  const database = statSync(path.replace(COMPANION, ''), { throwIfNoEntry: false })
  return database === undefined ? null : database.mode & 0o777
}
