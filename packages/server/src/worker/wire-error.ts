import { BusyError, LimitError, ProtocolError, StateError, TidemarkError } from '@tidemark/protocol'
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
