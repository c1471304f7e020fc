import type { RowidMapping } from '@tidemark/protocol'
import type { ApplyConnection } from '../apply/apply-connection.ts'
import { applySchemaChange } from '../apply/apply-schema-change.ts'
import { ForeignKeyCheck } from '../apply/foreign-key-check.ts'
import { NewIndexes } from '../apply/new-indexes.ts'
import { RowidMap } from '../apply/rowid-map.ts'
import type { CapturedChange, CapturedRow, CapturedSchema } from '../capture/captured-change.ts'
import { CapturedWriter } from '../capture/captured-writer.ts'
import { refreshTriggers } from '../capture/foreign-schema.ts'
import { currentSchema, knownSchema, rememberSchema } from '../capture/known-schema.ts'
import { changeTypes } from '../capture/own-tables.ts'
import { capturedCount, maxChangeId, readCaptured } from '../capture/read-captured.ts'
import { rememberVirtualRows } from '../capture/virtual-rows.ts'
import { toWireChange } from '../capture/to-wire-change.ts'
import { blockedChanges, recordBlocked } from '../queue/blocked-changes.ts'
import { moveRejections } from '../queue/moved-rejections.ts'
import { reasonOf } from '../queue/reason.ts'
import type { Reason } from '../queue/reason.ts'
import { inSavepoint } from '../sql/savepoint.ts'
import { tableRenaming } from '../sql/table-renaming.ts'
import { AbsentRows } from './absent-rows.ts'
import type { Conflict, ConflictResolver } from './conflict.ts'
import { isRefusal } from './refusal.ts'
import { conflictOf, isKnownByRowid, RowReplay } from './row-replay.ts'

export interface ReplayOptions {
  /** The last change id that the base has already; changes up to it are left out. */
  readonly acknowledgedId: number
  /**
   * Up to this id, rows without keys that are in the base already are not inserted again: a copy of the
   * replica has pushed them. Default 0.
   */
  readonly sharedThroughId?: number
  /** Changes up to this id may have been sent, so they keep their ids. Default: all. */
  readonly sentThroughId?: number
  /** Where the base has put acknowledged rows without keys. */
  readonly rowids: readonly RowidMapping[]
  /** The application's `PRAGMA foreign_keys`: then what is left without its parent is a violated constraint. */
  readonly enforceForeignKeys?: boolean
  /**
   * The server's rowids are given to other rows again and again: a row without a key is the same only if all
   * of it is. Default false.
   */
  readonly rowidsAreReused?: boolean
  readonly resolve: ConflictResolver
  /** Told of each conflict, before it is resolved. */
  readonly onConflict: (conflict: Conflict) => void
}

export interface ReplayReport {
  /** Changes that are pending again. */
  readonly replayed: number
  readonly conflicts: number
  /** Conflicts that are violated constraints: the change is pending, its row is not in the table. */
  readonly constraint: number
}

/**
 * Puts pending changes back on top of a new base, in the caller's write transaction, between `prepareCapture`
 * and `installCapture`: each is applied as design/4 says and written to `tidemark_cdc` under its id, as what it
 * now changes. What the base has already is dropped.
 *
 * Changes that are in `tidemark_cdc` before (another program made them on the bare base, and
 * `captureDifference` found them) have higher ids, so they are taken back and come last. With schema changes
 * among them they cannot be: then they come first, and the pending changes get new ids after theirs, as far
 * as they have never been sent. A table may have been built anew, without the rows that are pending.
 *
 * What was set aside is in its table before, and follows the rows without keys that go elsewhere.
 */
export function replayCaptured(
  connection: ApplyConnection,
  changes: Iterable<CapturedChange>,
  options: ReplayOptions,
): ReplayReport {
  const replay = new Replay(connection, options)
  const remaining = changes[Symbol.iterator]()
  try {
    const hasSlipped = capturedCount(connection.db, 0) > 0
    const first = hasSlipped ? remaining.next() : replay.passSettled(remaining)
    if (first.done === true && !hasSlipped) {
      replay.finish()
    } else {
      runReplay(connection, replay, () => {
        const slipped = replay.takeBack()
        for (let next = first; next.done !== true; next = remaining.next())
          replay.apply(slipped === null ? replay.renumber(next.value) : next.value)
        for (const change of slipped ?? []) replay.apply(change)
      })
    }
    moveRejections(connection.db, replay.rowids)
    return replay.report
  } finally {
    remaining.return?.()
  }
}

/**
 * Makes changes that are not pending, in the caller's write transaction, and adds them to what is. Their ids
 * are above all that were given out, and `options.acknowledgedId` is the highest of those. Where capture is
 * installed.
 */
export function appendCaptured(
  connection: ApplyConnection,
  changes: Iterable<CapturedChange>,
  options: ReplayOptions,
): ReplayReport {
  const { db } = connection
  const replay = new Replay(connection, options)
  runReplay(connection, replay, () => {
    for (const change of changes) replay.apply(change)
  })
  if (replay.hasChangedSchema) {
    refreshTriggers(db, knownSchema(db), currentSchema(db))
    rememberSchema(db)
  }
  rememberVirtualRows(db)
  return replay.report
}

function runReplay(connection: ApplyConnection, replay: Replay, applyAll: () => void): void {
  connection.withoutTriggers({ keepSchema: false }, () => {
    applyAll()
    replay.fillIndexes()
    replay.checkForeignKeys()
    replay.finish()
  })
}

class Replay {
  hasChangedSchema = false
  readonly #connection: ApplyConnection
  readonly #options: ReplayOptions
  readonly #writer: CapturedWriter
  readonly #rows: RowReplay
  readonly #indexes: NewIndexes
  /** Where the rows without keys are now. */
  readonly rowids = new RowidMap()
  readonly #acknowledgedRowids: RowidMap
  #replayed = 0
  #conflicts = 0
  #constraint = 0
  #lastId = 0
  #sharedThroughId: number
  /** Changes up to this id are known by it elsewhere. */
  readonly #fixedThroughId: number
  /** What {@link renumber} adds to an id. */
  #shift = 0

  constructor(connection: ApplyConnection, options: ReplayOptions) {
    this.#connection = connection
    this.#options = options
    this.#acknowledgedRowids = new RowidMap(options.rowids)
    const { acknowledgedId, sharedThroughId = 0, sentThroughId = Number.MAX_SAFE_INTEGER } = options
    this.#sharedThroughId = sharedThroughId
    this.#fixedThroughId = Math.max(acknowledgedId, sharedThroughId, sentThroughId)
    this.#writer = new CapturedWriter(connection.db, (sql) =>
      connection.changeSchema(() => connection.db.exec(sql)),
    )
    connection.tables.refresh(connection.schemaVersion())
    this.#indexes = new NewIndexes(connection.db)
    this.#rows = new RowReplay({
      tables: connection.tables,
      rowids: this.rowids,
      rowidsAreReused: options.rowidsAreReused ?? false,
      resolve: options.resolve,
      onConflict: (conflict) => this.#count(conflict),
    })
  }

  get report(): ReplayReport {
    return { replayed: this.#replayed, conflicts: this.#conflicts, constraint: this.#constraint }
  }

  apply(change: CapturedChange): void {
    this.#lastId = Math.max(this.#lastId, change.changeId)
    if (change.changeId <= this.#options.acknowledgedId) this.#follow(change)
    else if (change.kind === 'commit') this.#write(change)
    else if (change.kind === 'schema') this.#applySchema(change)
    else if (!this.#isPushedByCopy(change)) {
      this.fillIndexes()
      const pending = this.#rows.replay(change)
      if (pending !== null) this.#write(pending)
    }
  }

  /**
   * Applies the first changes, as long as they touch no row: what the base has already, and markers. So a
   * pull with nothing pending need not hide triggers of the application, which takes longer than all else of
   * its replay. Returns the first change that does.
   */
  passSettled(changes: Iterator<CapturedChange>): IteratorResult<CapturedChange> {
    for (;;) {
      const next = changes.next()
      if (next.done === true) return next
      if (next.value.kind !== 'commit' && next.value.changeId > this.#options.acknowledgedId) return next
      this.apply(next.value)
    }
  }

  /** Undoes what is captured already, and forgets it. Null: schema changes have no inverse, so all of it stays. */
  takeBack(): CapturedChange[] | null {
    const { db } = this.#connection
    const captured = [...readCaptured(db, 0)]
    if (captured.some((change) => change.kind === 'schema')) {
      this.#shift = Math.max(0, maxChangeId(db) - this.#fixedThroughId)
      return null
    }
    for (const change of captured.toReversed()) if ('table' in change) this.#rows.undo(change)
    db.exec(`DELETE FROM tidemark_cdc WHERE change_type <> ${changeTypes.commit}`)
    return captured.filter((change) => change.kind !== 'commit')
  }

  /** The change under an id above those that {@link takeBack} has left, if it has never been sent. */
  renumber(change: CapturedChange): CapturedChange {
    if (change.changeId <= this.#fixedThroughId) return change
    const changeId = change.changeId + this.#shift
    if (change.kind !== 'commit') return { ...change, changeId }
    const { lastIdBefore } = change
    const isFixed = lastIdBefore === null || lastIdBefore < this.#fixedThroughId
    return { ...change, changeId, lastIdBefore: isFixed ? lastIdBefore : lastIdBefore + this.#shift }
  }

  /** Fills the full-text indexes that the last schema changes have made. */
  fillIndexes(): void {
    this.#indexes.fill()
  }

  /**
   * Where the application enforces them: takes those changes out of their tables that leave a row without its
   * parent, and then those whose parents have gone with them.
   */
  checkForeignKeys(): void {
    if (this.#options.enforceForeignKeys !== true) return
    const takenOut = new Map<number, Reason>()
    while (this.#takeOutOrphans(takenOut));
    if (takenOut.size > 0) this.#letFollow(takenOut)
  }

  /** Latest first. Changes that are out already are none. False: none was taken out. */
  #takeOutOrphans(reasons: Map<number, Reason>): boolean {
    const { db, tables } = this.#connection
    const check = new ForeignKeyCheck(db, tables, new RowidMap())
    if (!check.isNeeded) return false
    const violations: { readonly change: CapturedRow; readonly reason: Reason }[] = []
    const blocked = blockedChanges(db, this.#options.acknowledgedId)
    for (const change of readCaptured(db, this.#options.acknowledgedId)) {
      if (blocked.has(change.changeId)) continue
      const wire = toWireChange(change)
      if (!('table' in change) || wire === null || wire.kind === 'schema') continue
      const message = check.violation(wire)
      if (message !== null)
        violations.push({ change, reason: { sqliteCode: 'SQLITE_CONSTRAINT_FOREIGNKEY', message } })
    }
    const takenOut = violations.toReversed().filter(({ change }) => this.#takeOut(change))
    for (const { change, reason } of takenOut) {
      this.#count(conflictOf(change, 'constraint', null, reason))
      reasons.set(change.changeId, reason)
    }
    return takenOut.length > 0
  }

  /** What was done to a row after the change that was taken out has no row either, and waits with that change. */
  #letFollow(takenOut: ReadonlyMap<number, Reason>): void {
    const { db } = this.#connection
    const absent = new AbsentRows()
    const blocked = blockedChanges(db, this.#options.acknowledgedId)
    for (const change of readCaptured(db, this.#options.acknowledgedId)) {
      if (change.kind === 'schema') absent.followSchema(change)
      if (!('table' in change)) continue
      const taken = takenOut.get(change.changeId)
      if (taken !== undefined) absent.add(change, taken)
      if (blocked.has(change.changeId)) continue
      const reason = absent.reasonFor(change, () => null)
      if (reason === null) continue
      this.#count(conflictOf(change, 'constraint', null, reason))
      absent.follow(change, reason)
    }
  }

  /**
   * False: a later change stands in the way, such as a row that has the unique value of a deleted one. Then
   * it stays in its table, and the server is asked.
   */
  #takeOut(change: CapturedRow): boolean {
    try {
      inSavepoint(this.#connection.db, () => this.#rows.undo(change))
      return true
    } catch (error) {
      if (!isRefusal(error)) throw error
      return false
    }
  }

  /** The ids of changes that were dropped must not be given out again either. */
  finish(): void {
    if (this.#lastId > maxChangeId(this.#connection.db))
      this.#write({ kind: 'commit', changeId: this.#lastId, timeMs: Date.now(), lastIdBefore: this.#lastId })
  }

  /**
   * Whether the change is an insert of a row without a key that a copy of this replica has pushed. Its files
   * were the same only up to some change: from the first row on that is not there, rows are taken for
   * different ones even when they look alike.
   */
  #isPushedByCopy(change: CapturedRow): boolean {
    if (change.changeId > this.#sharedThroughId || change.kind !== 'insert' || change.rowid === null)
      return false
    if (!isKnownByRowid(change)) return false
    const remote = this.#acknowledgedRowids.resolve(change.table.name, change.rowid)
    if (this.#rows.isThere(change, remote)) {
      this.#follow(change)
      return true
    }
    this.#sharedThroughId = 0
    return false
  }

  /**
   * Later changes to an acknowledged row follow it to where it went. A mapping whose insert is older than
   * this base was followed then.
   */
  #follow(change: CapturedChange): void {
    if (change.kind === 'schema') {
      // The server has kept where they went under the last name that it was told.
      const renaming = tableRenaming(change.sql)
      if (renaming === null) return
      this.rowids.rename(renaming.from, renaming.to)
      this.rowids.adopt(this.#acknowledgedRowids, renaming.to)
      return
    }
    if (change.kind === 'commit' || change.rowid === null || change.kind === 'delete') return
    const remote = this.#acknowledgedRowids.resolve(change.table.name, change.rowid)
    if (remote !== change.rowid) this.rowids.set(change.table.name, change.rowid, remote)
  }

  #applySchema(change: CapturedSchema): void {
    const { db, tables } = this.#connection
    try {
      if (inSavepoint(db, () => applySchemaChange(this.#connection, change.sql)))
        this.#indexes.add(change.sql)
      const renaming = tableRenaming(change.sql)
      if (renaming !== null) this.rowids.rename(renaming.from, renaming.to)
    } catch (error) {
      if (!isRefusal(error)) throw error
      this.#count({
        table: '',
        key: [],
        kind: 'constraint',
        changeId: change.changeId,
        base: null,
        local: null,
        remote: null,
        reason: reasonOf(error),
      })
    }
    this.#rows.followSchema(change)
    this.hasChangedSchema = true
    tables.refresh(this.#connection.schemaVersion())
    this.#write(change)
  }

  #write(change: CapturedChange): void {
    this.#writer.put(change)
    if (change.kind !== 'commit') this.#replayed += 1
  }

  #count(conflict: Conflict): void {
    this.#conflicts += 1
    if (conflict.reason !== null) {
      this.#constraint += 1
      recordBlocked(this.#connection.db, conflict.changeId, conflict.reason)
    }
    this.#options.onConflict(conflict)
  }
}
