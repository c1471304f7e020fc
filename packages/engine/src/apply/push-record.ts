import {
  decodePushResponse,
  decodeRowidMap,
  encodePushResponse,
  encodeRowidMap,
  ProtocolError,
  StateError,
} from '@tidemark/protocol'
import type { ConflictRow, RowidMapping } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import { hasTable } from '../sql/has-table.ts'
import { prepared } from '../sql/prepared.ts'
import { isOperational, sqliteCode } from '../sql/sqlite-error.ts'

/**
 * What a database knows of a client that pushes to it, written in the same transaction as the client's
 * changes (I3), in two tables:
 *
 * - `turso_sync_last_change_id`: the last change id, for clients of both dialects
 * - `tidemark_push`: the last batch, by which a repeated batch and a copied client are recognised, where the
 *   rows without key went that the client has inserted since its base (`base_revision`), and what the batch
 *   has overwritten: the answer that said so may be lost
 *
 * Whoever can run SQL on the database can also have made or filled these tables otherwise: then every
 * function here throws StateError `TIDEMARK_PUSH_RECORDS`.
 */
export interface PushRecord {
  readonly pushId: Uint8Array
  readonly baseRevision: string
  readonly rowids: readonly RowidMapping[]
  readonly overwritten: OverwrittenRows
}

/**
 * Rows that a batch has overwritten, as they were before it: not all of them where there are many or they are
 * large, and how many there were.
 */
export interface OverwrittenRows {
  readonly rows: readonly ConflictRow[]
  readonly rowCount: number
}

/** Every replica of the database gets what is recorded, so this is less than an answer may hold. */
const MOST_OVERWRITTEN_BYTES = 65_536

const NOTHING_OVERWRITTEN: OverwrittenRows = { rows: [], rowCount: 0 }

interface PushRow {
  readonly pushId: unknown
  readonly baseRevision: unknown
  readonly rowids: unknown
  readonly overwritten: unknown
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
    const overwritten = hasOverwritten(db) ? 'overwritten' : 'NULL AS overwritten'
    const row = prepared<[string], PushRow>(
      db,
      `SELECT push_id AS pushId, base_revision AS baseRevision, rowids, ${overwritten} FROM tidemark_push WHERE client_id = ?`,
    ).get(clientId)
    return row === undefined ? null : fromRow(row)
  })
}

function fromRow({ pushId, baseRevision, rowids, overwritten }: PushRow): PushRecord {
  if (!(pushId instanceof Uint8Array)) throw recordsError('a push id is no blob')
  if (baseRevision !== null && typeof baseRevision !== 'string') throw recordsError('a revision is no text')
  if (rowids !== null && !(rowids instanceof Uint8Array)) throw recordsError('rowids are no blob')
  if (overwritten !== null && !(overwritten instanceof Uint8Array))
    throw recordsError('overwritten rows are no blob')
  return {
    pushId,
    baseRevision: baseRevision ?? '',
    rowids: rowids === null ? [] : decodeRowidMap(rowids),
    overwritten: overwritten === null ? NOTHING_OVERWRITTEN : decodeOverwritten(overwritten),
  }
}

/** As the answer to a push in which they would be conflicts. */
function encodeOverwritten({ rows, rowCount }: OverwrittenRows): Uint8Array | null {
  if (rowCount === 0) return null
  let kept = rows
  for (;;) {
    const encoded = encodePushResponse({ type: 'conflict', rows: kept, rowCount })
    if (encoded.byteLength <= MOST_OVERWRITTEN_BYTES || kept.length === 0) return encoded
    kept = kept.slice(0, kept.length >> 1)
  }
}

function decodeOverwritten(encoded: Uint8Array): OverwrittenRows {
  const decoded = decodePushResponse(encoded)
  if (decoded.type !== 'conflict') throw recordsError('overwritten rows are none')
  return { rows: decoded.rows, rowCount: decoded.rowCount }
}

/** True if {@link writePushRecord} finds its tables. */
export function hasPushTables(db: Database.Database): boolean {
  return hasTable(db, 'tidemark_push') && hasTable(db, 'turso_sync_last_change_id') && hasOverwritten(db)
}

/** False for a table that was made for a server of Turso's. */
function hasOverwritten(db: Database.Database): boolean {
  const select = "SELECT 1 FROM pragma_table_info('tidemark_push') WHERE name = 'overwritten'"
  return prepared(db, select).get() !== undefined
}

export function createPushTables(db: Database.Database): void {
  usingRecords(() => {
    db.exec(`
      CREATE TABLE IF NOT EXISTS turso_sync_last_change_id (client_id TEXT PRIMARY KEY, pull_gen INTEGER, change_id INTEGER);
      CREATE TABLE IF NOT EXISTS tidemark_push (client_id TEXT PRIMARY KEY, push_id BLOB NOT NULL, rowids BLOB, base_revision TEXT, overwritten BLOB)
        WITHOUT ROWID`)
    if (!hasOverwritten(db)) db.exec('ALTER TABLE tidemark_push ADD COLUMN overwritten BLOB')
  })
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
      'INSERT OR REPLACE INTO tidemark_push(client_id, push_id, rowids, base_revision, overwritten) VALUES (?, ?, ?, ?, ?)',
    ).run(clientId, record.pushId, rowids, record.baseRevision, encodeOverwritten(record.overwritten))
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
