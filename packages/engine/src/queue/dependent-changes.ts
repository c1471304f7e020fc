import type Database from 'better-sqlite3'
import type { CapturedChange } from '../capture/captured-change.ts'
import { readCaptured } from '../capture/read-captured.ts'
import { blockedChanges } from './blocked-changes.ts'
import { RowKeys } from './row-keys.ts'
import type { RowPlaces } from './row-keys.ts'
import { transactionOf } from './transaction-of.ts'

/**
 * The ids of the pending changes (after `afterId`) that have to leave the queue with `seeds`: later changes
 * of the same rows and, with `wholeTransactions`, everything that was done in one transaction with any of
 * them, so that none is ever sent in part (I5).
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
  const blocked = blockedChanges(db, afterId)
  let unit = newUnit('')
  const close = ({ ids, moves, isTaken }: Unit): void => {
    if (isTaken) for (const id of ids) taken.add(id)
    for (const move of moves) {
      if (isTaken) rows.take(move)
      else rows.leave(move)
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
      const move = { ...keys.places(change), isBlocked: blocked.has(change.changeId) }
      unit.isTaken ||= rows.haveRowOf(move, unit.filled)
      unit.moves.push(move)
      if (move.to !== null && rows.isKnown(move.to)) unit.filled.add(move.to)
    }
  }
  close(unit)
  return taken
}

/** What a change does to its row. */
interface Move extends RowPlaces {
  /** Out of its table. */
  readonly isBlocked: boolean
}

/** Changes that stay together. */
interface Unit {
  readonly name: string
  readonly ids: number[]
  readonly moves: Move[]
  /** Where they have put rows in places of {@link TakenRows}. */
  readonly filled: Set<string>
  isTaken: boolean
}

function newUnit(name: string): Unit {
  return { name, ids: [], moves: [], filled: new Set(), isTaken: false }
}

/**
 * Where the changes that leave have put rows, and which places they have left. A row that they have put out
 * of its table, as a pull has found it, is absent.
 */
class TakenRows {
  readonly #places = new Map<string, 'left' | 'there' | 'absent'>()

  take({ from, to, isBlocked }: Move): void {
    // A change that leaves the row in its place has not put it there: the row itself is out of its table only
    // if it was before.
    const isOut = from === to ? this.#places.get(to!) === 'absent' : isBlocked
    if (from !== null) this.#places.set(from, 'left')
    if (to !== null) this.#places.set(to, isOut ? 'absent' : 'there')
  }

  isKnown(place: string): boolean {
    return this.#places.has(place)
  }

  /** From now on the place is that of the row that a change has put there, which stays. */
  leave({ to }: Move): void {
    if (to !== null) this.#places.delete(to)
  }

  /**
   * Whether a change is of a row that leaves, and not of one that its own unit has put in the place before
   * (`filled`). One that puts a row where there is one that leaves is of another, and so is one that was made
   * in its table where the one that leaves was not: the key has been given again, or was another's too.
   */
  haveRowOf({ from, to, isBlocked }: Move, filled: ReadonlySet<string>): boolean {
    if (to !== null && to !== from && this.#places.get(to) === 'left') return true
    const place = from === null || filled.has(from) ? undefined : this.#places.get(from)
    return place === 'absent' ? isBlocked : place !== undefined
  }
}
