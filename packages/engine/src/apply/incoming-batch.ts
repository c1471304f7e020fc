import type { Change, ConflictRow, PushHeader, RowChange, SqlValue } from '@tidemark/protocol'
import { classifyStatement } from '../sql/classify-statement.ts'
import { sqliteCode, isOperational } from '../sql/sqlite-error.ts'
import { tableRenaming } from '../sql/table-renaming.ts'
import type { ApplyConnection } from './apply-connection.ts'
import { currentVersions } from '../capture/known-schema.ts'
import { isReservedName } from '../capture/own-tables.ts'
import { userVersionOf } from '../sql/user-version.ts'
import { applySchemaChange } from './apply-schema-change.ts'
import { ConflictLog } from './conflict-log.ts'
import { ForeignKeyCheck } from './foreign-key-check.ts'
import { insertGroups, isInsertGroup } from './insert-groups.ts'
import { NewIndexes } from './new-indexes.ts'
import type { OpenPushOptions } from './open-push.ts'
import type { PushOutcome } from './push-outcome.ts'
import { RefusedChangeError } from './refused-change-error.ts'
import { RowApplier } from './row-applier.ts'
import type { RowidMap } from './rowid-map.ts'

interface PushInDatabase extends OpenPushOptions {
  readonly header: PushHeader
  /** Changes below it were applied by an earlier push. */
  readonly firstNewId: number
}

/**
 * The changes of one push on their way into the database, in order. An outcome means that the push is
 * refused, and its transaction must be undone.
 */
export class IncomingBatch {
  readonly conflicts: ConflictLog
  readonly #connection: ApplyConnection
  readonly #header: PushHeader
  readonly #rowids: RowidMap
  readonly #rows: RowApplier
  readonly #indexes: NewIndexes
  readonly #firstNewId: number
  readonly #isStale: boolean
  #mustPull = false

  constructor(connection: ApplyConnection, push: PushInDatabase, rowids: RowidMap) {
    const { header, firstNewId, limits, isStale = false } = push
    this.#isStale = isStale && header.baseRevision !== ''
    this.conflicts = new ConflictLog(limits)
    this.#connection = connection
    this.#header = header
    this.#rowids = rowids
    this.#rows = new RowApplier(connection.tables, rowids)
    this.#indexes = new NewIndexes(connection.db)
    this.#firstNewId = firstNewId
  }

  /** Applies the next changes. */
  apply(changes: Iterable<Change>): PushOutcome | null {
    const { tables } = this.#connection
    tables.refresh(this.#connection.schemaVersion())
    for (const group of insertGroups(this.#newOnes(changes))) {
      if (group[0]!.kind !== 'schema') this.#indexes.fill()
      if (isInsertGroup(group) && this.#rows.insertAll(group)) continue
      for (const change of group) {
        const refusal = this.#applyOne(change)
        if (refusal !== null) return refusal
      }
    }
    return null
  }

  *#newOnes(changes: Iterable<Change>): Generator<Change, void, undefined> {
    for (const change of changes) if (change.changeId >= this.#firstNewId) yield change
  }

  #applyOne(change: Change): PushOutcome | null {
    try {
      if (change.kind !== 'schema') this.#applyRow(change)
      else if (!this.#isStale || !this.#takesAway(change.sql)) this.#applySchema(change.sql)
      else return this.#mustPull ? { type: 'conflict', ...this.conflicts.rows() } : mustSeeSchema
      return null
    } catch (error) {
      // What fails behind a conflict may fail because of it.
      if (this.#mustPull) return { type: 'conflict', ...this.conflicts.rows() }
      const refusal = rejection(change, error)
      return this.#isStale && mayBeOfSchema(change, error) ? mustSeeSchema : refusal
    }
  }

  /**
   * To be called when all changes were applied.
   *
   * @param all the same changes again, to check foreign keys
   */
  end(all: () => Iterable<Change>): PushOutcome | null {
    if (this.#mustPull) return { type: 'conflict', ...this.conflicts.rows() }
    this.#indexes.fill()
    return this.#header.enforceForeignKeys ? this.#checkForeignKeys(all) : null
  }

  /** Whether others may have given what the statement takes away. */
  #takesAway(sql: string): boolean {
    const version = userVersionOf(sql)
    return dropsTable(sql) || (version !== null && version < currentVersions(this.#connection.db).userVersion)
  }

  #applySchema(sql: string): void {
    if (applySchemaChange(this.#connection, sql)) this.#indexes.add(sql)
    const renaming = tableRenaming(sql)
    if (renaming !== null) this.#rowids.rename(renaming.from, renaming.to)
    this.#connection.tables.refresh(this.#connection.schemaVersion())
  }

  #applyRow(change: RowChange): void {
    const outcome = this.#rows.apply(change)
    if (outcome.type === 'applied') return
    this.#mustPull ||= outcome.type === 'conflict' || this.#header.conflictPolicy === 'detect'
    const { changeId, table } = change
    this.conflicts.add({
      changeId,
      table: table.name,
      key: keyOfChange(change),
      kind: outcome.kind,
      remote: outcome.remote,
    })
  }

  #checkForeignKeys(all: () => Iterable<Change>): PushOutcome | null {
    const check = new ForeignKeyCheck(this.#connection.db, this.#connection.tables, this.#rowids)
    if (!check.isNeeded) return null
    for (const change of all()) {
      if (change.kind === 'schema' || change.changeId < this.#firstNewId) continue
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

/** No row of its own is in the way: see {@link OpenPushOptions}. */
const mustSeeSchema: PushOutcome = { type: 'conflict', rows: [], rowCount: 0 }

/** Whether a change is refused for what the schema is, which others may have changed, not for what it is itself. */
function mayBeOfSchema(change: Change, error: unknown): boolean {
  const isRefused = error instanceof RefusedChangeError
  return change.kind === 'schema' ? !isRefused : isRefused && !isReservedName(change.table.name)
}

function dropsTable(sql: string): boolean {
  const statement = classifyStatement(sql)
  return statement.kind === 'schema' && statement.verb === 'drop' && statement.objectType === 'table'
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
