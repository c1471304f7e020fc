import type Database from 'better-sqlite3'
import type { SqlValue } from '@tidemark/protocol'

import type { CapturedChange, CapturedRow } from '../capture/captured-change.ts'
import { CopiedRows } from '../capture/copied-rows.ts'
import { defaultValues } from '../capture/default-values.ts'
import { isCopyOf } from '../capture/dropped-tables.ts'
import type { DroppedTable, SchemaStatement } from '../capture/dropped-tables.ts'
import { migratedRow } from '../capture/migrated-row.ts'
import { readCaptured } from '../capture/read-captured.ts'
import { RenamedRows } from '../capture/renamed-rows.ts'
import { tableDifference } from '../capture/table-difference.ts'
import { unseenRows } from '../capture/unseen-rows.ts'
import { findTable } from '../capture/user-table.ts'
import type { UserTable } from '../capture/user-table.ts'
import { blockedChanges } from '../queue/blocked-changes.ts'
import type { Conflict } from '../replay/conflict.ts'
import { conflictOf } from '../replay/row-replay.ts'
import { bringRows, broughtRows } from './brought-rows.ts'
import type { ReplicaSession } from './session.ts'

/** What comes of settling: the part of a pull that all dropped tables share. */
export interface Settlement {
  readonly session: ReplicaSession
  readonly onConflict: (conflict: Conflict) => void
  /** Ids of pending statements that others have made already; added to. */
  readonly made: Set<number>
  /** What a change is in the new base, in order; null: nothing. Added to. */
  readonly steps: ((change: CapturedChange) => CapturedChange | null)[]
  /** To be done in the end, latest first; added to. */
  readonly closing: (() => void)[]
}

export interface Bases {
  /** The base that the pending changes were made on, with those that are in the other one. */
  readonly base: Database.Database
  /** The base that the pull brings. */
  readonly pulled: Database.Database
  /** Changes up to this id are in both. */
  readonly acknowledgedId: number
  /** Others have gone on from the version that was set by the statement with this id. */
  readonly passedId: number
  /** The others that are schema statements. */
  readonly statements: readonly SchemaStatement[]
}

/** What becomes of one table that pending statements drop: see {@link SettledMigrations}. */
export class DroppedTableSettling {
  readonly #session: ReplicaSession
  readonly #onConflict: (conflict: Conflict) => void
  readonly #made: Set<number>
  readonly #steps: Settlement['steps']
  readonly #closing: Settlement['closing']

  constructor({ session, onConflict, made, steps, closing }: Settlement) {
    this.#session = session
    this.#onConflict = onConflict
    this.#made = made
    this.#steps = steps
    this.#closing = closing
  }

  settle(table: DroppedTable, bases: Bases): void {
    const here = table.heir === null ? null : findTable(this.#session.work.db, table.heir.name)
    const nameAfter = findTable(bases.pulled, table.name) === null ? here?.shape.name : table.name
    const theirs = findTable(bases.pulled, nameAfter ?? table.name)
    const formBefore = formOf(bases.base, table.name)
    const isSameForm =
      here !== null &&
      formOf(bases.pulled, here.shape.name) === formOf(this.#session.work.db, here.shape.name) &&
      formOf(bases.pulled, here.shape.name) !== formBefore
    const isPassed =
      theirs !== null &&
      table.rebuilds.every(({ lastId }) => lastId < bases.passedId) &&
      formOf(bases.pulled, theirs.shape.name) !== formBefore
    const isMade = (changeId: number): boolean => isSameForm || changeId < bases.passedId
    if (theirs !== null && table.rebuilds.length > 0 && (isSameForm || isPassed))
      this.#leaveOut(table, bases, isSameForm ? here : theirs, isMade)
    else this.#bring(table, bases, { here, isSameForm, nameAfter: nameAfter ?? table.name })
  }

  #copiedRows(
    table: DroppedTable,
    { base, acknowledgedId: afterId, statements }: Bases,
    into: UserTable,
    isMade: (changeId: number) => boolean = () => true,
  ): CopiedRows {
    const copied = new CopiedRows(base, {
      db: this.#session.work.db,
      afterId,
      statements,
      table: { ...table, heir: table.heir! },
      into,
      isMade,
    })
    this.#closing.push(() => copied[Symbol.dispose]())
    return copied
  }

  /** Others have run the same migration: what it has made here are rows of `theirs`. */
  #leaveOut(
    table: DroppedTable,
    bases: Bases,
    theirs: UserTable,
    isMade: (changeId: number) => boolean,
  ): void {
    const { heir, name, has, rebuilds } = table
    const made = rebuilds.flatMap(({ statements }) => [...statements]).filter(isMade)
    for (const changeId of made) this.#made.add(changeId)
    const isOfBefore = (change: CapturedRow): boolean =>
      has(change) || (isName(change.table.name, name) && change.changeId < heir!.createdId)
    const old = findTable(bases.base, name)
    const isKeyKept = old === null || keyNames(old) === keyNames(theirs)
    const copied = this.#copiedRows(table, bases, theirs, isMade)
    const defaults = defaultValues(bases.pulled, theirs)
    const kept = isKeyKept ? new Set<number>() : copied.newByValues(bases.base, old)
    this.#steps.push((change) => {
      if (!('table' in change)) return change
      if (rebuilds.some((rebuild) => isCopyOf(rebuild, change)))
        return kept.has(change.changeId) ? change : null
      if (!isOfBefore(change)) return change
      return isKeyKept ? migratedRow(change, theirs, copied, defaults) : null
    })
  }

  /** What was done here to the old table is in the new one, or gone with it. */
  #bring(
    table: DroppedTable,
    bases: Bases,
    {
      here,
      isSameForm,
      nameAfter,
    }: { readonly here: UserTable | null; readonly isSameForm: boolean; readonly nameAfter: string },
  ): void {
    const { name, changeId, has } = table
    const { base, pulled, acknowledgedId } = bases
    const { db } = this.#session.work
    const copied = here === null || !isSameForm ? null : this.#copiedRows(table, bases, here)
    const blocked = blockedChanges(db, acknowledgedId)
    const isOld = (change: CapturedChange): change is CapturedRow =>
      'table' in change && change.changeId > acknowledgedId && has(change)
    const theirs = findTable(pulled, name)
    const isKnown = !this.#session.base.isAssumed
    const isSame = isKnown && formOf(pulled, name) === formOf(base, name)
    // What cannot be made in their table is in the new one here, or gone with the old one. What can be made has
    // to be: full-text indexes of the table follow it.
    const isLeftOut = (change: CapturedChange): boolean =>
      isOld(change) &&
      (blocked.has(change.changeId) || !(isSame || (theirs !== null && fits(change, theirs))))
    this.#steps.push((change) => (isLeftOut(change) ? null : change))
    const hasOneKey = here !== null && keyNames(here) === keyNames(findTable(base, name) ?? here)
    if (!isKnown && here === null) return
    const changes = isKnown
      ? tableDifference({
          name,
          nameAfter,
          before: base,
          after: pulled,
          target: here,
          rename: (columns) => this.#renamed(table, columns, bases),
          made: broughtRows(db, here?.shape.name ?? name),
          ...(copied !== null && {
            // Without the key of before it cannot be told which of them were changed here.
            migrated: (key: readonly SqlValue[]) =>
              hasOneKey || !copied.hasTouched ? copied.find(key, { untouched: true }) : null,
          }),
          onLost: (change, kept) => this.#tellLost(change, changeId, kept),
        })
      : this.#unseen(table, bases, here!, nameAfter)
    if (here === null) for (const change of changes) this.#tellDropped(change, changeId)
    else
      bringRows(
        this.#session,
        withBlocked(changes, this.#blockedRows(blocked, isOld, here)),
        changeId,
        this.#onConflict,
      )
  }

  /** As {@link #bring}, where the base is not known. */
  *#unseen(table: DroppedTable, bases: Bases, here: UserTable, nameAfter: string): Generator<CapturedRow> {
    const { pulled, base: scratch, acknowledgedId: afterId } = bases
    const theirs = findTable(pulled, nameAfter)
    if (theirs === null || keyNames(theirs) !== keyNames(here)) return
    const lost: CapturedRow[] = []
    const all = tableDifference({
      name: table.name,
      nameAfter,
      before: scratch,
      after: pulled,
      target: here,
      rename: (columns) => this.#renamed(table, columns, bases),
      onLost: (row) => lost.push(row),
    })
    const unseen = unseenRows({
      db: this.#session.work.db,
      afterId,
      table: { ...table, heir: table.heir! },
      here,
      theirs: eachAlone(all, lost),
      scratch,
      onDiffer: (row, own) => this.#tellDiffering(row, own, table.changeId),
    })
    for (const row of unseen) {
      for (const whole of lost) this.#tellLost(whole, table.changeId, row)
      yield row
    }
  }

  /** Who has changed it is not known: the local row stays. */
  #tellDiffering(theirs: CapturedRow, own: readonly SqlValue[], changeId: number): void {
    const { table, key, local: remote } = conflictOf(theirs, 'update/update', null)
    const { local } = conflictOf({ ...theirs, after: own }, 'update/update', null)
    this.#onConflict({ table, key, kind: 'update/update', changeId, base: null, local, remote, reason: null })
  }

  /** The names that columns of the old table get here, before it is built anew and after. */
  #renamed(
    { name, heir }: DroppedTable,
    columns: readonly string[],
    { statements }: Bases,
  ): readonly (string | null)[] {
    const renamed = new RenamedRows(statements, () => true)
    const before = renamed.namesOf(name, columns, 0).columns
    return heir === null ? before : renamed.namesOf(heir.createdAs, before, heir.createdId).columns
  }

  /** What could not be made in the old table before is not in the new one either. */
  *#blockedRows(
    blocked: ReadonlyMap<number, unknown>,
    isOld: (change: CapturedChange) => change is CapturedRow,
    here: UserTable,
  ): Generator<CapturedRow> {
    if (blocked.size === 0) return
    for (const change of readCaptured(this.#session.work.db, 0))
      if (blocked.has(change.changeId) && isOld(change))
        yield { ...change, table: { ...change.table, name: here.shape.name } }
  }

  #tellDropped(change: CapturedRow, changeId: number): void {
    if (change.kind === 'delete') return
    const { local, base, key, table } = conflictOf(change, 'delete/update', null)
    this.#onConflict({
      table,
      key,
      kind: 'delete/update',
      changeId,
      base,
      local: null,
      remote: local,
      reason: null,
    })
  }

  /** Others have given values to columns that the table does not have here any more; `kept` is the row there. */
  #tellLost(change: CapturedRow, changeId: number, kept: CapturedRow | null): void {
    const { local: remote, base, key, table } = conflictOf(change, 'delete/update', null)
    const local = kept === null ? null : conflictOf(kept, 'delete/update', null).local
    const kind = local === null ? 'delete/update' : base === null ? 'insert/insert' : 'update/update'
    this.#onConflict({ table, key, kind, changeId, base, local, remote, reason: null })
  }
}

/** Empties `lost` before each row: it then has what that row has lost. */
function* eachAlone(rows: Iterable<CapturedRow>, lost: CapturedRow[]): Generator<CapturedRow> {
  for (const row of rows) {
    yield row
    lost.length = 0
  }
}

function* withBlocked(
  changes: Iterable<CapturedRow>,
  blocked: Iterable<CapturedRow>,
): Generator<CapturedRow> {
  yield* changes
  yield* blocked
}

/** What a table is, without the name that it was created under. */
function formOf(db: Database.Database, name: string): string | null {
  const sql = db
    .prepare<[string], string>(
      "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE AND rootpage > 0",
    )
    .pluck()
    .get(name)
  return sql === undefined ? null : sql.slice(sql.indexOf('(')).replaceAll(/\s+/g, ' ')
}

/** Whether the table has all columns of the change, and its key. */
function fits({ table }: CapturedRow, { shape }: UserTable): boolean {
  const names = shape.columns.map((name) => name.toLowerCase())
  const isSameKey =
    table.key.map((at) => table.columns[at]!.toLowerCase()).join('\0') ===
    shape.key.map((at) => names[at]).join('\0')
  return isSameKey && table.columns.every((name) => names.includes(name.toLowerCase()))
}

function keyNames({ shape }: UserTable): string {
  return JSON.stringify(shape.key.map((position) => shape.columns[position]!.toLowerCase()))
}

function isName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
