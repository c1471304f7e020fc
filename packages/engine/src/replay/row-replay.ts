import type { ConflictKind, SqlValue } from '@tidemark/protocol'
import { identityOf } from '../apply/row-identity.ts'
import type { RowidMap } from '../apply/rowid-map.ts'
import type { RowIdentity, TargetTable } from '../apply/target-table.ts'
import type { TargetTables } from '../apply/target-tables.ts'
import type { CapturedRow, CapturedSchema } from '../capture/captured-change.ts'
import { keyOf, positions } from '../capture/to-wire-change.ts'
import { isTaken } from '../sql/sqlite-error.ts'
import { sameValue } from '../sql/value-equality.ts'
import { reasonOf } from '../queue/reason.ts'
import type { Reason } from '../queue/reason.ts'
import { AbsentRows } from './absent-rows.ts'
import type { Conflict, ConflictResolver, Row } from './conflict.ts'
import { keptValue } from './kept-value.ts'
import { isRefusal } from './refusal.ts'

type Image = readonly SqlValue[]

interface RowReplayOptions {
  readonly tables: TargetTables
  readonly rowids: RowidMap
  readonly resolve: ConflictResolver
  readonly onConflict: (conflict: Conflict) => void
  readonly rowidsAreReused: boolean
}

/** Applies one pending row change to the new base, by the table of design/4. */
export class RowReplay {
  readonly #options: RowReplayOptions
  readonly #absent = new AbsentRows()

  constructor(options: RowReplayOptions) {
    this.#options = options
  }

  /**
   * Returns the change as it is pending from now on, its before image being the row of the new base; null
   * when nothing is left of it.
   */
  replay(change: CapturedRow): CapturedRow | null {
    const reason = this.#absent.reasonFor(change, () => this.#remoteRow(change)?.image ?? null)
    if (reason !== null) {
      this.#options.onConflict(conflictOf(change, 'constraint', null, reason))
      this.#absent.follow(change, reason)
      return this.#placed(change)
    }
    try {
      return this.#apply(change)
    } catch (error) {
      if (!isRefusal(error)) throw error
      const remote = this.#remoteRow(change)
      this.#options.onConflict(conflictOf(change, 'constraint', remote?.named ?? null, reasonOf(error)))
      const pending = onNewBase(this.#placed(change), remote?.image ?? null)
      this.#absent.add({ ...pending, rowid: change.rowid }, reasonOf(error))
      if (change.kind === 'insert') this.#leaveOut(change)
      return pending
    }
  }

  /** The names of absent rows follow those of their tables. */
  followSchema(change: CapturedSchema): void {
    this.#absent.followSchema(change)
  }

  #apply(change: CapturedRow): CapturedRow | null {
    const table = this.#options.tables.get(change.table)
    switch (change.kind) {
      case 'insert':
        return this.#insert(table, change)
      case 'update':
        return this.#update(table, change)
      case 'delete':
        return this.#delete(table, change)
    }
  }

  /**
   * A change that stays out of its table, under the rowid that its row has by now: the one that it had may be
   * another row's.
   */
  #placed(change: CapturedRow): CapturedRow {
    if (change.kind === 'insert' || change.rowid === null) return change
    const identity = this.#identity(change, change.before!)
    return identity.by === 'key' ? change : { ...change, rowid: identity.rowid }
  }

  /**
   * The row of an insert that stays out of its table keeps its rowid: where an earlier row of that rowid went
   * is nothing to it.
   */
  #leaveOut({ table, rowid }: CapturedRow): void {
    if (rowid !== null) this.#options.rowids.set(table.name, rowid, rowid)
  }

  /** Whether the row that `change` inserts is in the base under `rowid`. */
  isThere(change: CapturedRow, rowid: bigint): boolean {
    try {
      const row = this.#options.tables.get(change.table).read({ by: 'rowid', rowid })
      return row !== undefined && isSame(change, row, change.after!)
    } catch (error) {
      if (!isRefusal(error)) throw error
      return false
    }
  }

  /**
   * Takes a change back that has been made. Later updates of the row stay made, unless the change has given
   * it another key: then what is left is the row under the key that it had, as it was.
   */
  undo(change: CapturedRow): void {
    const table = this.#options.tables.get(change.table)
    const { before, after } = change
    const columns = positions(change.table)
    if (before !== null && after === null) {
      if (identityOf(change.table, keyOf(change.table.key, before), change.rowid).by === 'key')
        table.insert(columns, before)
      else table.insertAt(change.rowid!, columns, before)
      return
    }
    const identity = identityOf(change.table, keyOf(change.table.key, after!), change.rowid)
    if (before === null) table.delete(identity)
    else {
      const isChanged = columns.map((index) => !sameValue(before[index]!, after![index]!))
      const isMoved = change.table.key.some((position) => isChanged[position])
      const restored = columns.filter((index) => isMoved || isChanged[index])
      if (restored.length > 0)
        table.update(
          identity,
          restored,
          restored.map((index) => before[index]!),
        )
    }
  }

  #insert(table: TargetTable, change: CapturedRow): CapturedRow | null {
    const after = change.after!
    const identity = identityOf(change.table, keyOf(change.table.key, after), change.rowid)
    if (identity.by === 'rowid') return this.#insertRow(table, change, after)
    try {
      table.insert(positions(table.shape), after)
      return change
    } catch (error) {
      const remote = isTaken(error) ? table.read(identity) : undefined
      if (remote === undefined) throw error
      if (isSame(change, remote, after)) return null
      return this.#resolve(table, change, 'insert/insert', { identity, remote, merged: after })
    }
  }

  #update(table: TargetTable, change: CapturedRow): CapturedRow | null {
    const before = change.before!
    const after = change.after!
    const identity = this.#identity(change, before)
    const remote = table.read(identity)
    if (identity.by === 'rowid' && remote !== undefined && isSame(change, remote, after)) return null
    if (remote === undefined || !this.#isPlausible(change, identity, remote))
      return this.#resolve(table, change, 'update/delete', { identity, remote: null, merged: after })
    const merged = before.map((old, index) =>
      sameValue(old, after[index]!) ? remote[index]! : after[index]!,
    )
    if (isSame(change, remote, merged)) return null
    const isOverwritten = merged.some(
      (value, index) => !sameValue(value, remote[index]!) && !sameValue(before[index]!, remote[index]!),
    )
    if (isOverwritten) return this.#resolve(table, change, 'update/update', { identity, remote, merged })
    return this.#writeUpdate(table, change, identity, remote, merged)
  }

  #delete(table: TargetTable, change: CapturedRow): CapturedRow | null {
    const before = change.before!
    const identity = this.#identity(change, before)
    const remote = table.read(identity)
    if (remote === undefined || !this.#isPlausible(change, identity, remote)) return null
    if (!isSame(change, remote, before))
      return this.#resolve(table, change, 'delete/update', { identity, remote, merged: null })
    return this.#writeDelete(table, change, identity, remote)
  }

  /** `merged` is what local wins writes; null: it deletes. */
  #resolve(
    table: TargetTable,
    change: CapturedRow,
    kind: ConflictKind,
    state: { readonly identity: RowIdentity; readonly remote: Image | null; readonly merged: Image | null },
  ): CapturedRow | null {
    const { identity, remote } = state
    const conflict = conflictOf(change, kind, remote === null ? null : table.named(remote))
    this.#options.onConflict(conflict)
    const resolution = this.#options.resolve(conflict)
    if (resolution === 'accept-remote') return null
    const merged =
      resolution === 'keep-local' ? state.merged : imageOf(change, resolution.row, remote ?? state.merged)
    if (remote === null) return merged === null ? null : this.#insertAgain(table, change, merged)
    if (merged === null) return this.#writeDelete(table, change, identity, remote)
    return isSame(change, remote, merged) ? null : this.#writeUpdate(table, change, identity, remote, merged)
  }

  /**
   * Inserts a row that the new base no longer has. Its change may have given it a key that another row of the
   * base has by now.
   */
  #insertAgain(table: TargetTable, change: CapturedRow, after: Image): CapturedRow | null {
    const pending = { ...change, kind: 'insert', before: null, after } as const
    try {
      return this.#insertRow(table, change, after)
    } catch (error) {
      const identity = this.#identity(change, after)
      const remote = isTaken(error) && identity.by === 'key' ? table.read(identity) : undefined
      if (remote === undefined) throw error
      if (isSame(change, remote, after)) return null
      return this.#resolve(table, pending, 'insert/insert', { identity, remote, merged: after })
    }
  }

  #insertRow(table: TargetTable, change: CapturedRow, after: Image): CapturedRow {
    const pending = { ...change, kind: 'insert', before: null, after } as const
    const columns = positions(table.shape)
    const { name, key } = change.table
    if (identityOf(change.table, keyOf(key, after), change.rowid ?? 0n).by === 'key') {
      table.insert(columns, after)
      return pending
    }
    const local = change.rowid!
    const wanted = change.kind === 'insert' ? local : this.#options.rowids.resolve(name, local)
    const rowid = this.#insertAt(table, wanted, after)
    this.#options.rowids.set(name, local, rowid)
    return { ...pending, rowid }
  }

  #insertAt(table: TargetTable, rowid: bigint, after: Image): bigint {
    const columns = positions(table.shape)
    try {
      table.insertAt(rowid, columns, after)
      return rowid
    } catch (error) {
      if (!isTaken(error) || table.read({ by: 'rowid', rowid }) === undefined) throw error
      return table.insertAnywhere(columns, after)
    }
  }

  #writeUpdate(
    table: TargetTable,
    change: CapturedRow,
    identity: RowIdentity,
    remote: Image,
    merged: Image,
  ): CapturedRow {
    const columns = positions(table.shape).filter((index) => !sameValue(merged[index]!, remote[index]!))
    const rowid = this.#rowidAfter(table, change, identity, merged)
    table.update(
      identity,
      columns,
      columns.map((index) => merged[index]!),
    )
    return { ...change, kind: 'update', rowid, before: remote.slice(0, merged.length), after: merged }
  }

  #writeDelete(table: TargetTable, change: CapturedRow, identity: RowIdentity, remote: Image): CapturedRow {
    table.delete(identity)
    const rowid = identity.by === 'rowid' ? identity.rowid : change.rowid
    return {
      ...change,
      kind: 'delete',
      rowid,
      before: remote.slice(0, change.table.columns.length),
      after: null,
    }
  }

  /**
   * A row that loses its key is known by its rowid from then on, which is another one here than where the
   * change was made.
   */
  #rowidAfter(table: TargetTable, change: CapturedRow, identity: RowIdentity, merged: Image): bigint | null {
    if (identity.by === 'rowid') return identity.rowid
    if (change.rowid === null || !keyOf(change.table.key, merged).includes(null)) return change.rowid
    const rowid = table.rowidOf(identity)
    if (rowid !== null) this.#options.rowids.set(change.table.name, change.rowid, rowid)
    return rowid
  }

  #identity(change: CapturedRow, image: Image): RowIdentity {
    const identity = identityOf(change.table, keyOf(change.table.key, image), change.rowid)
    if (identity.by === 'key') return identity
    return { by: 'rowid', rowid: this.#options.rowids.resolve(change.table.name, identity.rowid) }
  }

  /**
   * Whether the row found by a rowid is the row that the change was made on: another client may have given
   * the rowid to another row after it was deleted. It is taken for the same when more than half of its
   * columns are, without those that are NULL in both: they are NULL in many rows. Where clients change rows
   * by their rowids, only when all are.
   */
  #isPlausible(change: CapturedRow, identity: RowIdentity, row: Image): boolean {
    if (identity.by === 'key') return true
    const before = change.before!
    if (this.#options.rowidsAreReused) return before.every((value, index) => sameValue(value, row[index]!))
    const telling = before.flatMap((value, index) =>
      value === null && row[index] === null ? [] : sameValue(value, row[index]!),
    )
    const same = telling.filter((isEqual) => isEqual).length
    return same * 2 > telling.length || telling.length === 0
  }

  /** The row that `change` is about, as the new base has it; null: it has none. */
  #remoteRow(change: CapturedRow): { readonly image: Image; readonly named: Row } | null {
    try {
      const table = this.#options.tables.get(change.table)
      const identity = this.#identity(change, change.before ?? change.after!)
      const image = change.before === null && identity.by === 'rowid' ? undefined : table.read(identity)
      const isIt = image !== undefined && this.#isPlausible(change, identity, image)
      return isIt ? { image, named: table.named(image) } : null
    } catch (error) {
      if (!isRefusal(error)) throw error
      return null
    }
  }
}

/**
 * An update that is kept out of its table, as what it is on the new base. Otherwise the server would ask for
 * a pull first, again and again, and never come to the constraint.
 */
function onNewBase(change: CapturedRow, remote: Image | null): CapturedRow {
  const { kind, before, after } = change
  if (kind !== 'update' || before === null || after === null) return change
  if (remote === null) return { ...change, kind: 'insert', before: null }
  const merged = before.map((old, index) => (sameValue(old, after[index]!) ? remote[index]! : after[index]!))
  return { ...change, before: remote.slice(0, before.length), after: merged }
}

function isSame(change: CapturedRow, row: Image, image: Image): boolean {
  return change.table.columns.every((_, index) => sameValue(row[index]!, image[index]!))
}

/** Whether the row after the change has no key, or one with a NULL in it. */
export function isKnownByRowid({ table, rowid, after }: CapturedRow): boolean {
  return after !== null && identityOf(table, keyOf(table.key, after), rowid).by === 'rowid'
}

/** A conflict of `change` with the row `remote`. May be kept: what it has of the change are copies. */
export function conflictOf(
  change: CapturedRow,
  kind: ConflictKind,
  remote: Row | null,
  reason: Reason | null = null,
): Conflict {
  const { changeId, table, before, after } = change
  const key = keyOf(table.key, before ?? after!)
  return {
    table: table.name,
    key: key.length > 0 && !key.includes(null) ? key.map(keptValue) : [change.rowid],
    kind,
    changeId,
    base: before === null ? null : rowOf(change, before),
    local: after === null ? null : rowOf(change, after),
    remote,
    reason,
  }
}

function rowOf({ table }: CapturedRow, image: Image): Row {
  return Object.fromEntries(table.columns.map((name, index) => [name, keptValue(image[index]!)]))
}

/** The image of a row by names; columns left out are taken from `fallback`. */
function imageOf({ table }: CapturedRow, row: Row, fallback: Image | null): SqlValue[] {
  return table.columns.map((name, index) =>
    Object.hasOwn(row, name) ? row[name]! : (fallback?.[index] ?? null),
  )
}
