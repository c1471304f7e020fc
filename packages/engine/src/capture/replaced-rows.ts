import type { TableShape } from '@tidemark/protocol'
import { sameValue } from '../sql/value-equality.ts'
import type { CapturedRow } from './captured-change.ts'

/**
 * Touches of one table that wait for their insert: as deep as triggers that replace rows of their own table
 * are told apart.
 */
const MAX_DEPTH = 8

/**
 * Recognises the inserts that have replaced a row with the same key, by the touch before them: they are
 * updates of that row. Between the two stands what the application's BEFORE triggers and foreign key actions
 * have done, which may have replaced other rows of the table, or changed this one. A touch whose insert was
 * left out (ON CONFLICT DO NOTHING) stays until the statement is over.
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
      this.#keep(change.table, followed(touches, change))
      return change
    }
    const at = touches.findLastIndex((touch) => hasKeyOf(change, touch))
    if (at === -1) return change
    const { rowid, before } = touches[at]!
    const update = { ...change, kind: 'update', rowid, before } as const
    this.#keep(change.table, followed(touches.slice(0, at), update))
    return update
  }

  #keep(table: TableShape, touches: CapturedRow[]): void {
    if (touches.length === 0) this.#touches.delete(table)
    else this.#touches.set(table, touches)
  }
}

/**
 * The touches after `change`: what it has done to a row that was touched is not the statement's doing, unless
 * it has left nothing to replace.
 */
function followed(touches: readonly CapturedRow[], change: CapturedRow): CapturedRow[] {
  return touches.flatMap((touch) => {
    if (!isOfRow(change, touch)) return [touch]
    return change.after !== null && isOfRow({ ...change, before: change.after }, touch)
      ? [{ ...touch, before: change.after }]
      : []
  })
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
