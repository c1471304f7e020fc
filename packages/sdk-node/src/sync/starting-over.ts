import { isTidemarkError } from '@tidemark/protocol'

/** How often a fetch starts over because the server no longer has the revision that was being fetched. */
const MAX_RESTARTS = 3

/**
 * Runs `fetch`, and again while the revision that it was fetching has gone: a server with little history
 * prunes it while others push.
 */
export async function startingOver<T>(fetch: () => Promise<T>): Promise<T> {
  for (let restarts = 0; ; restarts += 1) {
    try {
      return await fetch()
    } catch (error) {
      const isGone = isTidemarkError(error) && error.code === 'TIDEMARK_REVISION_GONE'
      if (!isGone || restarts === MAX_RESTARTS) throw error
    }
  }
}
