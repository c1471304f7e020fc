import type Database from 'better-sqlite3'
import { changeTypes, nowMs } from './own-tables.ts'

/**
 * Marks the end of an explicit transaction, so that a push never splits it (I5). To be called right before
 * COMMIT. `lastIdBefore` is the last change id when the transaction began; null: not known, then all that no
 * other marker covers belongs to it.
 */
export function writeCommitMarker(db: Database.Database, lastIdBefore: number | null = null): void {
  db.prepare(
    `INSERT INTO tidemark_cdc(change_time, change_type, id) VALUES (${nowMs}, ${changeTypes.commit}, CAST(? AS INTEGER))`,
  ).run(lastIdBefore)
}
