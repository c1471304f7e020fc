import Sqlite from 'better-sqlite3'
import { PAGE_SIZE } from '@tidemark/protocol'

export type Connection = Sqlite.Database

export interface Closable {
  close(): void
}

export interface ConnectionSettings {
  /** `full`: a commit is on disk when it returns. `normal`: it survives the process, not a power loss. */
  readonly durability: 'full' | 'normal'
  /** The database may not grow beyond this. */
  readonly maxDatabaseBytes: number
}

/**
 * A connection to a database's main file. It never waits for a lock: that would stop the event loop which the
 * lock's holder needs. It never checkpoints: the history must have the pages first.
 */
export function openConnection(path: string, settings: ConnectionSettings): Connection {
  const connection = new Sqlite(path, { timeout: 0 })
  try {
    connection.exec(`
      PRAGMA wal_autocheckpoint = 0;
      PRAGMA synchronous = ${settings.durability === 'full' ? 'FULL' : 'NORMAL'};
      PRAGMA trusted_schema = OFF;
      PRAGMA foreign_keys = OFF;
      PRAGMA recursive_triggers = OFF;
      PRAGMA max_page_count = ${Math.floor(settings.maxDatabaseBytes / PAGE_SIZE)};
    `)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/** Copies the WAL into the main file as far as readers allow. `isComplete`: all of it. */
export function checkpoint(
  connection: Connection,
  mode: 'PASSIVE' | 'TRUNCATE',
): { readonly isComplete: boolean } {
  const [row] = connection.pragma(`wal_checkpoint(${mode})`) as {
    busy: number
    log: number
    checkpointed: number
  }[]
  return { isComplete: row !== undefined && row.busy === 0 && row.log === row.checkpointed }
}

/**
 * Closes what may be the last connection, and leaves the WAL: SQLite would copy it into the main file, and
 * the history may not have it yet. A connection that only reads keeps SQLite from that, and does not do it
 * itself.
 */
export function closeWithoutCheckpoint(connection: Connection): void {
  const reader = new Sqlite(connection.name, { readonly: true })
  try {
    reader.prepare('SELECT count(*) FROM sqlite_schema').get()
    connection.close()
  } finally {
    reader.close()
  }
}

/**
 * Closes the last connection, which leaves the WAL, where it is open, and then the descriptors on its files.
 * The former needs descriptors itself: where there were none, it comes again behind the latter. Left open, it
 * would be closed by the collector, and the main file get what the history does not have.
 *
 * @returns the steps, in their order
 */
export function closersOf(
  keeper: Connection | null,
  descriptors: readonly Closable[],
  onPanic: (error: unknown) => never,
): (() => void)[] {
  const close = (onError: (error: unknown) => void): void => {
    try {
      if (keeper?.open === true) closeWithoutCheckpoint(keeper)
    } catch (error) {
      onError(error)
    }
  }
  return [
    () => close(() => {}),
    ...descriptors.map((descriptor) => () => descriptor.close()),
    () => close((error) => onPanic(error)),
  ]
}
