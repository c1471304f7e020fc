import type { CapturedRow } from '../capture/captured-change.ts'
import type { Reason } from '../queue/reason.ts'
import { RowKeys } from '../queue/row-keys.ts'

/**
 * The rows that are not where pending changes have put them, because those could not be made. What is in their place is another row, or nothing: so what was done to
 * them afterwards waits with those changes.
 */
export class AbsentRows {
  readonly #keys = new RowKeys()
  readonly #reasons = new Map<string, Reason>()

  /** `change` could not be made, for `reason`: the row is not where it would be after it. */
  add(change: CapturedRow, reason: Reason): void {
    if (change.after === null) return
    for (const name of this.#movedTo(change)) this.#reasons.set(name, reason)
  }

  /** Why `change` cannot be made; null: nothing that was done to its row before is in the way. */
  reasonFor(change: CapturedRow): Reason | null {
    if (this.#reasons.size === 0) return null
    if (change.before !== null)
      return this.#reasons.get(this.#keys.of({ ...change, after: null })[0]!) ?? null
    for (const name of this.#keys.of(change)) this.#reasons.delete(name)
    return null
  }

  /** Where the row would be that was elsewhere, or nowhere, before. */
  #movedTo(change: CapturedRow): string[] {
    const [before = ''] = this.#keys.of({ ...change, after: null })
    return this.#keys.of(change).filter((name) => name !== before)
  }
}
