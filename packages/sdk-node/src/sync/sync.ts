import { SyncConflictError } from '../errors/sync-conflict-error.ts'
import { pull } from './pull.ts'
import { push } from './push.ts'
import type { PushProgress } from './push-progress.ts'
import type { ReplicaContext } from './sync-context.ts'

/** How often a sync pulls and pushes again because others were faster. */
const MAX_CONFLICT_ROUNDS = 5

/**
 * Push, then pull. When the server refuses the push because of conflicts, pulls, which resolves them, and
 * pushes again. True if anything new arrived.
 */
export async function sync(
  context: ReplicaContext,
  progress: PushProgress,
  signal: AbortSignal,
  beforePull: () => Promise<void>,
): Promise<boolean> {
  let hasNews = false
  for (let round = 1; ; round += 1) {
    try {
      await push(context, progress, signal)
      break
    } catch (error) {
      if (!(error instanceof SyncConflictError) || round === MAX_CONFLICT_ROUNDS) throw error
      await beforePull()
      const brought = await pull(context, 0, signal)
      hasNews ||= brought
    }
  }
  await beforePull()
  const brought = await pull(context, 0, signal)
  return hasNews || brought
}
