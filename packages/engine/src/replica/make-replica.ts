import { existsSync } from 'node:fs'

import { replicaPaths } from './paths.ts'
import { SyncLock } from './sync-lock.ts'

/** Whether the file at `path` is a replica. */
export function isReplica(path: string): boolean {
  return existsSync(path) && existsSync(replicaPaths(path).info)
}

/** Runs `make` under the sync lock, unless another process has made the replica first. Waits until that one is done, or gives up, or dies. */
export async function makeReplica(
  path: string,
  signal: AbortSignal,
  make: () => Promise<void>,
): Promise<void> {
  const lock = new SyncLock(replicaPaths(path).lock)
  try {
    await lock.acquire(Number.POSITIVE_INFINITY, signal)
    if (!isReplica(path)) await make()
  } finally {
    lock.release()
    lock.close()
  }
}

/** The same, blocking. @throws BusyError */
export function makeReplicaSync(path: string, timeoutMs: number, make: () => void): void {
  const lock = new SyncLock(replicaPaths(path).lock)
  try {
    lock.acquireSync(timeoutMs)
    if (!isReplica(path)) make()
  } finally {
    lock.release()
    lock.close()
  }
}
