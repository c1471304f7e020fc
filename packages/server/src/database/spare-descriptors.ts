import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'

/** What a connection that reads has open: the main file and the WAL. */
const COUNT = 2

/**
 * Descriptors for what has to be opened to close a database that could not be opened to its end, as where the
 * process has too many files open: see {@link closersOf}.
 */
export class SpareDescriptors {
  readonly #descriptors: number[] = []

  open(): void {
    while (this.#descriptors.length < COUNT) this.#descriptors.push(openSync(devNull, 'r'))
  }

  close(): void {
    for (const descriptor of this.#descriptors.splice(0)) closeSync(descriptor)
  }
}
