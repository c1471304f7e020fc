import { RoaringBitmap32 } from 'roaring-wasm'

/**
 * A set of page numbers (1-based) in little memory, and as the bitmap that the wire wants. Dispose it: it
 * lives outside the heap.
 */
export class PageSet implements Disposable {
  readonly #bitmap: RoaringBitmap32

  /** Empty, or a copy of another set. */
  constructor(other?: PageSet) {
    this.#bitmap = new RoaringBitmap32(other === undefined ? undefined : other.#bitmap)
  }

  get size(): number {
    return this.#bitmap.size
  }

  add(pageNumber: number): void {
    this.#bitmap.add(pageNumber - 1)
  }

  has(pageNumber: number): boolean {
    return this.#bitmap.has(pageNumber - 1)
  }

  /**
   * Pages from `first` to `last`, both included, that are not in this set: a portable Roaring bitmap of zero-based ids.
   */
  selectorOfOthers(first: number, last: number): Uint8Array {
    const others = new RoaringBitmap32()
    try {
      others.addRange(first - 1, last)
      others.andNotInPlace(this.#bitmap)
      others.runOptimize()
      return others.serialize('portable')
    } finally {
      others.dispose()
    }
  }

  [Symbol.dispose](): void {
    this.#bitmap.dispose()
  }
}

/** How many pages up to `sizeInPages` a selector of {@link PageSet.selectorOfOthers} names. */
export function countSelected(selector: Uint8Array, sizeInPages: number): number {
  const selected = RoaringBitmap32.deserialize('portable', selector)
  try {
    return selected.rangeCardinality(0, sizeInPages)
  } finally {
    selected.dispose()
  }
}
