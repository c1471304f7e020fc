import { matchesImage, toImageValue, ValueDigest } from '@tidemark/protocol'
import type { ImageValue, SqlValue } from '@tidemark/protocol'
import type { CapturedRow, CapturedSchema } from '../capture/captured-change.ts'
import type { Reason } from '../queue/reason.ts'
import { RowKeys } from '../queue/row-keys.ts'
import { keptValue } from './kept-value.ts'

type Image = readonly SqlValue[]

/** A row that is not in its table, as it would be there; without large values, as there may be many such rows. */
interface AbsentRow {
  readonly image: readonly ImageValue[]
  readonly reason: Reason
}

/**
 * The rows that are not where pending changes have put them, because those could not be made. What is in
 * their place is another row, or nothing: so what was done to them afterwards waits with those changes. What
 * was done to the other row does not.
 */
export class AbsentRows {
  readonly #keys = new RowKeys()
  /** By the place where the row would be. */
  readonly #rows = new Map<string, AbsentRow>()

  /** `change` was refused, for `reason`. If it has put a row where it was not before, the row is absent there. */
  add(change: CapturedRow, reason: Reason): void {
    const { from, to } = this.#keys.places(change)
    if (to !== null && to !== from) this.#put(to, change, reason)
  }

  /**
   * Why `change` cannot be made: it is of an absent row. Null: it is not, but of the row `stored` in its
   * place, if there is one.
   */
  reasonFor(change: CapturedRow, stored: () => Image | null): Reason | null {
    if (this.#rows.size === 0) return null
    const { from, to } = this.#keys.places(change)
    if (from === null) {
      // From now on the inserted row is meant by the place.
      this.#rows.delete(to!)
      return null
    }
    const absent = this.#rows.get(from)
    if (absent === undefined) return null
    const other = stored()
    const { before } = change
    return other === null || likeness(other, before!) <= likeness(absent.image, before!)
      ? absent.reason
      : null
  }

  /** `change` is of an absent row, which waits with it for `reason`. */
  follow(change: CapturedRow, reason: Reason): void {
    const { from, to } = this.#keys.places(change)
    this.#rows.delete(from!)
    if (to !== null) this.#put(to, change, reason)
  }

  /** The rows of a table that is renamed are known by its new name. */
  followSchema(change: CapturedSchema): void {
    this.#keys.follow(change)
  }

  #put(place: string, { after }: CapturedRow, reason: Reason): void {
    this.#rows.set(place, { image: after!.map(keptImage), reason })
  }
}

function keptImage(value: SqlValue): ImageValue {
  const image = toImageValue(value)
  return image instanceof ValueDigest ? image : keptValue(image)
}

/** In how many columns two rows agree. */
function likeness(one: readonly ImageValue[], other: Image): number {
  return other.filter((value, index) => index < one.length && matchesImage(one[index]!, value)).length
}
