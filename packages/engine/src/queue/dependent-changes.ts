import type Database from 'better-sqlite3'
import type { CapturedChange } from '../capture/captured-change.ts'
import { readCaptured } from '../capture/read-captured.ts'
import { RowKeys } from './row-keys.ts'
import type { RowPlaces } from './row-keys.ts'
import { transactionOf } from './transaction-of.ts'

/**
 * The ids of the pending changes (after `afterId`) that have to leave the queue with `seeds`: later changes of the same rows and, with
 * `wholeTransactions`, everything that was done in one transaction with any of them, so that none is ever sent in part (I5).
 */
export function dependentChanges(
  db: Database.Database,
  options: {
    readonly afterId: number
    readonly seeds: ReadonlySet<number>
    readonly wholeTransactions: boolean
  },
): Set<number> {
  const { afterId, seeds, wholeTransactions } = options
  const unitOf = wholeTransactions
    ? transactionOf(db, afterId)
    : (change: CapturedChange): string => `change ${change.changeId}`
  const taken = new Set<number>()
  const rows = new TakenRows()
  const keys = new RowKeys()
  let unit = newUnit('')
  const close = ({ ids, moves, isTaken }: Unit): void => {
    if (isTaken) for (const id of ids) taken.add(id)
    for (const places of moves) {
      if (isTaken) rows.take(places)
      else rows.leave(places)
    }
  }
  for (const change of readCaptured(db, afterId)) {
    if (change.kind === 'commit') continue
    const name = unitOf(change)
    if (unit.name !== name) {
      close(unit)
      unit = newUnit(name)
    }
    unit.ids.push(change.changeId)
    unit.isTaken ||= seeds.has(change.changeId)
    if (change.kind === 'schema') keys.follow(change)
    else {
      const places = keys.places(change)
      unit.isTaken ||= rows.haveRowOf(places, unit.filled)
      unit.moves.push(places)
      if (places.to !== null) unit.filled.add(places.to)
    }
  }
  close(unit)
  return taken
}

/** Changes that stay together. */
interface Unit {
  readonly name: string
  readonly ids: number[]
  readonly moves: RowPlaces[]
  /** Where they have put rows. */
  readonly filled: Set<string>
  isTaken: boolean
}

function newUnit(name: string): Unit {
  return { name, ids: [], moves: [], filled: new Set(), isTaken: false }
}

/** Where the changes that leave have put rows, and which places they have left empty. */
class TakenRows {
  /** By the name of the place: whether a row is there. */
  readonly #places = new Map<string, boolean>()

  take({ from, to }: RowPlaces): void {
    if (from !== null) this.#places.set(from, false)
    if (to !== null) this.#places.set(to, true)
  }

  /** From now on the place is that of the row that a change has put there, which stays. */
  leave({ to }: RowPlaces): void {
    if (to !== null) this.#places.delete(to)
  }

  /**
   * Whether a change is of a row that leaves, and not of one that its own unit has put there before (`filled`). One that puts a row where there is one that leaves is of another: that one was not
   * in its table any more, as a pull has left it out, and its key was given again.
   */
  haveRowOf({ from, to }: RowPlaces, filled: ReadonlySet<string>): boolean {
    if (from !== null && this.#places.has(from) && !filled.has(from)) return true
    return to !== null && to !== from && this.#places.get(to) === false
  }
}
