import type { TableShape } from '@tidemark/protocol'
import { sameValue } from '../sql/value-equality.ts'
import type { CapturedRow } from './captured-change.ts'

/** Recognises the inserts that have replaced a row with the same key, by the touch before them: they are updates of that row. */
export class ReplacedRows {
  readonly #touches = new Map<TableShape, CapturedRow>()

  /** `touch` has the stored row before, and the key of the row about to be inserted after. */
  touch(touch: CapturedRow): void {
    this.#touches.set(touch.table, touch)
  }

  /** `change` as it is to be understood, given the touches before it. */
  resolve(change: CapturedRow): CapturedRow {
    const touch = this.#touches.get(change.table)
    if (touch === undefined) return change
    if (change.kind !== 'insert') {
      // The touched row was not replaced: it has changed, or gone, in a way of its own.
      if (isOfRow(change, touch)) this.#touches.delete(change.table)
      return change
    }
    if (!hasKeyOf(change, touch)) return change
    this.#touches.delete(change.table)
    return { ...change, kind: 'update', rowid: touch.rowid, before: touch.before }
  }
}

function isOfRow(change: CapturedRow, touch: CapturedRow): boolean {
  const { key } = change.table
  if (key.length === 0) return change.rowid === touch.rowid
  return key.every((position) => sameValue(change.before![position]!, touch.before![position]!))
}

function hasKeyOf(insert: CapturedRow, touch: CapturedRow): boolean {
  const { key } = insert.table
  if (key.length === 0) return insert.rowid === touch.rowid
  return key.every((position) => sameValue(insert.after![position]!, touch.after![position]!))
}
