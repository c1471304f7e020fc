import { LimitError } from '@tidemark/protocol'
import type { HranaColumn, HranaError, HranaValue } from '@tidemark/protocol'
import type { SqlBytes } from './sql-memory.ts'

const ROW_OVERHEAD = 2
const VALUE_OVERHEAD = 24
const COLUMN_OVERHEAD = 40
const ERROR_OVERHEAD = 60
/**
 * Of each answer, so that large ones which nobody takes do not keep short ones from being given.
 * `maxConnections` bounds how often.
 */
const BYTES_OUTSIDE_MEMORY = 16 * 1024
/** Of all errors for which there is no room, the same one. */
const NO_ROOM: HranaError = {
  message: 'The answer is too large to say why this failed',
  code: 'TIDEMARK_LIMIT',
}

/** What is left of the bytes that an answer may have. An estimate, from below by a small factor. */
export class ResponseBudget {
  #bytes: number
  readonly #maxBytes: number
  readonly #memory: SqlBytes

  constructor(maxBytes: number, memory: SqlBytes) {
    this.#maxBytes = maxBytes
    this.#bytes = maxBytes
    this.#memory = memory
  }

  get left(): number {
    return this.#bytes
  }

  /** What was spent since `left` bytes were left is not sent after all. */
  refundTo(left: number): void {
    this.#memory.release(this.#takenAt(this.#bytes) - this.#takenAt(left))
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
    this.#spend(bytes)
  }

  /** Of a result without rows too: a name is as long as the statement may be. @throws as {@link spendRow} */
  spendColumns(columns: readonly Partial<HranaColumn>[]): void {
    let bytes = 0
    for (const { name, decltype } of columns)
      bytes += COLUMN_OVERHEAD + (name?.length ?? 0) + (decltype?.length ?? 0)
    this.#spend(bytes)
  }

  /** @returns the error, or a short one where there is no room for it */
  spendError(error: HranaError): HranaError {
    try {
      this.#spend(ERROR_OVERHEAD + error.message.length)
      return error
    } catch {
      return NO_ROOM
    }
  }

  #spend(bytes: number): void {
    if (bytes > this.#bytes)
      throw new LimitError(`The result is larger than ${this.#maxBytes} bytes; ask for fewer rows`)
    this.#memory.take(this.#takenAt(this.#bytes - bytes) - this.#takenAt(this.#bytes))
    this.#bytes -= bytes
  }

  /** Bytes that are taken from memory where so many of the answer's are left. */
  #takenAt(left: number): number {
    return Math.max(this.#maxBytes - left - BYTES_OUTSIDE_MEMORY, 0)
  }
}

function lengthOf(value: HranaValue): number {
  if (value.type === 'text' || value.type === 'integer') return value.value.length
  return value.type === 'blob' ? value.base64.length : 0
}
