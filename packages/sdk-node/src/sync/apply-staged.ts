import type { Conflict } from '@tidemark/engine'
import { conflictResolver } from './conflict-resolution.ts'
import { retrying } from './sync-context.ts'
import type { ReplicaContext } from './sync-context.ts'

/**
 * Applies what was downloaded. While somebody is writing, waits and tries again. Conflicts are told after all is committed: a replay
 * that has to start over would tell them twice.
 */
export async function applyStaged(context: ReplicaContext, signal: AbortSignal): Promise<void> {
  const { replica, settings, events, counters } = context
  let conflicts: Conflict[] = []
  const report = await retrying(context, 'pull', signal, () => {
    conflicts = []
    return replica.applyPull({
      resolve: conflictResolver(settings.conflictResolution),
      onConflict: (conflict) => conflicts.push(conflict),
    })
  })
  counters.conflicts += report.conflicts
  events.emit('pull', {
    revision: replica.info.revision,
    pages: report.pages,
    replayed: report.replayed,
    conflicts: report.conflicts,
  })
  for (const conflict of conflicts) {
    events.emit('conflict', conflict)
    settings.onConflict?.(conflict)
  }
}
