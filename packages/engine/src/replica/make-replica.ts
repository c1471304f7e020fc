import { existsSync, statSync } from 'node:fs'

import { StateError } from '@tidemark/protocol'

import { explainFileFailure } from './file-failure.ts'
import { replicaPaths } from './paths.ts'
import { SyncLock } from './sync-lock.ts'

/** Whether the file at `path` is a replica. */
export function isReplica(path: string): boolean {
  return existsSync(path) && existsSync(replicaPaths(path).info)
}

/**
 * Runs `make` under the sync lock, unless another process has made the replica first. Waits until that one is
 * done, or gives up, or dies.
 *
 * @throws StateError `TIDEMARK_NAME_TOO_LONG`, and as {@link explainFileFailure}
 */
export async function makeReplica(
  path: string,
  signal: AbortSignal,
  make: () => Promise<void>,
): Promise<void> {
  assertNamesFit(path)
  const lock = new SyncLock(replicaPaths(path).lock)
  try {
    await lock.acquire(Number.POSITIVE_INFINITY, signal)
    if (!isReplica(path)) await make()
  } catch (error) {
    throw explainFileFailure(path, error)
  } finally {
    lock.release()
    lock.close()
  }
}

/** The same, blocking. @throws BusyError, StateError */
export function makeReplicaSync(path: string, timeoutMs: number, make: () => void): void {
  assertNamesFit(path)
  const lock = new SyncLock(replicaPaths(path).lock)
  try {
    lock.acquireSync(timeoutMs)
    if (!isReplica(path)) make()
  } catch (error) {
    throw explainFileFailure(path, error)
  } finally {
    lock.release()
    lock.close()
  }
}

/** Before anything is made: some of the files beside the database are needed much later. */
function assertNamesFit(path: string): void {
  for (const file of Object.values({ ...replicaPaths(path) })) {
    try {
      statSync(file, { throwIfNoEntry: false })
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENAMETOOLONG') continue
      throw new StateError(
        'TIDEMARK_NAME_TOO_LONG',
        `${path} cannot be made: its name is too long for the names of the files beside it, such as ${file}`,
        { recovery: 'operator', cause },
      )
    }
  }
}
