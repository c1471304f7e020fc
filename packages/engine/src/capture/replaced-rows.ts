import type { TableShape } from '@tidemark/protocol'
import { sameValue } from '../sql/value-equality.ts'
import type { CapturedRow } from './captured-change.ts'

/** Touches of one table that wait for their insert: as deep as triggers that replace rows of their own table are told apart. */
const MAX_DEPTH = 8

/**
 * Recognises the inserts that have replaced a row with the same key, by the touch before them: they are updates of that row. Between the two stands what the application's
 * BEFORE triggers have done, which may have replaced other rows of the table. A touch whose insert was left out (ON CONFLICT DO NOTHING) stays until the statement is over.
 */
export class ReplacedRows {
  /** By table, the newest last. */
  readonly #touches = new Map<TableShape, CapturedRow[]>()

  /** `touch` has the stored row before, and the key of the row about to be inserted after. */
  touch(touch: CapturedRow): void {
    const touches = this.#touches.get(touch.table) ?? []
    this.#touches.set(touch.table, [...touches, touch].slice(-MAX_DEPTH))
  }

  /** What is no row, a commit or a schema change, stands behind the statement. */
  endOfStatement(): void {
    this.#touches.clear()
  }

  /** `change` as it is to be understood, given the touches before it. */
  resolve(change: CapturedRow): CapturedRow {
    const touches = this.#touches.get(change.table)
    if (touches === undefined) return change
    if (change.kind !== 'insert') {
      // A row that was touched was not replaced: it has changed, or gone, in a way of its own.
      this.#keep(
        change.table,
        touches.filter((touch) => !isOfRow(change, touch)),
      )
      return change
    }
    const at = touches.findLastIndex((touch) => hasKeyOf(change, touch))
    if (at === -1) return change
    const { rowid, before } = touches[at]!
    this.#keep(change.table, touches.slice(0, at))
    return { ...change, kind: 'update', rowid, before }
  }

  #keep(table: TableShape, touches: CapturedRow[]): void {
    if (touches.length === 0) this.#touches.delete(table)
    else this.#touches.set(table, touches)
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
