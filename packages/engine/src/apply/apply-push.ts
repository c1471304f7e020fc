import { BusyError } from '@tidemark/protocol'
import type { Change, ConflictRow, PushHeader, PushResponse, RowChange, SqlValue } from '@tidemark/protocol'
import { sqliteCode, isOperational } from '../sql/sqlite-error.ts'
import type { ApplyConnection } from './apply-connection.ts'
import { applySchemaChange } from './apply-schema-change.ts'
import { ConflictLog } from './conflict-log.ts'
import type { ConflictLimits } from './conflict-log.ts'
import { ForeignKeyCheck } from './foreign-key-check.ts'
import {
  acknowledgedChangeId,
  createPushTables,
  hasPushTables,
  pushRecord,
  writePushRecord,
} from './push-record.ts'
import { RefusedChangeError } from './refused-change-error.ts'
import { RowApplier } from './row-applier.ts'
import { RowidMap } from './rowid-map.ts'

type WithoutRevision<T> = T extends unknown ? Omit<T, 'revision'> : never

/** The answer to a push, but for the revision, which the caller knows after the commit. */
export type PushOutcome = WithoutRevision<
  Extract<PushResponse, { type: 'ok' | 'conflict' | 'rejected' | 'forked' | 'already-applied' }>
>

export interface PushInput {
  readonly header: PushHeader
  /** The batch, from its beginning at each call; called a second time only to check foreign keys. */
  readonly changes: () => Iterable<Change>
  readonly limits?: ConflictLimits
}

/**
 * Applies a whole batch or nothing of it (I5), once (I3). Without a transaction of the caller it takes the write lock and commits;
 * inside one it leaves the commit to the caller, and the transaction as it was if the outcome is not `ok`.
 *
 * @throws BusyError when another writer holds the lock; StateError `TIDEMARK_PUSH_RECORDS`; the errors of `changes`; SqliteError when the machine or
 * the file fails. Nothing is applied then.
 */
export function applyPush(connection: ApplyConnection, input: PushInput): PushOutcome {
  const { db } = connection
  const isOwn = !db.inTransaction
  begin(connection, isOwn)
  const schemaVersion = connection.schemaVersion()
  let outcome: PushOutcome | null = null
  try {
    outcome = applyBatch(connection, input, isOwn)
    if (outcome.type === 'ok') db.exec(isOwn ? 'COMMIT' : 'RELEASE tidemark_push')
  } finally {
    if (outcome?.type !== 'ok' || (isOwn && db.inTransaction)) undo(connection, isOwn, schemaVersion)
  }
  return outcome
}

function begin({ db }: ApplyConnection, isOwn: boolean): void {
  try {
    db.exec(isOwn ? 'BEGIN IMMEDIATE' : 'SAVEPOINT tidemark_push')
  } catch (error) {
    if (!sqliteCode(error)?.startsWith('SQLITE_BUSY')) throw error
    throw new BusyError('another writer holds the database', { cause: error })
  }
}

function undo(connection: ApplyConnection, isOwn: boolean, schemaVersion: number): void {
  const { db } = connection
  // SQLite has rolled back by itself where the disk was full.
  const hasChangedSchema = !db.inTransaction || connection.schemaVersion() !== schemaVersion
  if (db.inTransaction) db.exec(isOwn ? 'ROLLBACK' : 'ROLLBACK TO tidemark_push; RELEASE tidemark_push')
  if (!hasChangedSchema) return
  connection.forgetSchema()
  // The next schema change may give the version that the undone one had.
  connection.tables.refresh(schemaVersion)
}

function applyBatch(connection: ApplyConnection, input: PushInput, isOwn: boolean): PushOutcome {
  const { db } = connection
  const { header } = input
  const record = pushRecord(db, header.clientId)
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
  const isFirst = !hasPushTables(db)
  if (isFirst) createPushTables(db)
  // A client that has pulled since then knows its rows by their rowids here.
  const rowids = new RowidMap(record?.baseRevision === header.baseRevision ? record.rowids : [])
  const batch = new Batch(connection, input, rowids)
  const { clientId, pushId, baseRevision, lastChangeId } = header
  const refusal = connection.withoutTriggers({ keepSchema: isOwn && !isFirst }, () => {
    const outcome = batch.apply()
    if (outcome === null)
      writePushRecord(db, clientId, lastChangeId, {
        pushId,
        baseRevision,
        rowids: rowids.entries(),
        overwritten: batch.conflicts.rows(),
      })
    return outcome
  })
  if (refusal !== null) return refusal
  const { rows: overwritten, rowCount: overwrittenCount } = batch.conflicts.rows()
  return { type: 'ok', lastChangeId, overwritten, overwrittenCount, rowids: rowids.entries() }
}

function sameId(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

/** One batch on its way into the database. */
class Batch {
  readonly conflicts: ConflictLog
  readonly #connection: ApplyConnection
  readonly #input: PushInput
  readonly #rowids: RowidMap
  readonly #firstNewId: number
  #mustPull = false

  constructor(connection: ApplyConnection, input: PushInput, rowids: RowidMap) {
    this.conflicts = new ConflictLog(input.limits)
    this.#connection = connection
    this.#input = input
    this.#rowids = rowids
    this.#firstNewId = acknowledgedChangeId(connection.db, input.header.clientId) + 1
  }

  /** Applies all of it. An outcome means that the batch is refused, and the transaction must be undone. */
  apply(): PushOutcome | null {
    const { tables } = this.#connection
    tables.refresh(this.#connection.schemaVersion())
    const rows = new RowApplier(tables, this.#rowids)
    for (const change of this.#changes()) {
      try {
        if (change.kind === 'schema') this.#applySchema(change.sql)
        else this.#applyRow(rows, change)
      } catch (error) {
        // What fails behind a conflict may fail because of it.
        return this.#mustPull ? { type: 'conflict', ...this.conflicts.rows() } : rejection(change, error)
      }
    }
    if (this.#mustPull) return { type: 'conflict', ...this.conflicts.rows() }
    return this.#input.header.enforceForeignKeys ? this.#checkForeignKeys() : null
  }

  *#changes(): Iterable<Change> {
    for (const change of this.#input.changes()) if (change.changeId >= this.#firstNewId) yield change
  }

  #applySchema(sql: string): void {
    applySchemaChange(this.#connection, sql)
    this.#connection.tables.refresh(this.#connection.schemaVersion())
  }

  #applyRow(rows: RowApplier, change: RowChange): void {
    const outcome = rows.apply(change)
    if (outcome.type === 'applied') return
    this.#mustPull ||= outcome.type === 'conflict' || this.#input.header.conflictPolicy === 'detect'
    const { changeId, table } = change
    this.conflicts.add({
      changeId,
      table: table.name,
      key: keyOfChange(change),
      kind: outcome.kind,
      remote: outcome.remote,
    })
  }

  #checkForeignKeys(): PushOutcome | null {
    const check = new ForeignKeyCheck(this.#connection.db, this.#connection.tables, this.#rowids)
    if (!check.isNeeded) return null
    for (const change of this.#changes()) {
      if (change.kind === 'schema') continue
      try {
        const message = check.violation(change)
        if (message === null) continue
        throw new RefusedChangeError(message, { sqliteCode: 'SQLITE_CONSTRAINT_FOREIGNKEY' })
      } catch (error) {
        // A parent that does not exist, or has no such column, fails the statement, as it does in SQLite.
        return rejection(change, error)
      }
    }
    return null
  }
}

/** What is wrong with the change itself becomes a rejection, everything else is thrown on. */
function rejection(change: Change, error: unknown): PushOutcome {
  const code = error instanceof RefusedChangeError ? error.sqliteCode : sqliteCode(error)
  if (code === null || isOperational(code)) throw error
  const isSchema = change.kind === 'schema'
  return {
    type: 'rejected',
    changeId: change.changeId,
    table: isSchema ? '' : change.table.name,
    key: isSchema ? [] : keyOfChange(change),
    sqliteCode: code,
    message: (error as Error).message,
  }
}

/** The key of the row, its rowid where it has none. */
function keyOfChange(change: RowChange): ConflictRow['key'] {
  const key: SqlValue[] =
    change.kind === 'insert'
      ? change.table.key.map((position) => change.values[change.columns.indexOf(position)] ?? null)
      : [...change.key]
  return key.length > 0 && !key.includes(null) ? key : [change.rowid]
}
