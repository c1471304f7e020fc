import { sqliteCode } from '@tidemark/engine'
import {
  BusyError,
  isTidemarkError,
  LimitError,
  ProtocolError,
  StateError,
  TidemarkError,
} from '@tidemark/protocol'
import type { Recovery } from '@tidemark/protocol'

/** A {@link TidemarkError} as it crosses from a worker. */
export interface WireError {
  readonly name: string
  readonly code: string
  readonly message: string
  readonly recovery: Recovery
  readonly retryAfterMs?: number
  /** Where it happened, of what only the log tells. */
  readonly stack?: string
}

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

export function fromWireError(wire: WireError): TidemarkError {
  const error = errorOf(wire)
  if (wire.stack !== undefined) error.stack = wire.stack
  return error
}

function errorOf(wire: WireError): TidemarkError {
  const { code, message, recovery } = wire
  switch (wire.name) {
    case 'ProtocolError':
      return new ProtocolError(message, { code, recovery })
    case 'LimitError':
      return new LimitError(message)
    case 'BusyError':
      return new BusyError(message, {
        code,
        ...(wire.retryAfterMs === undefined ? {} : { retryAfterMs: wire.retryAfterMs }),
      })
    case 'StateError':
      return new StateError(code, message, { recovery })
    default:
      return new TidemarkError(code, message, { recovery })
  }
}

function databaseFull(): LimitError {
  return new LimitError('The database has reached its largest size, or the disk is full')
}
