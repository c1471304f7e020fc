import { decodeRowidMap, encodeRowidMap } from '@tidemark/protocol'
import type { RowidMapping } from '@tidemark/protocol'
import type Database from 'better-sqlite3'

/**
 * What a database knows of a client that pushes to it, written in the same transaction as the client's changes (I3), in two tables:
 *
 * - `turso_sync_last_change_id`: the last change id, for clients of both dialects
 * - `tidemark_push`: the last batch, by which a repeated batch and a copied client are recognised, and where the rows without key
 *   went that the client has inserted since its base (`base_revision`)
 */
export interface PushRecord {
  readonly pushId: Uint8Array
  readonly baseRevision: string
  readonly rowids: readonly RowidMapping[]
}

/** The last change id of `clientId` that this database has; 0 if none. */
export function acknowledgedChangeId(db: Database.Database, clientId: string): number {
  if (!hasTable(db, 'turso_sync_last_change_id')) return 0
  const select = 'SELECT change_id FROM turso_sync_last_change_id WHERE client_id = ?'
  return db.prepare<[string], number | null>(select).pluck().get(clientId) ?? 0
}

/** The last batch of `clientId` that this database has. */
export function pushRecord(db: Database.Database, clientId: string): PushRecord | null {
  if (!hasTable(db, 'tidemark_push')) return null
  const row = db
    .prepare<[string], { push_id: Uint8Array; base_revision: string | null; rowids: Uint8Array | null }>(
      'SELECT push_id, base_revision, rowids FROM tidemark_push WHERE client_id = ?',
    )
    .get(clientId)
  if (row === undefined) return null
  const rowids = row.rowids === null ? [] : decodeRowidMap(row.rowids)
  return { pushId: row.push_id, baseRevision: row.base_revision ?? '', rowids }
}

/** True if {@link writePushRecord} finds its tables. */
export function hasPushTables(db: Database.Database): boolean {
  return hasTable(db, 'tidemark_push') && hasTable(db, 'turso_sync_last_change_id')
}

export const createPushTables: string = `
  CREATE TABLE IF NOT EXISTS turso_sync_last_change_id (client_id TEXT PRIMARY KEY, pull_gen INTEGER, change_id INTEGER);
  CREATE TABLE IF NOT EXISTS tidemark_push (client_id TEXT PRIMARY KEY, push_id BLOB NOT NULL, rowids BLOB, base_revision TEXT)
    WITHOUT ROWID`

/** Records a batch as applied. */
export function writePushRecord(
  db: Database.Database,
  clientId: string,
  lastChangeId: number,
  record: PushRecord,
): void {
  db.prepare(
    `INSERT INTO turso_sync_last_change_id(client_id, pull_gen, change_id) VALUES (?, 0, ?)
     ON CONFLICT(client_id) DO UPDATE SET pull_gen = 0, change_id = excluded.change_id`,
  ).run(clientId, BigInt(lastChangeId))
  db.prepare(
    'INSERT OR REPLACE INTO tidemark_push(client_id, push_id, rowids, base_revision) VALUES (?, ?, ?, ?)',
  ).run(
    clientId,
    record.pushId,
    record.rowids.length === 0 ? null : encodeRowidMap(record.rowids),
    record.baseRevision,
  )
}

function hasTable(db: Database.Database, name: string): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !== undefined
}
