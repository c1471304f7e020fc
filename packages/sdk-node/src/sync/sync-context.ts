import type { Replica } from '@tidemark/engine'
import { isTidemarkError } from '@tidemark/protocol'
import type { EventHub } from '../events/event-hub.ts'
import type { BusyEvent } from '../events/sync-events.ts'
import type { Settings } from '../options/settings.ts'
import type { SyncCounters } from '../stats/sync-counters.ts'
import { withBackoff } from './backoff.ts'
import type { RemoteAccess } from './remote-access.ts'
import type { Turns } from './turns.ts'
import { whenFree } from './when-free.ts'

/** What the sync operations of one open database work with. */
export interface SyncContext {
  readonly settings: Settings
  readonly events: EventHub
  readonly counters: SyncCounters
  readonly remote: RemoteAccess
}

export interface ReplicaContext extends SyncContext {
  readonly replica: Replica
  readonly turns: Turns
}

/**
 * Runs alone on the local file: first among the operations of this database object, then among all processes,
 * for which it waits `lockTimeoutMs`; default: as the replica was opened with. @throws BusyError, the
 * signal's reason while it waits
 */
export function exclusively<T>(
  context: ReplicaContext,
  signal: AbortSignal,
  run: () => Promise<T>,
  lockTimeoutMs?: number,
): Promise<T> {
  return context.turns.take(signal, () => context.replica.withSyncLock(run, lockTimeoutMs, signal))
}

/**
 * {@link withBackoff} by the database's policy, of what is done {@link whenFree}; each wait is counted and
 * told to `busy` listeners.
 */
export function retrying<T>(
  context: SyncContext,
  operation: BusyEvent['operation'],
  signal: AbortSignal,
  attempt: () => Promise<T> | T,
): Promise<T> {
  return withBackoff(
    context.settings.retry,
    signal,
    () => whenFree(signal, attempt),
    (error, waitMs) => {
      context.counters.busyRetries += 1
      if (isTidemarkError(error)) context.events.emit('busy', { operation, error, waitMs })
    },
  )
}
