import type Database from 'better-sqlite3'
import { StateError } from '@tidemark/protocol'

import { encodeCaptured } from '../capture/captured-codec.ts'
import { readCaptured } from '../capture/read-captured.ts'
import { encodeRejected, rejectedRow, rejectedRows } from '../queue/rejected-changes.ts'
import type { Reason } from '../queue/reason.ts'
import { injectStage } from './apply-pull.ts'
import { basePages } from './base-pages.ts'
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
 * Takes changes out of the queue, and what they did out of their tables. Works as a pull of the revision that
 * the replica has: the base comes back and the other changes are replayed on top. So it has no need to undo
 * anything, fires no triggers, and after a crash the queue is as it was or as it should be (I4). Returns how
 * many changes left the queue.
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
