import type Database from 'better-sqlite3'
import { hasTable } from '../sql/has-table.ts'
import type { Reason } from './reason.ts'

/** Records that a pending change could not be made in its table. It stays pending; the next replay tries again. */
export function recordBlocked(db: Database.Database, changeId: number, reason: Reason): void {
  db.prepare('INSERT OR REPLACE INTO tidemark_blocked(change_id, sqlite_code, message) VALUES (?, ?, ?)').run(
    BigInt(changeId),
    reason.sqliteCode,
    reason.message,
  )
}

/** The pending changes that are not in their tables, by change id. */
export function blockedChanges(db: Database.Database, afterId: number): ReadonlyMap<number, Reason> {
  if (!hasTable(db, 'tidemark_blocked')) return new Map()
  const rows = db
    .prepare<[number], { changeId: number } & Reason>(
      'SELECT change_id AS changeId, sqlite_code AS sqliteCode, message FROM tidemark_blocked WHERE change_id > ?',
    )
    .all(afterId)
  return new Map(rows.map(({ changeId, sqliteCode, message }) => [changeId, { sqliteCode, message }]))
}
