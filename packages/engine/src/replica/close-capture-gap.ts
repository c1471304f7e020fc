import Database from 'better-sqlite3'

import { ApplyConnection } from '../apply/apply-connection.ts'
import { captureDifference } from '../capture/difference.ts'
import { captureForeignSchema } from '../capture/foreign-schema.ts'
import { prepareCapture } from '../capture/install.ts'
import { dropOutOfOrder } from '../capture/late-triggers.ts'
import { maxChangeId, readCaptured } from '../capture/read-captured.ts'
import { blockedChanges } from '../queue/blocked-changes.ts'
import { acknowledgement } from '../replay/acknowledged.ts'
import { replayCaptured } from '../replay/replay-captured.ts'
import type { PageImage } from '../wal/inject.ts'
import { removeFile } from './durable-file.ts'
import { sentThrough } from './info.ts'
import type { ReplicaSession } from './session.ts'
import { writeDatabase } from './write-database.ts'

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
    expected = new ApplyConnection(new Database(path))
    const { db: copy } = expected
    // A journal that a crash left behind would be played back into the next copy.
    copy.pragma('journal_mode = MEMORY')
    session.inWriteTransaction('looking for changes of other programs', (db) => {
      captureForeignSchema(db)
      dropOutOfOrder(db, sentThrough(session.info))
      replayPending(session, expected!, db)
      captureDifference(copy, db)
    })
  } finally {
    expected?.db.close()
    removeFile(path)
  }
}

/** Makes what is pending in `db` on the copy of the base. What is not in its table in `db` is not made here either. */
function replayPending(session: ReplicaSession, expected: ApplyConnection, db: Database.Database): void {
  const { db: base } = expected
  const blocked = blockedChanges(db, 0)
  const pending = function* () {
    for (const change of readCaptured(db, 0)) if (!blocked.has(change.changeId)) yield change
  }
  base.exec('BEGIN IMMEDIATE')
  prepareCapture(base, { firstChangeId: maxChangeId(db) + 1 })
  const { changeId, rowids, sharedThroughId } = acknowledgement(base, session.info)
  replayCaptured(expected, pending(), {
    acknowledgedId: changeId,
    sharedThroughId,
    rowids,
    resolve: () => 'keep-local',
    onConflict: () => {},
  })
  base.exec('COMMIT')
}
