import { BusyError } from '@tidemark/protocol'
import type { Change, PushHeader } from '@tidemark/protocol'
import { sqliteCode } from '../sql/sqlite-error.ts'
import type { ApplyConnection } from './apply-connection.ts'
import type { ConflictLimits } from './conflict-log.ts'
import { IncomingBatch } from './incoming-batch.ts'
import type { PushOutcome } from './push-outcome.ts'
import {
  acknowledgedChangeId,
  createPushTables,
  hasPushTables,
  pushRecord,
  writePushRecord,
} from './push-record.ts'
import type { PushRecord } from './push-record.ts'
import { RowidMap } from './rowid-map.ts'

export interface OpenPushOptions {
  /** How much of conflicting rows is kept. */
  readonly limits?: ConflictLimits | undefined
  /**
   * The database has been written to since the client's base. Then it drops no table and lowers no
   * `user_version`: it has to pull first what others have put there, and is answered a conflict without rows.
   * So it is where the schema is in the way of a change: others may have run the same migration. Default false.
   */
  readonly isStale?: boolean | undefined
}

/**
 * A push in its transaction, which takes its changes part by part as they arrive: {@link apply} for each part
 * but the last, {@link finish} for that, then {@link close} in any case. Nothing of it is seen by others, or
 * is there after a crash, before `finish` has returned `ok` (I5).
 *
 * Without a transaction of the caller it takes the write lock and commits; inside one it leaves the commit to
 * the caller, and the transaction as it was if the outcome is not `ok`. Between two parts nothing else may
 * use the connection.
 */
export class OpenPush {
  readonly #connection: ApplyConnection
  readonly #header: PushHeader
  readonly #isOwn: boolean
  readonly #schemaVersion: number
  readonly #rowids: RowidMap
  readonly #batch: IncomingBatch
  #keepsSchema: boolean
  #outcome: PushOutcome | null = null
  #isOpen = true

  /** @throws BusyError when another writer holds the lock; StateError `TIDEMARK_PUSH_RECORDS` */
  constructor(connection: ApplyConnection, header: PushHeader, options: OpenPushOptions = {}) {
    const { db } = connection
    this.#connection = connection
    this.#header = header
    this.#isOwn = !db.inTransaction
    this.#keepsSchema = this.#isOwn
    begin(connection, this.#isOwn)
    this.#schemaVersion = connection.schemaVersion()
    try {
      const record = pushRecord(db, header.clientId)
      // A client that has pulled since then knows its rows by their rowids here.
      this.#rowids = new RowidMap(record?.baseRevision === header.baseRevision ? record.rowids : [])
      const firstNewId = acknowledgedChangeId(db, header.clientId) + 1
      this.#batch = new IncomingBatch(connection, { header, firstNewId, ...options }, this.#rowids)
      this.#outcome = recognised(connection, record, header)
      if (this.#outcome === null) this.#createTables()
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** The outcome is known, and it is not `ok`: no further change is needed. */
  get isDecided(): boolean {
    return this.#outcome !== null
  }

  /** @throws the errors of `changes`; SqliteError when the machine or the file fails. To be closed then */
  apply(changes: Iterable<Change>): void {
    this.#outcome ??= this.#withoutTriggers(() => this.#batch.apply(changes))
  }

  /**
   * Applies the last changes and commits.
   *
   * @param all the whole batch from its beginning, to check foreign keys
   * @throws as {@link apply}
   */
  finish(last: Iterable<Change>, all: () => Iterable<Change>): PushOutcome {
    const refusal = this.#outcome ?? this.#withoutTriggers(() => this.#complete(last, all))
    if (refusal !== null) return refusal
    this.#connection.db.exec(this.#isOwn ? 'COMMIT' : 'RELEASE tidemark_push')
    this.#isOpen = false
    const { lastChangeId } = this.#header
    const { rows: overwritten, rowCount: overwrittenCount } = this.#batch.conflicts.rows()
    return { type: 'ok', lastChangeId, overwritten, overwrittenCount, rowids: this.#rowids.entries() }
  }

  /** Undoes what was not finished. */
  close(): void {
    const { db } = this.#connection
    if (!this.#isOpen || !db.open) return
    this.#isOpen = false
    // SQLite has rolled back by itself where the disk was full.
    const hasChangedSchema = !db.inTransaction || this.#connection.schemaVersion() !== this.#schemaVersion
    if (db.inTransaction)
      db.exec(this.#isOwn ? 'ROLLBACK' : 'ROLLBACK TO tidemark_push; RELEASE tidemark_push')
    if (hasChangedSchema) this.#connection.forgetSchema()
  }

  #createTables(): void {
    const { db } = this.#connection
    if (hasPushTables(db)) return
    createPushTables(db)
    this.#keepsSchema = false
  }

  #complete(last: Iterable<Change>, all: () => Iterable<Change>): PushOutcome | null {
    const refusal = this.#batch.apply(last) ?? this.#batch.end(all)
    if (refusal !== null) return refusal
    const { clientId, pushId, baseRevision, lastChangeId } = this.#header
    writePushRecord(this.#connection.db, clientId, lastChangeId, {
      pushId,
      baseRevision,
      rowids: this.#rowids.entries(),
      overwritten: this.#batch.conflicts.rows(),
    })
    return null
  }

  #withoutTriggers<T>(run: () => T): T {
    return this.#connection.withoutTriggers({ keepSchema: this.#keepsSchema }, run)
  }
}

function begin({ db }: ApplyConnection, isOwn: boolean): void {
  try {
    db.exec(isOwn ? 'BEGIN IMMEDIATE' : 'SAVEPOINT tidemark_push')
  } catch (error) {
    if (!sqliteCode(error)?.startsWith('SQLITE_BUSY')) throw error
    throw new BusyError('another writer holds the database', { cause: error })
  }
}

/** Null: the batch is new here, and follows the last one of its client. */
function recognised(
  { db }: ApplyConnection,
  record: PushRecord | null,
  header: PushHeader,
): PushOutcome | null {
  if (record !== null && sameId(record.pushId, header.pushId))
    return {
      type: 'already-applied',
      lastChangeId: acknowledgedChangeId(db, header.clientId),
      overwritten: record.overwritten.rows,
      overwrittenCount: record.overwritten.rowCount,
      rowids: record.rowids,
    }
  // A client that names a push of which nothing is known has pushed to another state of this database, which is gone.
  if (!sameId(record?.pushId ?? new Uint8Array(), header.previousPushId)) return { type: 'forked' }
  return null
}

function sameId(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
