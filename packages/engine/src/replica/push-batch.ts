import type Database from 'better-sqlite3'

import { changeTypes, isOperation } from '../capture/own-tables.ts'
import { prepared } from '../sql/prepared.ts'

const pending = `
  SELECT change_id FROM tidemark_cdc WHERE change_id > :afterId AND change_id <= :throughId AND ${isOperation}`

/** A run of pending changes that is pushed as one batch; it ends where a transaction ends (I5). */
export interface PushBatch {
  readonly firstChangeId: number
  readonly lastChangeId: number
}

/**
 * The changes after `afterId` through `throughId`, as far as the transaction that reaches `maxOperations`;
 * null where there are none.
 *
 * A commit marker names its transaction's first row by what it holds in `id` (the last id before it). Rows
 * that no marker covers are statements in autocommit, told apart by their time.
 */
export function nextBatch(
  db: Database.Database,
  afterId: number,
  maxOperations: number,
  throughId: number = Number.MAX_SAFE_INTEGER,
): PushBatch | null {
  const bounds = prepared<
    [{ afterId: number; throughId: number }],
    { first: number | null; last: number | null }
  >(
    db,
    `SELECT (${pending} ORDER BY change_id LIMIT 1) AS first, (${pending} ORDER BY change_id DESC LIMIT 1) AS last`,
  ).get({ afterId, throughId })
  if (bounds === undefined || bounds.first === null || bounds.last === null) return null
  const batch = { firstChangeId: bounds.first, lastChangeId: bounds.last }
  if (!Number.isFinite(maxOperations)) return batch
  const reaching = db
    .prepare<[number, number], number>(
      `SELECT change_id FROM tidemark_cdc WHERE change_id > ? AND ${isOperation} ORDER BY change_id LIMIT 1 OFFSET ?`,
    )
    .pluck()
    .get(afterId, Math.max(0, Math.trunc(maxOperations) - 1))
  if (reaching === undefined || reaching >= batch.lastChangeId) return batch
  return { ...batch, lastChangeId: Math.min(batch.lastChangeId, endOfTransaction(db, reaching)) }
}

function endOfTransaction(db: Database.Database, changeId: number): number {
  const marker = db
    .prepare<[number], { changeId: number; after: number | null }>(
      `SELECT change_id AS changeId, id AS after FROM tidemark_cdc
       WHERE change_id > ? AND change_type = ${changeTypes.commit} ORDER BY change_id LIMIT 1`,
    )
    .get(changeId)
  if (marker !== undefined && (marker.after === null || marker.after < changeId)) return marker.changeId
  const nextStatement = db
    .prepare<[number, number], number>(
      `SELECT change_id FROM tidemark_cdc WHERE change_id > ?
       AND change_time <> (SELECT change_time FROM tidemark_cdc WHERE change_id = ?) ORDER BY change_id LIMIT 1`,
    )
    .pluck()
    .get(changeId, changeId)
  return nextStatement === undefined ? changeIdOfLast(db) : nextStatement - 1
}

function changeIdOfLast(db: Database.Database): number {
  return db.prepare<[], number>('SELECT max(change_id) FROM tidemark_cdc').pluck().get()!
}
