import type { Change, RowChange } from '@tidemark/protocol'
import { hasWholeKey } from './row-identity.ts'

/** Rows that one statement inserts: with them an insert takes two thirds of the time, and more save little. */
const ROWS_PER_STATEMENT = 16
/** Rows of more columns, or of longer values, have little to gain: SQLite takes a copy of all that is bound. */
const MOST_COLUMNS = 32
const LONGEST_VALUE = 1024

/**
 * The same changes in the same order, each alone or with the inserts that follow it: as many as one statement
 * inserts, into one table, with the same columns, known by their keys.
 */
export function* insertGroups(changes: Iterable<Change>): Generator<readonly Change[], void, undefined> {
  let inserts: RowChange[] = []
  for (const change of changes) {
    const isInsert = mayBeGrouped(change)
    if (inserts.length > 0 && !(isInsert && areAlike(inserts[0]!, change))) {
      yield* alone(inserts)
      inserts = []
    }
    if (!isInsert) yield [change]
    else if (inserts.push(change) === ROWS_PER_STATEMENT) {
      yield inserts
      inserts = []
    }
  }
  yield* alone(inserts)
}

/** Whether they are inserts for one statement. */
export function isInsertGroup(changes: readonly Change[]): changes is readonly RowChange[] {
  return changes.length === ROWS_PER_STATEMENT
}

function* alone(changes: readonly Change[]): Generator<readonly Change[], void, undefined> {
  for (const change of changes) yield [change]
}

function areAlike(one: RowChange, other: RowChange): boolean {
  return one.table === other.table && one.columns === other.columns
}

function mayBeGrouped(change: Change): change is RowChange {
  return (
    change.kind === 'insert' &&
    change.columns.length <= MOST_COLUMNS &&
    hasWholeKey(change) &&
    areShort(change.values)
  )
}

function areShort(values: RowChange['values']): boolean {
  for (const value of values) {
    if (typeof value === 'string' || value instanceof Uint8Array) {
      if (value.length > LONGEST_VALUE) return false
    } else if (typeof value === 'object' && value !== null) return false
  }
  return true
}
