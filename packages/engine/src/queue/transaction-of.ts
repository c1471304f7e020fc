import type Database from 'better-sqlite3'
import { changeTypes } from '../capture/own-tables.ts'

/**
 * Tells which changes after `afterId` were made in one transaction: those with the same answer. To be asked
 * in ascending order. Statements in autocommit, which no marker covers, are told apart by their time.
 */
export function transactionOf(
  db: Database.Database,
  afterId: number,
): (change: { readonly changeId: number; readonly timeMs: number }) => string {
  const markers = db
    .prepare<[number], { changeId: number; lastIdBefore: number | null }>(
      `SELECT change_id AS changeId, id AS lastIdBefore FROM tidemark_cdc
       WHERE change_id > ? AND change_type = ${changeTypes.commit} ORDER BY change_id`,
    )
    .all(afterId)
  let next = 0
  return ({ changeId, timeMs }) => {
    while (next < markers.length && markers[next]!.changeId <= changeId) next += 1
    const marker = markers[next]
    const isCovered = marker !== undefined && (marker.lastIdBefore === null || marker.lastIdBefore < changeId)
    return isCovered ? `marker ${marker.changeId}` : `time ${timeMs}`
  }
}
