import type { Change, PushHeader } from '@tidemark/protocol'
import type { ApplyConnection } from './apply-connection.ts'
import type { ConflictLimits } from './conflict-log.ts'
import { OpenPush } from './open-push.ts'
import type { PushOutcome } from './push-outcome.ts'

export interface PushInput {
  readonly header: PushHeader
  /** The batch, from its beginning at each call; called a second time only to check foreign keys. */
  readonly changes: () => Iterable<Change>
  readonly limits?: ConflictLimits
  /** See {@link OpenPushOptions}. */
  readonly isStale?: boolean
}

/**
 * Applies a whole batch or nothing of it (I5), once (I3). Without a transaction of the caller it takes the
 * write lock and commits; inside one it leaves the commit to the caller, and the transaction as it was if the
 * outcome is not `ok`.
 *
 * @throws BusyError when another writer holds the lock; StateError `TIDEMARK_PUSH_RECORDS`; the errors of
 * `changes`; SqliteError when the machine or the file fails. Nothing is applied then.
 */
export function applyPush(connection: ApplyConnection, input: PushInput): PushOutcome {
  const { header, changes, limits, isStale } = input
  const push = new OpenPush(connection, header, { limits, isStale })
  try {
    return push.finish(changes(), changes)
  } finally {
    push.close()
  }
}
