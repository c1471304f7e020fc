import { BusyError } from '@tidemark/protocol'

import type { ReplicaSession } from './session.ts'

const ATTEMPTS = 5

/**
 * Moves all of the WAL into the main file and empties it, keeping the base readable (I1):
 *
 * 1. seal: every overlay page's base image is on disk in `-wal-revert`, the pin stands at the newest commit
 * 2. copy: SQLite's passive checkpoint, which stops at the pin
 * 3. pin again with the write lock held. With everything copied, the pin then reads the main file alone,
 *    which forbids any further copying and still lets the WAL start over
 * 4. truncate: succeeds only if nothing came after the seal
 *
 * `-info` is saved between the steps, so a crash after any of them opens with a known base.
 *
 * @throws BusyError when another reader or writer is in the way; what was copied until then stays valid
 */
export function checkpoint(session: ReplicaSession): void {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const sealed = session.withWriteLock((index) => {
      if (session.base.watermark === null) session.connections.repin(index.maxFrame)
      else session.seal(index)
      return index.maxFrame
    })
    session.save({})
    if (runCheckpoint(session, 'PASSIVE').checkpointed < sealed) {
      // What was copied belongs to the base. After a crash only the main file's time can tell that.
      session.save({})
      throw new BusyError(
        'The checkpoint is partial: another connection has been reading the database since before it began. Try again when it is done.',
      )
    }
    const isComplete = session.withWriteLock((index) => {
      if (index.maxFrame !== sealed) return false
      session.connections.repin(sealed)
      return true
    })
    if (!isComplete) continue
    session.save({})
    runCheckpoint(session, 'TRUNCATE')
    session.withWriteLock(() => {
      session.save({})
    })
    return
  }
  throw new BusyError('The checkpoint cannot finish: other programs keep writing. Try again later.')
}

interface CheckpointRow {
  readonly busy: number
  readonly log: number
  readonly checkpointed: number
}

function runCheckpoint(session: ReplicaSession, mode: 'PASSIVE' | 'TRUNCATE'): CheckpointRow {
  const [row] = session.work.db.pragma(`wal_checkpoint(${mode})`) as CheckpointRow[]
  return row!
}
