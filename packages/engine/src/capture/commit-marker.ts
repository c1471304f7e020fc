import type Database from 'better-sqlite3'
import { changeTypes, nowMs } from './own-tables.ts'

/** Marks the end of an explicit transaction, so that a push never splits it (I5). To be called right before COMMIT. */
export function writeCommitMarker(db: Database.Database): void {
  db.prepare(
    `INSERT INTO tidemark_cdc(change_time, change_type) VALUES (${nowMs}, ${changeTypes.commit})`,
  ).run()
}
