import Database from 'better-sqlite3'

import { BusyError } from '@tidemark/protocol'

/** Whether SQLite says that somebody else holds a lock. */
export function isBusy(error: unknown): error is InstanceType<typeof Database.SqliteError> {
  return error instanceof Database.SqliteError && /^SQLITE_(BUSY|LOCKED)/.test(error.code)
}

/** Whether SQLite says that the database cannot be read as one. */
export function isDamaged(error: unknown): error is InstanceType<typeof Database.SqliteError> {
  return error instanceof Database.SqliteError && /^SQLITE_(CORRUPT|NOTADB)/.test(error.code)
}

/** Runs `run`; SQLite's busy errors become a {@link BusyError} that says what was being done. */
export function withBusyErrors<T>(what: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!isBusy(error)) throw error
    throw new BusyError(
      `The database is locked by another connection while ${what}. Finish its transaction, or try again.`,
      {
        cause: error,
      },
    )
  }
}
