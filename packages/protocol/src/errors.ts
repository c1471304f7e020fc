/**
 * The one error taxonomy of Tidemark. Every failure that Tidemark itself raises is a {@link TidemarkError}
 * with a stable `code` and a `recovery` that says what the caller can do next. SQLite's own errors keep
 * better-sqlite3's `SqliteError`.
 */

/**
 * What the caller can do about a failure.
 *
 * - `retry`: the same call may succeed later, nothing else is needed
 * - `pull`: pull first, then the same call
 * - `checkpoint`: checkpoint first, then the same call
 * - `fix-data`: a row or a statement must be changed or dropped
 * - `reset`: the local replica must be bootstrapped again
 * - `upgrade`: one side is too old for the other
 * - `operator`: configuration, credentials, permissions or disk need a person
 * - `bug`: should not happen; please report it
 */
export type Recovery = 'retry' | 'pull' | 'checkpoint' | 'fix-data' | 'reset' | 'upgrade' | 'operator' | 'bug'

export interface TidemarkErrorOptions {
  readonly recovery: Recovery
  readonly cause?: unknown
}

/** Base of all errors that Tidemark raises. Test with `instanceof` or {@link isTidemarkError}; branch on `code`. */
export class TidemarkError extends Error {
  override readonly name: string = 'TidemarkError'
  /** Stable, machine-readable: `TIDEMARK_…`. */
  readonly code: string
  readonly recovery: Recovery

  constructor(code: string, message: string, options: TidemarkErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.recovery = options.recovery
  }
}

/** True for any {@link TidemarkError}, also one that comes from another copy of this package. */
export function isTidemarkError(value: unknown): value is TidemarkError {
  return (
    value instanceof Error &&
    'recovery' in value &&
    'code' in value &&
    String(value.code).startsWith('TIDEMARK_')
  )
}

/**
 * The other side sent bytes that break the protocol: truncated, oversized, wrong checksum, unknown message.
 * Nothing was changed.
 */
export class ProtocolError extends TidemarkError {
  override readonly name = 'ProtocolError'
  constructor(message: string, options: { cause?: unknown; code?: string; recovery?: Recovery } = {}) {
    super(options.code ?? 'TIDEMARK_PROTOCOL', message, {
      recovery: options.recovery ?? 'operator',
      cause: options.cause,
    })
  }
}

/** An input is larger than a configured limit. Raised before memory is taken for it. */
export class LimitError extends TidemarkError {
  override readonly name = 'LimitError'
  constructor(message: string, options: { cause?: unknown } = {}) {
    super('TIDEMARK_LIMIT', message, { recovery: 'operator', cause: options.cause })
  }
}

/** Somebody else holds what is needed: SQLite's write lock, a server turn, the file's sync lock. Retry. */
export class BusyError extends TidemarkError {
  override readonly name = 'BusyError'
  /** When the server says how long to wait; milliseconds. */
  readonly retryAfterMs: number | undefined
  constructor(message: string, options: { cause?: unknown; code?: string; retryAfterMs?: number } = {}) {
    super(options.code ?? 'TIDEMARK_BUSY', message, { recovery: 'retry', cause: options.cause })
    this.retryAfterMs = options.retryAfterMs
  }
}

/**
 * The local files are not what they should be: not a synced file, damaged, made by a newer version, of
 * another page size.
 */
export class StateError extends TidemarkError {
  override readonly name = 'StateError'
}
