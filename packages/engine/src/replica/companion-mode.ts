import { statSync } from 'node:fs'

const COMPANION = /-(?:info(?:\.tmp)?|changes|wal-revert|replay|replay-next|bootstrap|base|lock)$/
/** What SQLite gives a new database, less what the process's umask takes away. */
const DEFAULT_MODE = 0o644

/**
 * The permissions for a file beside a database, by its name: those of the database, as SQLite does for its WAL. It may hold the same data, and whoever may write to
 * the database has to write to it.
 */
export function companionMode(path: string): number {
  const database = statSync(path.replace(COMPANION, ''), { throwIfNoEntry: false })
  return database === undefined ? DEFAULT_MODE : database.mode & 0o777
}
