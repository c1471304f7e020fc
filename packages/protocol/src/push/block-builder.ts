import { tidemark } from '#messages'
import type { Change, TableShape } from '../change.ts'
import { ByteWriter } from '../columns/byte-writer.ts'
import { LimitError } from '../errors.ts'
import { lengthDelimitedField } from '../framing/length-delimited.ts'
import { PROTOCOL_LIMITS } from '../limits.ts'
import { encodeMessage } from '../messages/encode-message.ts'
import { belongsToRun, encodeChangeRun } from './change-run-encoder.ts'
import { countCells } from './change-size.ts'
import type { TableNumbers } from './table-numbers.ts'

/** Fields of a ChangeSet, and one of a ChangeRun. */
const TABLES_FIELD = 1
const RUNS_FIELD = 2
const CELLS_FIELD = 10

/**
 * The first block is smaller than those that follow, so that the receiver has something to do soon; each is
 * up to twice as large as the one before it.
 */
const FIRST_BLOCK_BYTES = 64 * 1024

/**
 * Collects changes and encodes them as one ChangeSet. Keeps references to the changes of the run that is still open.
 */
export class BlockBuilder {
  readonly #tables: TableNumbers
  /** The block, and the values of one run, in memory that the next ones use again. */
  readonly #bytes = new ByteWriter()
  readonly #cells = new ByteWriter()
  #run: Change[] = []
  #runCells = 0
  #lastChangeId = 0
  #estimatedBytes = 0
  #fullBytes = FIRST_BLOCK_BYTES

  constructor(tables: TableNumbers) {
    this.#tables = tables
  }

  get isEmpty(): boolean {
    return this.#estimatedBytes === 0
  }

  /** Whether a change of so many bytes would take a block that has others above its size. */
  isFullFor(estimatedBytes: number): boolean {
    return !this.isEmpty && this.#estimatedBytes + estimatedBytes > this.#fullBytes
  }

  /** @param estimatedBytes see {@link estimateChangeBytes} */
  add(change: Change, estimatedBytes: number): void {
    const cells = countCells(change)
    const first = this.#run[0]
    if (
      first !== undefined &&
      (this.#runCells + cells > PROTOCOL_LIMITS.cellsPerRun || !belongsToRun(first, change))
    ) {
      this.#closeRun()
    }
    this.#run.push(change)
    this.#runCells += cells
    this.#estimatedBytes += estimatedBytes
  }

  /** The ChangeSet of what was added since {@link begin}; valid until then. */
  finish(): Uint8Array {
    this.#closeRun()
    const bytes = this.#bytes.bytes()
    if (bytes.byteLength > PROTOCOL_LIMITS.maxBlockBytes) {
      throw new LimitError(
        `change ${this.#lastChangeId} takes ${bytes.byteLength} bytes, at most ${PROTOCOL_LIMITS.maxBlockBytes} can be pushed. Nothing is lost, and nothing is pushed until it is discarded`,
      )
    }
    return bytes
  }

  /** Begins the next block. */
  begin(): void {
    this.#bytes.clear()
    this.#lastChangeId = 0
    this.#estimatedBytes = 0
    this.#fullBytes = Math.min(this.#fullBytes * 2, PROTOCOL_LIMITS.blockBytes)
  }

  #closeRun(): void {
    const first = this.#run[0]
    if (first === undefined) return
    const table = first.kind === 'schema' ? 0 : this.#tableNumber(first.table)
    const message = encodeChangeRun(this.#run, table, this.#lastChangeId, this.#cells)
    const cells = lengthDelimitedField(CELLS_FIELD, [this.#cells.bytes()])
    this.#addField(RUNS_FIELD, [encodeMessage(tidemark.ChangeRun, message), ...cells])
    this.#cells.clear()
    this.#lastChangeId = this.#run.at(-1)!.changeId
    this.#run = []
    this.#runCells = 0
  }

  #tableNumber(shape: TableShape): number {
    const { number, isNew } = this.#tables.numberOf(shape)
    if (isNew) {
      const message = encodeMessage(tidemark.TableShape, {
        name: shape.name,
        columns: [...shape.columns],
        key: [...shape.key],
      })
      this.#addField(TABLES_FIELD, [message])
    }
    return number
  }

  #addField(field: number, content: readonly Uint8Array[]): void {
    for (const part of lengthDelimitedField(field, content)) this.#bytes.raw(part)
  }
}
