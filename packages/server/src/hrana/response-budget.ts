import { LimitError } from '@tidemark/protocol'
import type { HranaValue } from '@tidemark/protocol'
import type { AnswerMemory } from './answer-memory.ts'

const ROW_OVERHEAD = 2
const VALUE_OVERHEAD = 24

/** What is left of the bytes that an answer may have. An estimate, from below by a small factor. */
export class ResponseBudget {
  #bytes: number
  readonly #maxBytes: number
  readonly #memory: AnswerMemory

  constructor(maxBytes: number, memory: AnswerMemory) {
    this.#maxBytes = maxBytes
    this.#bytes = maxBytes
    this.#memory = memory
  }

  get left(): number {
    return this.#bytes
  }

  /** What was spent since `left` bytes were left is not sent after all. */
  refundTo(left: number): void {
    this.#memory.release(left - this.#bytes)
    this.#bytes = left
  }

  /** The answer is out, or will not be: its memory is free for others. */
  close(): void {
    this.refundTo(this.#maxBytes)
  }

  /** @throws LimitError when the row is too much; BusyError when other answers take the memory */
  spendRow(row: readonly HranaValue[]): void {
    let bytes = ROW_OVERHEAD
    for (const value of row) bytes += VALUE_OVERHEAD + lengthOf(value)
    if (bytes > this.#bytes)
      throw new LimitError(`The result is larger than ${this.#maxBytes} bytes; ask for fewer rows`)
    this.#memory.take(bytes)
    this.#bytes -= bytes
  }
}

function lengthOf(value: HranaValue): number {
  if (value.type === 'text' || value.type === 'integer') return value.value.length
  return value.type === 'blob' ? value.base64.length : 0
}
