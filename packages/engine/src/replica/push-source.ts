import type { Change } from '@tidemark/protocol'

import { readCaptured } from '../capture/read-captured.ts'
import { toWireChange } from '../capture/to-wire-change.ts'
import type { BeforeImages } from '../capture/to-wire-change.ts'
import type { ReplicaInfo } from './info.ts'
import { nextBatch } from './push-batch.ts'
import type { ReplicaSession } from './session.ts'

/**
 * A batch of pending changes, read from a snapshot of its own, so that local work goes on meanwhile. Close it
 * when done.
 */
export interface PushSource {
  readonly firstChangeId: number
  readonly lastChangeId: number
  /** Frames in the local WAL. */
  readonly walPages: number
  /** The state of `PRAGMA foreign_keys` on the application's connection. */
  readonly enforceForeignKeys: boolean
  /** Streams the changes; may be called again. */
  changes(images?: BeforeImages): Iterable<Change>
  /** Until this has resolved nothing may be sent. */
  readonly onDisk: Promise<void>
  close(): void
}

/**
 * The pending changes after the last acknowledged one, up to the transaction that reaches `maxOperations`;
 * null where there are none. Nothing may be sent before they are on disk: an id that was sent must not be given
 * out again after a power loss.
 *
 * While the answer to a push has not been seen, only what that push had. A copy of the files may try it again
 * too, and each may have later changes under the same ids: the server must not take those for what it has.
 */
export function openPushSource(session: ReplicaSession, maxOperations: number): PushSource | null {
  const after = session.info.lastPushedChangeId
  const reader = session.connections.takeReader()
  try {
    reader.exec('BEGIN')
    const batch =
      nextBatch(reader, after, maxOperations, attemptedThrough(session.info)) ??
      nextBatch(reader, after, maxOperations)
    if (batch === null) {
      session.connections.giveBackReader(reader)
      return null
    }
    let onDisk = Promise.resolve()
    // Where each commit is synced, this finds only what programs have written that do not sync. Else it must come
    // before the attempt is written: see docs/adr/0022.
    if (session.durability === 'full') onDisk = session.wal.syncAside()
    else session.wal.sync()
    // Who sends waits for it, and is told.
    onDisk.catch(() => {})
    return {
      ...batch,
      onDisk,
      walPages: session.readIndex().maxFrame,
      enforceForeignKeys: session.connections.enforcesForeignKeys,
      *changes(images) {
        for (const captured of readCaptured(reader, after, batch.lastChangeId)) {
          const change = toWireChange(captured, images)
          if (change !== null) yield change
        }
      },
      close: () => {
        session.connections.giveBackReader(reader)
      },
    }
  } catch (error) {
    session.connections.giveBackReader(reader)
    throw error
  }
}

function attemptedThrough({ attemptedPushId, attemptedLastChangeId }: ReplicaInfo): number | undefined {
  return attemptedPushId === null ? undefined : (attemptedLastChangeId ?? undefined)
}
