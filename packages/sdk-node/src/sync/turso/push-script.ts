import { quoteIdentifier, RowidMap, tableRenaming } from '@tidemark/engine'
import type { TableRenaming } from '@tidemark/engine'
import type { Change, HranaCondition, PushHeader, RowChange, SchemaChange } from '@tidemark/protocol'
import { guard } from './guard.ts'
import { assertLastPush, assertSchema, createPushTables, plain, recordPush } from './push-state.ts'
import type { PushState } from './push-state.ts'
import { deletion, insertAt, isAsKnown, isKeyed, rowidName, update, upsert } from './row-statements.ts'
import type { SqlStatement } from './row-statements.ts'
import { schemaGoal } from './schema-goal.ts'
import { TriggerPause } from './trigger-pause.ts'
import { UnsendableValueError } from './sql-value.ts'

/** What a step of a push is for, which says what its failure means. */
export type StepPurpose =
  | { readonly type: 'begin' | 'setup' | 'state' | 'record' | 'commit' | 'rollback' }
  /** Another client has inserted rows where this push wanted to. */
  | { readonly type: 'rowids'; readonly table: string }
  /** The change itself. */
  | { readonly type: 'change'; readonly change: Change }
  /** The check that a row is as the client knew it, before the change, or that it was there, after it. */
  | { readonly type: 'as-known' | 'row-is-there'; readonly change: RowChange }
  /** May fail if the goal, which is the next step, is reached. */
  | { readonly type: 'schema'; readonly change: SchemaChange }
  | { readonly type: 'schema-goal'; readonly change: SchemaChange }

export interface Step extends SqlStatement {
  readonly purpose: StepPurpose
  readonly condition: HranaCondition | null
}

/** A change that cannot be put into SQL for this server. Nothing was sent. */
export class UnsendableChange extends Error {
  readonly change: Change
  override readonly cause: UnsendableValueError

  constructor(change: Change, cause: UnsendableValueError) {
    super(cause.message)
    this.change = change
    this.cause = cause
  }
}

export interface PushScriptInput {
  readonly header: PushHeader
  readonly changes: () => Iterable<Change>
  readonly state: PushState
  /** The largest rowid in a table of the server, 0 for none. */
  readonly largestRowid: (table: string, rowidName: string) => Promise<bigint>
}

/** Beyond it, SQLite's own choice of a rowid is not the next one either. */
const LARGEST_CHOSEN_ROWID = 2n ** 62n

/**
 * A push as the steps of one SQL batch. Each step runs only if the one before was done, so that what fails
 * stops all that follows; the last step then takes everything back (I5). Changes that the server has already
 * are left out (I3). Reading it again gives the same steps.
 */
export class PushScript {
  readonly #input: PushScriptInput
  readonly #rowids: RowidMap
  readonly #triggers: TriggerPause
  /** Last rowid given out, by table. */
  readonly #largest = new Map<string, bigint>()
  /** By table, how many rows with a key the push has inserted since: the server gives each the next rowid. */
  readonly #keyedSince = new Map<string, bigint>()
  /** What renamed tables are called on the server, by their new names in lower case. */
  readonly #earlierNames = new Map<string, string>()
  #count = 0

  constructor(input: PushScriptInput) {
    const { state, header } = input
    this.#input = input
    this.#triggers = new TriggerPause(state.triggers)
    this.#rowids = new RowidMap(state.baseRevision === header.baseRevision ? state.rowids : [])
  }

  /** Where rows without key go; complete when the steps are. */
  get rowids(): RowidMap {
    return this.#rowids
  }

  async *steps(): AsyncGenerator<Step, void, undefined> {
    const { header, state } = this.#input
    yield this.#step({ type: 'begin' }, plain('BEGIN IMMEDIATE'))
    yield this.#step({ type: 'state' }, assertSchema(state))
    yield* this.#setup(createPushTables.map(plain))
    yield this.#step({ type: 'state' }, assertLastPush(header.clientId, state))
    for (const change of this.#input.changes()) {
      if (change.changeId <= state.lastChangeId) continue
      try {
        if (change.kind === 'schema') yield* this.#schema(change)
        else {
          yield* this.#setup(this.#triggers.pause(change.table.name))
          yield* this.#row(change)
        }
      } catch (error) {
        if (error instanceof UnsendableValueError) throw new UnsendableChange(change, error)
        throw error
      }
    }
    yield* this.#setup(this.#triggers.resume())
    for (const statement of recordPush(header, this.#rowids.entries()))
      yield this.#step({ type: 'record' }, statement)
    const commit = this.#count
    yield this.#step({ type: 'commit' }, plain('COMMIT'))
    // A transaction that this batch has not begun is somebody else's.
    const isFailed: HranaCondition = { type: 'not', cond: { type: 'ok', step: commit } }
    yield {
      ...plain('ROLLBACK'),
      purpose: { type: 'rollback' },
      condition: { type: 'and', conds: [{ type: 'ok', step: 0 }, isFailed] },
    }
  }

  *#schema(change: SchemaChange): Generator<Step> {
    const goal = schemaGoal(change.sql)
    yield* this.#setup(this.#triggers.resume())
    this.#triggers.follow(change.sql)
    const renaming = tableRenaming(change.sql)
    if (renaming !== null) this.#rename(renaming)
    yield this.#step({ type: goal === null ? 'change' : 'schema', change }, plain(change.sql))
    if (goal === null) return
    const step = this.#count - 1
    const wasRun: HranaCondition = {
      type: 'or',
      conds: [
        { type: 'ok', step },
        { type: 'error', step },
      ],
    }
    yield { ...this.#step({ type: 'schema-goal', change }, plain(guard(goal))), condition: wasRun }
  }

  async *#row(change: RowChange): AsyncGenerator<Step> {
    if (this.#input.header.conflictPolicy === 'detect' && isKeyed(change)) {
      const { sql, args } = isAsKnown(change)
      yield this.#step({ type: 'as-known', change }, { sql: guard(sql), args })
    }
    switch (change.kind) {
      case 'insert':
        if (isKeyed(change)) {
          const name = change.table.name.toLowerCase()
          this.#keyedSince.set(name, (this.#keyedSince.get(name) ?? 0n) + 1n)
          yield this.#step({ type: 'change', change }, upsert(change))
        } else yield* this.#insertKeyless(change)
        return
      case 'delete':
        yield this.#step({ type: 'change', change }, deletion(change, this.#rowidOf(change)))
        return
      case 'update':
        yield this.#step({ type: 'change', change }, update(change, this.#rowidOf(change)))
        yield this.#step({ type: 'row-is-there', change }, plain(guard('changes()>0')))
    }
  }

  /**
   * A row without key gets its rowid here: its own if that is beyond all of the server's, else the next one.
   * So it is known before the answer where it went, and can be recorded in the same transaction. A row with a
   * NULL in its key may come behind rows with whole keys, which have raised the largest rowid by one each at
   * most.
   */
  async *#insertKeyless(change: RowChange): AsyncGenerator<Step> {
    const { table } = change
    const name = table.name.toLowerCase()
    const keyed = this.#keyedSince.get(name) ?? 0n
    let largest = this.#largest.get(name)
    if (largest !== undefined) largest += keyed
    if (largest === undefined) {
      const rowid = rowidName(table)
      largest = (await this.#largestRowid(table.name, rowid)) + keyed
      const isFree = `coalesce((SELECT max(${rowid}) FROM ${quoteIdentifier(table.name)}),0)<=${largest}`
      yield this.#step({ type: 'rowids', table: table.name }, plain(guard(isFree)))
    }
    const local = change.rowid ?? 0n
    const rowid = largest >= LARGEST_CHOSEN_ROWID ? null : local > largest ? local : largest + 1n
    yield this.#step({ type: 'change', change }, insertAt(change, rowid))
    if (rowid === null) return
    this.#largest.set(name, rowid)
    this.#keyedSince.delete(name)
    this.#rowids.set(table.name, local, rowid)
  }

  /** Before the push. Where another client has given the table its new name already, it is found by that. */
  async #largestRowid(table: string, rowid: string): Promise<bigint> {
    const largest = await this.#input.largestRowid(table, rowid)
    const earlierName = this.#earlierNames.get(table.toLowerCase())
    if (earlierName === undefined) return largest
    const before = await this.#input.largestRowid(earlierName, rowid)
    return before > largest ? before : largest
  }

  #rename({ from, to }: TableRenaming): void {
    this.#rowids.rename(from, to)
    const [before, after] = [from.toLowerCase(), to.toLowerCase()]
    this.#earlierNames.set(after, this.#earlierNames.get(before) ?? from)
    moveEntry(this.#largest, before, after)
    moveEntry(this.#keyedSince, before, after)
  }

  *#setup(statements: readonly SqlStatement[]): Generator<Step> {
    for (const statement of statements) yield this.#step({ type: 'setup' }, statement)
  }

  #rowidOf({ table, rowid }: RowChange): bigint | null {
    return rowid === null ? null : this.#rowids.resolve(table.name, rowid)
  }

  #step(purpose: StepPurpose, statement: SqlStatement): Step {
    const step = this.#count
    this.#count += 1
    return { ...statement, purpose, condition: step === 0 ? null : { type: 'ok', step: step - 1 } }
  }
}

function moveEntry<Value>(map: Map<string, Value>, from: string, to: string): void {
  const value = map.get(from)
  map.delete(from)
  if (value === undefined) map.delete(to)
  else map.set(to, value)
}
