import type { Conflict } from '@tidemark/engine'
import { Resolver } from './conflict-resolution.ts'
import { retrying } from './sync-context.ts'
import type { ReplicaContext } from './sync-context.ts'

/**
 * Applies what was downloaded. While somebody is writing, waits and tries again. Conflicts are told after all
 * is committed: a replay that has to start over would tell them twice.
 */
export async function applyStaged(
  context: ReplicaContext,
  signal: AbortSignal,
  options: { readonly keepPending: boolean } = { keepPending: true },
): Promise<void> {
  const { replica, settings, events, counters, remote } = context
  const { lastPushedChangeId } = replica.info
  let conflicts: Conflict[] = []
  let resolver = new Resolver(settings.conflictResolution)
  const report = await retrying(context, 'pull', signal, () => {
    conflicts = []
    resolver = new Resolver(settings.conflictResolution)
    return replica.applyPull({
      resolve: resolver.resolve,
      onConflict: (conflict) => conflicts.push(conflict),
      keepPending: options.keepPending,
      rowidsAreReused: remote.rowidsAreReused,
    })
  })
  counters.conflicts += report.conflicts
  events.emit('pull', {
    revision: replica.info.revision,
    pages: report.pages,
    replayed: report.replayed,
    conflicts: report.conflicts,
  })
  tellRollback(context, lastPushedChangeId)
  for (const conflict of conflicts) events.emit('conflict', conflict)
  resolver.check()
}

/** Tells when the server has lost what it had acknowledged, up to `lastPushedChangeId`: that is pending again. */
export function tellRollback({ replica, events }: ReplicaContext, lastPushedChangeId: number): void {
  if (replica.info.lastPushedChangeId < lastPushedChangeId)
    events.emit('rollback', { revision: replica.info.revision, pending: replica.pendingCount() })
}
