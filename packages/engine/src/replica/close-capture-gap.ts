import { ApplyConnection } from '../apply/apply-connection.ts'
import { captureDifference } from '../capture/difference.ts'
import { captureForeignSchema } from '../capture/foreign-schema.ts'
import { dropOutOfOrder } from '../capture/late-triggers.ts'
import type { PageImage } from '../wal/inject.ts'
import { removeFile } from './durable-file.ts'
import { sentThrough } from './info.ts'
import { replayOnBase } from './replay-on-base.ts'
import type { ReplicaSession } from './session.ts'
import { openWritten, writeDatabase } from './write-database.ts'

/**
 * Captures what another program has written while nothing did, or out of order, where the base of the
 * replica's revision is at hand (I6): compares the database as it is with a copy of the base on which the
 * pending changes have been made. May be repeated after a crash: what was captured is then among the pending
 * changes.
 */
export function closeCaptureGap(session: ReplicaSession, base: Iterable<PageImage>): void {
  const path = session.paths.baseCopy
  let expected: ApplyConnection | null = null
  try {
    writeDatabase(path, base)
    expected = new ApplyConnection(openWritten(path))
    const { db: copy } = expected
    session.inWriteTransaction('looking for changes of other programs', (db) => {
      captureForeignSchema(db)
      dropOutOfOrder(db, sentThrough(session.info))
      replayOnBase(session, expected!)
      captureDifference(copy, db)
    })
  } finally {
    expected?.db.close()
    removeFile(path)
  }
}
