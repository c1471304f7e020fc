import { applyStaged } from './apply-staged.ts'
import { fetchWhole } from './fetch-whole.ts'
import { pullLocked } from './pull.ts'
import { remoteOf } from './remember-remote.ts'
import { exclusively } from './sync-context.ts'
import type { ReplicaContext } from './sync-context.ts'

/**
 * Downloads the whole database again, then puts it in place as a pull does: what is pending goes on top, or
 * is dropped in the same step. Until then the replica is as it was.
 */
export async function reset(
  context: ReplicaContext,
  keepPending: boolean,
  signal: AbortSignal,
): Promise<void> {
  const dialect = await remoteOf(context, signal)
  await exclusively(context, signal, async () => {
    const { replica } = context
    if (replica.needsRebase) await pullLocked(context, dialect, null, signal)
    const stage = replica.stagePull()
    try {
      const end = await fetchWhole(context, dialect, stage, signal)
      stage.finish({ ...end, isWhole: true })
      await applyStaged(context, signal, { keepPending })
    } catch (error) {
      stage.abort()
      throw error
    }
  })
}
