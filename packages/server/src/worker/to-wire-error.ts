import { sqliteCode } from '@tidemark/engine/server-side'
import { BusyError, isTidemarkError, LimitError } from '@tidemark/protocol'
import type { TidemarkError } from '@tidemark/protocol'
import { explainDiskFailure, isDiskFailure } from '../disk-failure.ts'
import { explainTooManyFiles } from '../too-many-files.ts'
import type { WireError } from './wire-error.ts'

/**
 * Anything else is a bug: the main process logs its message and stack; the client sees neither. Of a disk that
 * fails the log has what it said.
 */
export function toWireError(error: unknown): WireError {
  const ofSqlite = sqliteCode(error)
  if (ofSqlite?.startsWith('SQLITE_FULL') === true) return toWireError(databaseFull())
  if (ofSqlite?.startsWith('SQLITE_BUSY') === true) return toWireError(new BusyError('The database is busy'))
  const explained = explainTooManyFiles(error) ?? explainDiskFailure(error)
  if (isTidemarkError(explained)) return known(explained)
  const internal = { name: 'TidemarkError', code: 'TIDEMARK_INTERNAL', recovery: 'bug' } as const
  if (!(error instanceof Error)) return { ...internal, message: String(error) }
  const { message, stack } = error
  return stack === undefined ? { ...internal, message } : { ...internal, message, stack }
}

function known(error: TidemarkError): WireError {
  const { name, code, message, recovery, cause } = error
  const retryAfterMs = error instanceof BusyError ? error.retryAfterMs : undefined
  const stack = isDiskFailure(error) && cause instanceof Error ? cause.stack : undefined
  return {
    name,
    code,
    message,
    recovery,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(stack === undefined ? {} : { stack }),
  }
}

function databaseFull(): LimitError {
  return new LimitError('The database has reached its largest size')
}
