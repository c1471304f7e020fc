import type Database from 'better-sqlite3'

import { prepared } from '../sql/prepared.ts'
import { changeTypes, notReserved } from './own-tables.ts'

/** `tidemark_state` has a key of this beginning for each shape whose changes may be out of order. */
const KEY = 'outOfOrder:'

/**
 * Notes the tables on which another program has created a trigger since capture last looked. SQLite fires the
 * last created AFTER trigger first: what that one changes in the very row that it was fired for has been
 * captured before its cause. Before our triggers are made anew, which puts them first again.
 */
export function noteLateTriggers(db: Database.Database): void {
  db.prepare(
    `INSERT OR REPLACE INTO tidemark_state(key, value)
     SELECT '${KEY}' || shape, 1 FROM tidemark_shapes WHERE lower(name) IN (
       SELECT lower(tbl_name) FROM sqlite_schema WHERE type = 'trigger' GROUP BY lower(tbl_name)
       HAVING max(rowid) FILTER (WHERE ${notReserved('name')}) > min(rowid) FILTER (WHERE NOT (${notReserved('name')}))
     ) AND shape IN (SELECT shape FROM tidemark_cdc)`,
  ).run()
}

/** Whether there are such tables, with changes. */
export function isOutOfOrder(db: Database.Database): boolean {
  const any = `SELECT 1 FROM tidemark_state WHERE key >= '${KEY}' AND key < '${KEY}:' LIMIT 1`
  return prepared<[], 1>(db, any).get() !== undefined
}

/**
 * Takes the changes of rows of these tables with ids above `afterId` out of the queue: what they come to is
 * to be captured as the difference from the base. Changes that could not be made in their tables stay. In the
 * caller's write transaction.
 */
export function dropOutOfOrder(db: Database.Database, afterId: number): void {
  const { insert, update, delete: removal, touch } = changeTypes
  db.prepare(
    `DELETE FROM tidemark_cdc WHERE change_id > ? AND change_type IN (${insert}, ${update}, ${removal}, ${touch})
     AND change_id NOT IN (SELECT change_id FROM tidemark_blocked)
     AND shape IN (SELECT CAST(substr(key, ${KEY.length + 1}) AS INTEGER) FROM tidemark_state WHERE key >= '${KEY}' AND key < '${KEY}:')`,
  ).run(BigInt(afterId))
  db.exec(`DELETE FROM tidemark_state WHERE key >= '${KEY}' AND key < '${KEY}:'`)
}
