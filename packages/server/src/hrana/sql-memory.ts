import { BusyError } from '@tidemark/protocol'

/** Where bytes are taken from, and go back to. */
export interface SqlBytes {
  /** @throws BusyError where others have taken them */
  take(bytes: number): void
  release(bytes: number): void
}

/** Bytes that a worker has for one purpose, all requests and databases together. */
export class SqlMemory implements SqlBytes {
  #free: number
  readonly #purpose: string
  readonly #takenBy = new Map<string, number>()

  /** @param purpose as a refusal names it */
  constructor(purpose: string, maxBytes: number) {
    this.#purpose = purpose
    this.#free = maxBytes
  }

  take(bytes: number): void {
    if (bytes > this.#free) throw new BusyError(`The memory for ${this.#purpose} is taken by others`)
    this.#free -= bytes
  }

  release(bytes: number): void {
    this.#free += bytes
  }

  /**
   * What one database takes, `maxBytes` at most: clients that keep much are not to leave nothing to those of others.
   */
  shareOf(databaseId: string, maxBytes: number): SqlBytes {
    const taken = (): number => this.#takenBy.get(databaseId) ?? 0
    return {
      take: (bytes) => {
        if (taken() + bytes > maxBytes)
          throw new BusyError(`This database's share of the memory for ${this.#purpose} is taken`)
        this.take(bytes)
        this.#takenBy.set(databaseId, taken() + bytes)
      },
      release: (bytes) => {
        this.release(bytes)
        if (taken() === bytes) this.#takenBy.delete(databaseId)
        else this.#takenBy.set(databaseId, taken() - bytes)
      },
    }
  }
}
