import Sqlite from 'better-sqlite3'
import { ConflictResolverError, isTidemarkError, RejectedError, SyncConflictError } from '@tidemark/sdk-node'

/** SQLite refuses a statement as it may: a constraint, a table that is not there any more, somebody else's lock. */
export function isRefusedBySqlite(error: unknown): boolean {
  if (!(error instanceof Sqlite.SqliteError)) return false
  return /^SQLITE_(?:CONSTRAINT|BUSY|MISMATCH|ERROR)/.test(error.code)
}

/** An operation may fail so: typed and with a way out, or because of the fault that was injected. */
export function isExpected(
  error: unknown,
  circumstances: {
    readonly hasFaultFired: boolean
    readonly mayReject: boolean
    readonly mayFailToResolve: boolean
  },
): boolean {
  const { hasFaultFired, mayReject, mayFailToResolve } = circumstances
  if (error instanceof SyncConflictError) return true
  if (error instanceof ConflictResolverError) return mayFailToResolve
  if (error instanceof RejectedError) return mayReject
  if (!hasFaultFired) return false
  if (isTidemarkError(error)) return error.recovery !== 'bug'
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EIO')
}

/** For the log. */
export function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : 'something that is no error'
}
