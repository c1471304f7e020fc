import type { SqlValue } from '@tidemark/protocol'
import { sameValue } from '../sql/value-equality.ts'
import type { CapturedChange, CapturedRow } from './captured-change.ts'

/** A statement updates a row as often as the row has foreign keys to itself. */
const mostHeld = 8

/**
 * Puts an update before those that it has caused to the same row. SQLite runs foreign key actions before AFTER triggers: when the key of
 * a row that refers to itself changes, ON UPDATE CASCADE is captured first, on a row whose key nothing has introduced yet.
 * The changes swap their ids, so that these still ascend.
 */
export function* causesFirst(changes: Iterable<CapturedChange>): Generator<CapturedChange> {
  /** Updates that may be effects, then deletes of rows that had to make room for their cause. */
  let held: CapturedRow[] = []
  for (const change of changes) {
    const row = 'table' in change ? change : null
    if (row !== null && isHeldWith(held, row)) {
      held.push(row)
    } else if (row !== null && held.length > 0 && isCause(row, held[0]!)) {
      const effects = held.filter(({ kind }) => kind === 'update')
      yield* withIdsInOrder([...held.slice(effects.length), row, ...effects])
      held = []
    } else {
      yield* held
      held = row?.kind === 'update' && !hasNewKey(row) ? [row] : []
      if (held.length === 0) yield change
    }
  }
  yield* held
}

function isHeldWith(held: readonly CapturedRow[], change: CapturedRow): boolean {
  const last = held.at(-1)
  if (last === undefined || held.length === mostHeld) return false
  if (change.kind === 'delete') return change.table === last.table && change.timeMs === last.timeMs
  return change.kind === 'update' && last.kind === 'update' && isSequel(change, last)
}

/** `change` gave the row the key, and all else, that `effect` found. The row still has it, so this cannot have come later. */
function isCause(change: CapturedRow, effect: CapturedRow): boolean {
  const isSameStatement = change.table === effect.table && change.timeMs === effect.timeMs
  return (
    isSameStatement &&
    change.kind === 'update' &&
    hasNewKey(change) &&
    isSameRow(change, effect) &&
    sameImage(change.after!, effect.before!)
  )
}

/** Whether `effect` found the row where `change` has put it. Another row may have had the same key and values before. */
function isSameRow({ table, rowid, before, after }: CapturedRow, effect: CapturedRow): boolean {
  const [position] = table.key
  const isRowid = table.key.length === 1 && before![position!] === rowid
  return effect.rowid === (isRowid ? after![position!] : rowid)
}

function isSequel(change: CapturedRow, earlier: CapturedRow): boolean {
  const isSameStatement = change.table === earlier.table && change.timeMs === earlier.timeMs
  return isSameStatement && !hasNewKey(change) && sameImage(change.before!, earlier.after!)
}

function hasNewKey({ table, before, after }: CapturedRow): boolean {
  return table.key.some((position) => !sameValue(before![position]!, after![position]!))
}

function sameImage(a: readonly SqlValue[], b: readonly SqlValue[]): boolean {
  return a.every((value, index) => sameValue(value, b[index]!))
}

function withIdsInOrder(changes: readonly CapturedRow[]): CapturedRow[] {
  const ids = changes.map((change) => change.changeId).toSorted((a, b) => a - b)
  return changes.map((change, index) => ({ ...change, changeId: ids[index]! }))
}
