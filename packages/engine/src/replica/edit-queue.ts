import Database from 'better-sqlite3'
import { PAGE_SIZE, StateError } from '@tidemark/protocol'

import { encodeCaptured } from '../capture/captured-codec.ts'
import { readCaptured } from '../capture/read-captured.ts'
import { encodeRejected, rejectedRow, rejectedRows } from '../queue/rejected-changes.ts'
import type { Reason } from '../queue/reason.ts'
import { injectStage } from './apply-pull.ts'
import type { InjectedPages } from './apply-pull.ts'
import { readPageOne } from './page-one.ts'
import { finishReplay } from './finish-replay.ts'
import type { ReplayOptions } from './finish-replay.ts'
import { resumeInterruptedPull } from './recover-pull.ts'
import type { ReplicaSession } from './session.ts'

/** What happens to the queue of pending changes. */
export interface QueueEdit {
  /** The ids that leave the queue, as the database is when nobody can write. Nothing is done when there are none. */
  readonly select: (db: Database.Database) => ReadonlySet<number>
  /** They go to `tidemark_rejected`; null: they are dropped. */
  readonly rejection: (Reason & { readonly changeId: number; readonly timeMs: number }) | null
}

/**
 * Takes changes out of the queue, and what they did out of their tables. Works as a pull of the revision that the replica has: the base comes back and
 * the other changes are replayed on top. So it has no need to undo anything, fires no triggers, and after a crash the queue is as it was or
 * as it should be (I4). Returns how many changes left the queue.
 *
 * @throws BusyError when somebody is writing; nothing has changed, call again
 * @throws StateError `TIDEMARK_BASE_LOST` when the base must be fetched first, by a pull
 */
export function editQueue(session: ReplicaSession, edit: QueueEdit, options: ReplayOptions): number {
  resumeInterruptedPull(session)
  if (session.base.watermark === null) {
    throw new StateError(
      'TIDEMARK_BASE_LOST',
      'What the server has of these rows is not known, because another program has checkpointed the file; pull first',
      { recovery: 'pull' },
    )
  }
  if (edit.select(session.work.db).size === 0) return 0
  let removed = 0
  const plan = injectStage(session, basePages(session), function* edited(db) {
    const ids = edit.select(db)
    removed = ids.size
    for (const row of rejectedRows(db)) yield encodeRejected(row)
    for (const change of readCaptured(db, 0)) {
      if (!ids.has(change.changeId)) yield encodeCaptured(change)
      else if (edit.rejection !== null) yield encodeRejected(rejectedRow(change, edit.rejection))
    }
  })
  finishReplay(session, plan, { ...options, pages: 0, snapshotAtInjection: session.pinned })
  return removed
}

/** No page that the base does not have. */
function basePages(session: ReplicaSession): InjectedPages {
  const { revision, sizeInPages } = session.info
  if (sizeInPages > 0)
    return { staged: { revision, sizeInPages, pageOne: null }, pageNumbers: new Set(), pages: () => [] }
  const empty = emptyDatabase()
  return {
    staged: { revision, sizeInPages: 1, pageOne: readPageOne(empty) },
    pageNumbers: new Set([1]),
    *pages() {
      yield { pageNumber: 1, image: empty }
    },
  }
}

/** The one page of a database with nothing in it: what stands for the base of a replica that has not pulled yet. */
function emptyDatabase(): Uint8Array {
  const db = new Database(':memory:')
  try {
    db.exec(`PRAGMA page_size = ${PAGE_SIZE}; CREATE TABLE t (a); DROP TABLE t; VACUUM`)
    return db.serialize().subarray(0, PAGE_SIZE)
  } finally {
    db.close()
  }
}
