import type { Conflict, Replica } from '@tidemark/engine'
import { OptionsError } from '../errors/options-error.ts'
import type { Rejection } from '../errors/rejected-error.ts'
import { checkBoolean, checkInteger, checkKeys, describe } from '../options/check-option.ts'
import { pullLocked } from '../sync/pull.ts'
import type { RemoteDialect } from '../sync/remote-dialect.ts'
import { remoteOf } from '../sync/remember-remote.ts'
import { exclusively, retrying } from '../sync/sync-context.ts'
import type { ReplicaContext } from '../sync/sync-context.ts'
import type { DiscardFilter } from './discard-filter.ts'
import { matchingChanges, rejectedIdOf } from './discard-filter.ts'
import type { Row } from './pending-change.ts'

/** How a rejected change is put back. */
export interface RetryRejectedOptions {
  /** Values that the refused insert or update writes instead of its own. Columns left out stay. */
  readonly row?: Row
}

/** How changes are discarded. */
export interface DiscardOptions {
  /** Only count: nothing is dropped, and no network is needed. Default false. */
  readonly dryRun?: boolean
}

/**
 * Takes a change that the server refuses out of the queue, with what has to go with it. Under the sync lock.
 * Returns how many changes that are; 0: it is not pending here.
 */
export async function setAside(
  context: ReplicaContext,
  dialect: RemoteDialect,
  rejection: Rejection,
  signal: AbortSignal,
): Promise<number> {
  const { replica } = context
  if (replica.needsRebase) await pullLocked(context, dialect, null, signal)
  return await edit(context, signal, (options) => replica.queue.setAside(rejection, options))
}

/** Drops what `filter` names. Returns how many changes that were, or would be. */
export async function discard(
  context: ReplicaContext,
  filter: DiscardFilter,
  options: DiscardOptions,
  signal: AbortSignal,
): Promise<number> {
  const { replica } = context
  const rejectedId = rejectedIdOf(filter)
  checkKeys('options', options, ['dryRun'])
  const dryRun = checkBoolean('dryRun', options.dryRun ?? false)
  const matching = (): Set<number> =>
    matchingChanges(replica, filter as Exclude<DiscardFilter, { rejected: number }>)
  return await exclusively(context, signal, async () => {
    if (rejectedId !== null) {
      if (dryRun) return rejectedSize(replica, rejectedId)
      return await retrying(context, 'queue', signal, () => replica.queue.discardRejected(rejectedId))
    }
    if (dryRun) return replica.queue.discardCount(matching())
    if (replica.needsRebase) await pullLocked(context, await remoteOf(context, signal), null, signal)
    const ids = matching()
    return await edit(context, signal, (replay) => replica.queue.discard(ids, replay))
  })
}

/** How many changes an entry of `rejected()` has; 0: there is no such entry. */
function rejectedSize(replica: Replica, rejectedId: number): number {
  return replica.queue.rejected().find(({ id }) => id === rejectedId)?.changes.length ?? 0
}

/** Puts a rejected entry back into the queue. Returns how many changes are pending again. */
export async function retryRejected(
  context: ReplicaContext,
  id: number,
  options: RetryRejectedOptions,
  signal: AbortSignal,
): Promise<number> {
  checkInteger('id', id, 0)
  checkKeys('options', options, ['row'])
  const { row = null } = options
  if (typeof row !== 'object' || Array.isArray(row))
    throw new OptionsError('row', `expected an object, got ${describe(row)}`)
  return await exclusively(context, signal, () =>
    reportingConflicts(context, signal, (onConflict) =>
      context.replica.queue.retryRejected(id, { row, onConflict }),
    ),
  )
}

type EditOptions = Parameters<Replica['queue']['discard']>[1]

function edit(
  context: ReplicaContext,
  signal: AbortSignal,
  run: (options: EditOptions) => number,
): Promise<number> {
  return reportingConflicts(context, signal, (onConflict) => run({ resolve: () => 'keep-local', onConflict }))
}

/** Tells of conflicts when all is committed: an attempt that has to start over would tell them twice. */
async function reportingConflicts(
  context: ReplicaContext,
  signal: AbortSignal,
  run: (onConflict: (conflict: Conflict) => void) => number,
): Promise<number> {
  let conflicts: Conflict[] = []
  const count = await retrying(context, 'queue', signal, () => {
    conflicts = []
    return run((conflict) => conflicts.push(conflict))
  })
  context.counters.conflicts += conflicts.length
  for (const conflict of conflicts) context.events.emit('conflict', conflict)
  return count
}
