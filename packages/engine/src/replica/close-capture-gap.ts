import Database from 'better-sqlite3'
import { PAGE_SIZE } from '@tidemark/protocol'

import { ApplyConnection } from '../apply/apply-connection.ts'
import { captureDifference } from '../capture/difference.ts'
import { captureForeignSchema } from '../capture/foreign-schema.ts'
import { installCapture } from '../capture/install.ts'
import { maxChangeId, readCaptured } from '../capture/read-captured.ts'
import { blockedChanges } from '../queue/blocked-changes.ts'
import { acknowledgement } from '../replay/acknowledged.ts'
import { replayCaptured } from '../replay/replay-captured.ts'
import type { PageImage } from '../wal/inject.ts'
import { LOCK_BYTE_PAGE } from './base.ts'
import type { StagedPages } from './changes-file.ts'
import { removeFile } from './durable-file.ts'
import type { ReplicaSession } from './session.ts'
import { writeDatabase } from './write-database.ts'

/**
 * Captures what another program has written while nothing did, now that the base of the replica's revision is there again (I6): compares the database as
 * it is with a copy of the base on which the pending changes have been made. May be repeated after a crash: what was captured is then among the
 * pending changes.
 *
 * `stage` has the pages in which the assumed base differs from the true one.
 */
export function closeCaptureGap(session: ReplicaSession, stage: StagedPages): void {
  const path = session.paths.baseCopy
  let expected: ApplyConnection | null = null
  try {
    writeDatabase(path, truePages(session, stage))
    expected = new ApplyConnection(new Database(path))
    const { db: base } = expected
    // A journal that a crash left behind would be played back into the next copy.
    base.pragma('journal_mode = MEMORY')
    session.inWriteTransaction('looking for changes of other programs', (db) => {
      captureForeignSchema(db)
      replayPending(session, expected!, db)
      captureDifference(base, db)
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
  installCapture(base, { firstChangeId: maxChangeId(db) + 1 })
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

function* truePages(session: ReplicaSession, stage: StagedPages): Generator<PageImage> {
  const image = new Uint8Array(PAGE_SIZE)
  for (let pageNumber = 1; pageNumber <= stage.staged.sizeInPages; pageNumber++) {
    if (pageNumber === LOCK_BYTE_PAGE || stage.pageNumbers.has(pageNumber)) continue
    if (session.base.readPinned(pageNumber, image)) yield { pageNumber, image }
  }
  yield* stage.pages()
}
