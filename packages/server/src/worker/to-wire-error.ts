import { sqliteCode } from '@tidemark/engine/server-side'
import { BusyError, isTidemarkError, LimitError } from '@tidemark/protocol'
import type { WireError } from './wire-error.ts'

/** Anything else is a bug or a failing disk: the main process logs its message and stack; the client sees neither. */
export function toWireError(error: unknown): WireError {
  const ofSqlite = sqliteCode(error)
  if (ofSqlite?.startsWith('SQLITE_FULL') === true) return toWireError(databaseFull())
  if (ofSqlite?.startsWith('SQLITE_BUSY') === true) return toWireError(new BusyError('The database is busy'))
  if (isTidemarkError(error)) {
    const retryAfterMs = error instanceof BusyError ? error.retryAfterMs : undefined
    const { name, code, message, recovery } = error
    return retryAfterMs === undefined
      ? { name, code, message, recovery }
      : { name, code, message, recovery, retryAfterMs }
  }
  const internal = { name: 'TidemarkError', code: 'TIDEMARK_INTERNAL', recovery: 'bug' } as const
  if (!(error instanceof Error)) return { ...internal, message: String(error) }
  const { message, stack } = error
  return stack === undefined ? { ...internal, message } : { ...internal, message, stack }
}

function databaseFull(): LimitError {
  return new LimitError('The database has reached its largest size, or the disk is full')
}
