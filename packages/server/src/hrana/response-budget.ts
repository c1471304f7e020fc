import { LimitError } from '@tidemark/protocol'
import type { HranaValue } from '@tidemark/protocol'

const ROW_OVERHEAD = 2
const VALUE_OVERHEAD = 24

/** What is left of the bytes that an answer may have. An estimate, from below by a small factor. */
export class ResponseBudget {
  #bytes: number
  readonly #maxBytes: number

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#bytes = maxBytes
  }

  get left(): number {
    return this.#bytes
  }

  /** What was spent since `left` bytes were left is not sent after all. */
  refundTo(left: number): void {
    this.#bytes = left
  }

  /** @throws LimitError when the row is too much */
  spendRow(row: readonly HranaValue[]): void {
    let bytes = ROW_OVERHEAD
    for (const value of row) bytes += VALUE_OVERHEAD + lengthOf(value)
    this.#bytes -= bytes
    if (this.#bytes < 0)
      throw new LimitError(`The result is larger than ${this.#maxBytes} bytes; ask for fewer rows`)
  }
}

function lengthOf(value: HranaValue): number {
  if (value.type === 'text' || value.type === 'integer') return value.value.length
  return value.type === 'blob' ? value.base64.length : 0
}
