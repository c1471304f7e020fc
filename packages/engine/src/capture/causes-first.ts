import type { SqlValue } from '@tidemark/protocol'
import { sameValue } from '../sql/value-equality.ts'
import type { CapturedChange, CapturedRow } from './captured-change.ts'

/** A statement updates a row as often as the row has foreign keys to itself. */
const longestChain = 8

/**
 * Puts an update before those that it has caused to the same row. SQLite runs foreign key actions before AFTER triggers: when the key of
 * a row that refers to itself changes, ON UPDATE CASCADE is captured first, on a row whose key nothing has introduced yet.
 * The changes swap their ids, so that these still ascend.
 */
export function* causesFirst(changes: Iterable<CapturedChange>): Generator<CapturedChange> {
  let held: CapturedRow[] = []
  for (const change of changes) {
    if (change.kind !== 'update') {
      yield* held
      held = []
      yield change
    } else if (held.length > 0 && held.length < longestChain && isSequel(change, held.at(-1)!)) {
      held.push(change)
    } else if (held.length > 0 && isCause(change, held[0]!)) {
      yield* withIdsInOrder([change, ...held])
      held = []
    } else {
      yield* held
      held = [change]
    }
  }
  yield* held
}

/** `change` gave the row the key, and all else, that `effect` found. */
function isCause(change: CapturedRow, effect: CapturedRow): boolean {
  if (change.table !== effect.table || change.timeMs !== effect.timeMs) return false
  const hasNewKey = change.table.key.some(
    (position) => !sameValue(change.before![position]!, change.after![position]!),
  )
  return hasNewKey && sameImage(change.after!, effect.before!)
}

function isSequel(change: CapturedRow, earlier: CapturedRow): boolean {
  return (
    change.table === earlier.table &&
    change.timeMs === earlier.timeMs &&
    sameImage(change.before!, earlier.after!)
  )
}

function sameImage(a: readonly SqlValue[], b: readonly SqlValue[]): boolean {
  return a.every((value, index) => sameValue(value, b[index]!))
}

function withIdsInOrder(changes: readonly CapturedRow[]): CapturedRow[] {
  const ids = changes.map((change) => change.changeId).toSorted((a, b) => a - b)
  return changes.map((change, index) => ({ ...change, changeId: ids[index]! }))
}
