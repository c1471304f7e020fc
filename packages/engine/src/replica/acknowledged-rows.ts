import { PushedRows } from '@tidemark/protocol'
import type { Change } from '@tidemark/protocol'
import { isOperation } from '../capture/own-tables.ts'
import { readCaptured } from '../capture/read-captured.ts'
import { toWireChange } from '../capture/to-wire-change.ts'
import { prepared } from '../sql/prepared.ts'
import type { ReplicaSession } from './session.ts'

/** Fewer changes than this have an echo that is small anyway. */
const WORTHWHILE_CHANGES = 64

/**
 * Rows that the server has by this replica's pushes, and that the base does not hold yet: the next pull
 * brings them as pages.
 */
export interface AcknowledgedRows {
  readonly firstChangeId: number
  readonly lastChangeId: number
  readonly rows: PushedRows
}

/** Null where there are few, or more than is worth keeping in memory. */
export function acknowledgedRows({ user: db, info }: ReplicaSession): AcknowledgedRows | null {
  const lastChangeId = info.lastPushedChangeId
  const nth = `SELECT change_id FROM tidemark_cdc WHERE change_id <= ? AND ${isOperation} LIMIT 1 OFFSET ?`
  if (prepared(db, nth).get(lastChangeId, WORTHWHILE_CHANGES - 1) === undefined) return null
  const firstChangeId = db.prepare<[], number>('SELECT min(change_id) FROM tidemark_cdc').pluck().get()!
  const rows = PushedRows.from(wireChanges())
  return rows === null ? null : { firstChangeId, lastChangeId, rows }

  function* wireChanges(): Generator<Change> {
    for (const captured of readCaptured(db, 0, lastChangeId)) {
      const change = toWireChange(captured)
      if (change !== null) yield change
    }
  }
}
