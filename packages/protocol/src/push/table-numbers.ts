import type { TableShape } from '../change.ts'

/** Numbers table shapes in order of first use; shapes of the same content are one. */
export class TableNumbers {
  readonly #byIdentity = new WeakMap<TableShape, number>()
  readonly #byContent = new Map<string, number>()

  /** @returns the number, and whether the shape is new */
  numberOf(shape: TableShape): { readonly number: number; readonly isNew: boolean } {
    const known = this.#byIdentity.get(shape)
    if (known !== undefined) return { number: known, isNew: false }
    const content = JSON.stringify([shape.name, shape.columns, shape.key])
    const same = this.#byContent.get(content)
    const number = same ?? this.#byContent.size
    this.#byIdentity.set(shape, number)
    this.#byContent.set(content, number)
    return { number, isNew: same === undefined }
  }
}
