import { BusyError } from '@tidemark/protocol'
import type { RetryOptions } from '../options/connect-options.ts'

/**
 * Runs `attempt` until it succeeds, fails in a way that will not pass, or the attempts are used up; then
 * throws the last error. Before each wait `onWait` is told. A busy server's own wish for the wait goes before
 * the policy's.
 */
export async function withBackoff<T>(
  policy: Required<RetryOptions>,
  signal: AbortSignal,
  attempt: () => Promise<T>,
  onWait: (error: unknown, waitMs: number) => void,
): Promise<T> {
  let delayMs = policy.delayMs
  for (let count = 1; ; count += 1) {
    signal.throwIfAborted()
    try {
      return await attempt()
    } catch (error) {
      if (count >= policy.attempts || signal.aborted || !policy.shouldRetry(error)) throw error
      const wanted = error instanceof BusyError ? (error.retryAfterMs ?? delayMs) : delayMs
      const waitMs = Math.min(wanted, policy.maxDelayMs)
      onWait(error, waitMs)
      await policy.wait(waitMs, signal)
      delayMs *= policy.backoff
    }
  }
}
