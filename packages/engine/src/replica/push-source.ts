import Database from 'better-sqlite3'
import type { Change } from '@tidemark/protocol'

import { readCaptured } from '../capture/read-captured.ts'
import { toWireChange } from '../capture/to-wire-change.ts'
import { nextBatch } from './push-batch.ts'
import type { ReplicaSession } from './session.ts'

/** A batch of pending changes, read from a snapshot of its own, so that local work goes on meanwhile. Close it when done. */
export interface PushSource {
  readonly firstChangeId: number
  readonly lastChangeId: number
  /** Frames in the local WAL. */
  readonly walPages: number
  /** The state of `PRAGMA foreign_keys` on the application's connection. */
  readonly enforceForeignKeys: boolean
  /** Streams the changes; may be called again. */
  changes(): Iterable<Change>
  close(): void
}

/**
 * The pending changes after the last acknowledged one, up to the transaction that reaches `maxOperations`; null where there are none. They are on disk
 * when this returns: an id that was sent must not be given out again after a power loss.
 */
export function openPushSource(session: ReplicaSession, maxOperations: number): PushSource | null {
  const after = session.info.lastPushedChangeId
  const reader = new Database(session.paths.main, { timeout: 0 })
  try {
    reader.exec('BEGIN')
    const batch = nextBatch(reader, after, maxOperations)
    if (batch === null) {
      reader.close()
      return null
    }
    session.wal.sync()
    return {
      ...batch,
      walPages: session.readIndex().maxFrame,
      enforceForeignKeys: session.enforcesForeignKeys,
      *changes() {
        for (const captured of readCaptured(reader, after, batch.lastChangeId)) {
          const change = toWireChange(captured)
          if (change !== null) yield change
        }
      },
      close: () => {
        reader.close()
      },
    }
  } catch (error) {
    reader.close()
    throw error
  }
}
