import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import {
  blockedChanges,
  capturedCount,
  hasCapture,
  readSyncState,
  rejectedCount,
  replicaPaths,
} from '@tidemark/engine'
import { StateError } from '@tidemark/protocol'
import Database from 'better-sqlite3'
import { assertExists } from './replica-file.ts'

/** The state of a synced file. Sizes in bytes, times in Unix seconds. */
export interface ReplicaStatus {
  readonly path: string
  readonly url: string | null
  readonly clientId: string
  /** The server's revision; empty before the first pull. */
  readonly revision: string
  /**
   * Captured changes that the server has not acknowledged. Schema changes of other programs count once the
   * file is opened. Null, as are the other two: the queue is out of the file, in the middle of a pull.
   */
  readonly pending: number | null
  /** How many of them are not in their tables, because they violate a constraint there since the last pull. */
  readonly blocked: number | null
  /** Entries that were set aside because the server refuses them. */
  readonly rejected: number | null
  readonly fileBytes: number
  readonly walBytes: number
  readonly revertWalBytes: number
  readonly lastPushUnixTime: number | null
  readonly lastPullUnixTime: number | null
  /** A crash interrupted a pull while it was being applied. */
  readonly interruptedPull: boolean
}

/**
 * Looks at a synced file without opening it as a replica: nothing is recovered, checkpointed or sent, and an
 * application that has it open is not disturbed.
 *
 * @throws StateError when there is no such file, or it is not a synced one
 */
export function inspectReplica(file: string): ReplicaStatus {
  assertExists(file)
  const path = resolve(file)
  const paths = replicaPaths(path)
  if (!existsSync(paths.info)) {
    assertSqlite(path)
    throw new StateError(
      'TIDEMARK_NOT_SYNCED',
      `${file} is not synced: ${paths.info} is missing. With a --url it can be adopted (all of it is pushed) or replaced by the server's`,
      { recovery: 'operator' },
    )
  }
  return {
    path,
    ...inspectDatabase(path),
    fileBytes: sizeOf(path),
    walBytes: sizeOf(paths.wal),
    revertWalBytes: sizeOf(paths.revert),
    interruptedPull: existsSync(paths.replay),
  }
}

/** @throws StateError unless SQLite would take it for a database */
function assertSqlite(path: string): void {
  const magic = Buffer.from('SQLite format 3\0')
  const found = Buffer.alloc(magic.length)
  const descriptor = openSync(path, 'r')
  const length = readSync(descriptor, found)
  closeSync(descriptor)
  if (length === 0 || found.equals(magic)) return
  throw new StateError(
    'TIDEMARK_NOT_A_DATABASE',
    `${path} is not a SQLite database, or its beginning is damaged. It was left as it is`,
    {
      recovery: 'operator',
    },
  )
}

/** Read-only, so that closing the connection does not checkpoint. */
function inspectDatabase(
  path: string,
): Omit<ReplicaStatus, 'path' | 'fileBytes' | 'walBytes' | 'revertWalBytes' | 'interruptedPull'> {
  const db = new Database(path, { readonly: true })
  try {
    const { url, clientId, revision, lastPushedChangeId, lastPushUnixTime, lastPullUnixTime } = readSyncState(
      path,
      db,
    )
    return {
      url,
      clientId,
      revision,
      lastPushUnixTime,
      lastPullUnixTime,
      ...db.transaction(() => inspectQueue(db, lastPushedChangeId))(),
    }
  } finally {
    db.close()
  }
}

function inspectQueue(
  db: Database.Database,
  lastPushedChangeId: number,
): Pick<ReplicaStatus, 'pending' | 'blocked' | 'rejected'> {
  if (!hasCapture(db)) return { pending: null, blocked: null, rejected: null }
  return {
    pending: capturedCount(db, lastPushedChangeId),
    blocked: blockedChanges(db, lastPushedChangeId).size,
    rejected: rejectedCount(db),
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
