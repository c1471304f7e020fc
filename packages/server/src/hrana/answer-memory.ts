import { BusyError } from '@tidemark/protocol'

/** Bytes of answers to SQL that a worker holds, all requests together: those that clients have not taken yet among them. */
export class AnswerMemory {
  #free: number

  constructor(maxBytes: number) {
    this.#free = maxBytes
  }

  /** @throws BusyError where others have taken them */
  take(bytes: number): void {
    if (bytes > this.#free) throw new BusyError('Too many large answers are under way at the same time')
    this.#free -= bytes
  }

  release(bytes: number): void {
    this.#free += bytes
  }
}
