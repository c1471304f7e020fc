import { setTimeout as sleep } from 'node:timers/promises'

import { BusyError } from '@tidemark/protocol'

/** How long a lock on the local file is waited for before the operation counts as busy. */
const PATIENCE_MS = 1000
const RETRY_MS = 5

/**
 * Runs `attempt`, and again soon while other programs have the local file locked: they do so for
 * milliseconds, but one that writes all the time would have it locked again at each of a few attempts that
 * lie far apart. Does not block the event loop: the lock may be held by this process.
 *
 * @throws BusyError when the file does not become free in time
 */
export async function whenFree<T>(
  signal: AbortSignal | null,
  attempt: () => Promise<T> | T,
  patienceMs: number = PATIENCE_MS,
): Promise<T> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const isLocked = error instanceof BusyError && error.code === 'TIDEMARK_BUSY'
      if (!isLocked || performance.now() >= deadline || signal?.aborted === true) throw error
      await sleep(RETRY_MS)
    }
  }
}
