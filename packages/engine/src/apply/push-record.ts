import { decodeRowidMap, encodeRowidMap, ProtocolError, StateError } from '@tidemark/protocol'
import type { RowidMapping } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import { hasTable } from '../sql/has-table.ts'
import { prepared } from '../sql/prepared.ts'
import { isOperational, sqliteCode } from '../sql/sqlite-error.ts'

/**
 * What a database knows of a client that pushes to it, written in the same transaction as the client's changes (I3), in two tables:
 *
 * - `turso_sync_last_change_id`: the last change id, for clients of both dialects
 * - `tidemark_push`: the last batch, by which a repeated batch and a copied client are recognised, and where the rows without key
 *   went that the client has inserted since its base (`base_revision`)
 *
 * Whoever can run SQL on the database can also have made or filled these tables otherwise: then every function here throws StateError
 * `TIDEMARK_PUSH_RECORDS`.
 */
export interface PushRecord {
  readonly pushId: Uint8Array
  readonly baseRevision: string
  readonly rowids: readonly RowidMapping[]
}

interface PushRow {
  readonly pushId: unknown
  readonly baseRevision: unknown
  readonly rowids: unknown
}

/** The last change id of `clientId` that this database has; 0 if none. */
export function acknowledgedChangeId(db: Database.Database, clientId: string): number {
  return usingRecords(() => {
    if (!hasTable(db, 'turso_sync_last_change_id')) return 0
    const select = 'SELECT change_id FROM turso_sync_last_change_id WHERE client_id = ?'
    const changeId = prepared<[string], unknown>(db, select).pluck().get(clientId) ?? 0
    if (!Number.isSafeInteger(changeId)) throw recordsError('a last change id is none')
    return changeId as number
  })
}

/** The last batch of `clientId` that this database has. */
export function pushRecord(db: Database.Database, clientId: string): PushRecord | null {
  return usingRecords(() => {
    if (!hasTable(db, 'tidemark_push')) return null
    const row = prepared<[string], PushRow>(
      db,
      'SELECT push_id AS pushId, base_revision AS baseRevision, rowids FROM tidemark_push WHERE client_id = ?',
    ).get(clientId)
    return row === undefined ? null : fromRow(row)
  })
}

function fromRow({ pushId, baseRevision, rowids }: PushRow): PushRecord {
  if (!(pushId instanceof Uint8Array)) throw recordsError('a push id is no blob')
  if (baseRevision !== null && typeof baseRevision !== 'string') throw recordsError('a revision is no text')
  if (rowids !== null && !(rowids instanceof Uint8Array)) throw recordsError('rowids are no blob')
  return {
    pushId,
    baseRevision: baseRevision ?? '',
    rowids: rowids === null ? [] : decodeRowidMap(rowids),
  }
}

/** True if {@link writePushRecord} finds its tables. */
export function hasPushTables(db: Database.Database): boolean {
  return hasTable(db, 'tidemark_push') && hasTable(db, 'turso_sync_last_change_id')
}

export function createPushTables(db: Database.Database): void {
  usingRecords(() =>
    db.exec(`
      CREATE TABLE IF NOT EXISTS turso_sync_last_change_id (client_id TEXT PRIMARY KEY, pull_gen INTEGER, change_id INTEGER);
      CREATE TABLE IF NOT EXISTS tidemark_push (client_id TEXT PRIMARY KEY, push_id BLOB NOT NULL, rowids BLOB, base_revision TEXT)
        WITHOUT ROWID`),
  )
}

/** Records a batch as applied. */
export function writePushRecord(
  db: Database.Database,
  clientId: string,
  lastChangeId: number,
  record: PushRecord,
): void {
  const rowids = record.rowids.length === 0 ? null : encodeRowidMap(record.rowids)
  usingRecords(() => {
    prepared(
      db,
      `INSERT INTO turso_sync_last_change_id(client_id, pull_gen, change_id) VALUES (?, 0, ?)
       ON CONFLICT(client_id) DO UPDATE SET pull_gen = 0, change_id = excluded.change_id`,
    ).run(clientId, BigInt(lastChangeId))
    prepared(
      db,
      'INSERT OR REPLACE INTO tidemark_push(client_id, push_id, rowids, base_revision) VALUES (?, ?, ?, ?)',
    ).run(clientId, record.pushId, rowids, record.baseRevision)
  })
}

/** What fails because the tables are not as they were made is told as such; a failing machine is not. */
function usingRecords<T>(use: () => T): T {
  try {
    return use()
  } catch (error) {
    const code = sqliteCode(error)
    if (code === null ? !(error instanceof ProtocolError) : isOperational(code)) throw error
    throw recordsError((error as Error).message, error)
  }
}

function recordsError(reason: string, cause?: unknown): StateError {
  return new StateError(
    'TIDEMARK_PUSH_RECORDS',
    `the database's records of what was pushed to it are not as they were made: ${reason}`,
    { recovery: 'operator', cause },
  )
}
