import { BusyError } from '@tidemark/protocol'

/** Where the bytes of an answer are taken from, and go back to. */
export interface AnswerBytes {
  /** @throws BusyError where others have taken them */
  take(bytes: number): void
  release(bytes: number): void
}

/** Bytes of answers to SQL that a worker holds, all requests together: those that clients have not taken yet among them. */
export class AnswerMemory implements AnswerBytes {
  #free: number
  readonly #takenBy = new Map<string, number>()

  constructor(maxBytes: number) {
    this.#free = maxBytes
  }

  take(bytes: number): void {
    if (bytes > this.#free) throw new BusyError('Too many large answers are under way at the same time')
    this.#free -= bytes
  }

  release(bytes: number): void {
    this.#free += bytes
  }

  /** For answers of one database, which has `maxBytes` at most: clients that do not take their answers are not to keep those of others from theirs. */
  shareOf(databaseId: string, maxBytes: number): AnswerBytes {
    const taken = (): number => this.#takenBy.get(databaseId) ?? 0
    return {
      take: (bytes) => {
        if (taken() + bytes > maxBytes)
          throw new BusyError('Too many large answers of this database are under way at the same time')
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
