import { isTidemarkError, TidemarkError } from '@tidemark/protocol'
import type { Database } from '@tidemark/sdk-node'
import { formatCount } from './quantity.ts'

/** How many changes wait to be pushed; null where it cannot be said. */
export async function pendingCount(db: Database): Promise<number | null> {
  try {
    const { cdcOperations } = await db.stats()
    return cdcOperations
  } catch {
    return null
  }
}

/**
 * Whoever reads that an operation failed asks first what became of the changes.
 *
 * @throws what `run` throws, with the answer
 */
export async function orSayWhatWaits<T>(db: Database, path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    const pending = isTidemarkError(error) ? ((await pendingCount(db)) ?? 0) : 0
    if (!isTidemarkError(error) || pending === 0) throw error
    const { code, message, recovery } = error
    throw new TidemarkError(
      code,
      `${message.replace(/\.$/u, '')}; ${formatCount(pending, 'change')} pending, kept in ${path}`,
      { recovery, cause: error },
    )
  }
}
