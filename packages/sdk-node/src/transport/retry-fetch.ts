import { setTimeout as sleep } from 'node:timers/promises'
import { checkAtLeast, checkInteger } from '../options/check-option.ts'

export interface RetryFetchOptions {
  /** How often to try in all. Default 3. */
  readonly attempts?: number
  /** Wait before the second attempt, milliseconds. Default 500. */
  readonly delayMs?: number
  /** Each further wait is this many times the one before. Default 2. */
  readonly backoff?: number
  /** What to wrap. Default: the global `fetch`. */
  readonly fetch?: typeof fetch
  /** How to wait; replaced in tests. */
  readonly wait?: (ms: number) => Promise<unknown>
}

/**
 * Wraps a fetch so that thrown errors, 5xx and 429 are tried again. The last answer or error is passed on as
 * it is. An aborted request is not tried again, nor is one whose body is a stream given in `init`, which can
 * be read only once. A `Request`'s body is kept in memory while attempts are left.
 *
 * @throws OptionsError for options out of range
 */
export function retryFetch(options: RetryFetchOptions = {}): typeof fetch {
  const attempts = checkInteger('attempts', options.attempts ?? 3, 1)
  const delayMs = checkAtLeast('delayMs', options.delayMs ?? 500, 0)
  const backoff = checkAtLeast('backoff', options.backoff ?? 2, 1)
  const inner = options.fetch ?? fetch
  const wait = options.wait ?? sleep

  return async (input, init) => {
    const limit = init?.body instanceof ReadableStream ? 1 : attempts
    let waitMs = delayMs
    for (let attempt = 1; ; attempt += 1) {
      const last = attempt === limit
      const attemptInput = input instanceof Request && !last ? input.clone() : input
      try {
        const response = await inner(attemptInput, init)
        if (last || !isRetryableStatus(response.status)) return response
        await response.body?.cancel()
      } catch (error) {
        if (last || isAborted(input, init)) throw error
      }
      await wait(waitMs)
      waitMs *= backoff
    }
  }
}

function isRetryableStatus(status: number): boolean {
  return status >= 500 || status === 429
}

function isAborted(input: Parameters<typeof fetch>[0], init: RequestInit | undefined): boolean {
  return init?.signal?.aborted === true || (input instanceof Request && input.signal.aborted)
}
