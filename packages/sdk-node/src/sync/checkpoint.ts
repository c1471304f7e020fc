import { exclusively, retrying } from './sync-context.ts'
import type { ReplicaContext } from './sync-context.ts'

/**
 * Moves the WAL into the main file. A reader may be in the way for as long as it likes: between two attempts
 * the replica is free for the pushes and pulls of others.
 *
 * @throws BusyError when a reader or writer stays in the way, or another sync operation does not end in time
 */
export async function checkpoint(context: ReplicaContext, signal: AbortSignal): Promise<void> {
  const { replica } = context
  const outcome = await retrying(context, 'checkpoint', signal, async () => {
    let hasTurn = false
    try {
      await exclusively(context, signal, async () => {
        hasTurn = true
        replica.checkpoint()
      })
      return null
    } catch (error) {
      // The turn has been waited for long enough.
      if (!hasTurn) return { error }
      throw error
    }
  })
  if (outcome !== null) throw outcome.error
}
