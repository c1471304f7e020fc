import { TidemarkError } from '@tidemark/protocol'
import type { Recovery } from '@tidemark/protocol'

export interface NetworkErrorOptions {
  /** `TIDEMARK_NETWORK` when not given. */
  readonly code?: string
  /** HTTP status where an answer arrived. */
  readonly status?: number
  /** `retry` when not given. */
  readonly recovery?: Recovery
  readonly cause?: unknown
}

/**
 * The server could not be reached, or what it answered is no answer: connection refused or cut, timeout, 5xx, redirect.
 * Whether a push arrived is unknown; pushing again is safe, it is never applied twice.
 *
 * Codes: `TIDEMARK_NETWORK`, `TIDEMARK_TIMEOUT`, `TIDEMARK_HTTP` (an unexpected status),
 * `TIDEMARK_NOT_FOUND`, `TIDEMARK_NO_SUCH_DATABASE`, `TIDEMARK_REDIRECT`, `TIDEMARK_REMOTE_FAILURE` (a Turso
 * server could not run a statement, through no fault of the statement; or it is no Turso server).
 */
export class NetworkError extends TidemarkError {
  override readonly name = 'NetworkError'
  /** HTTP status, where an answer arrived. */
  readonly status: number | undefined

  constructor(message: string, options: NetworkErrorOptions = {}) {
    super(options.code ?? 'TIDEMARK_NETWORK', message, {
      recovery: options.recovery ?? 'retry',
      cause: options.cause,
    })
    this.status = options.status
  }
}
