import { formatRevision, parseRevision } from './revision.ts'
import type { Epoch } from './revision.ts'

/** Which epoch each retained sequence belongs to. An epoch is one run of sequences. */
export class Epochs {
  #runs: { readonly epoch: Epoch; from: number }[] = []

  get last(): Epoch {
    return this.#runs.at(-1)!.epoch
  }

  /** The last sequence of the run that `sequence` belongs to; `head` is the newest of all. */
  endOfRun(sequence: number, head: number): number {
    const next = this.#runs.find((run) => run.from > sequence)
    return next === undefined ? head : next.from - 1
  }

  /** `sequence` is the first of its epoch, or another one of the last. Sequences are given in ascending order. */
  add(sequence: number, epoch: Epoch): void {
    const last = this.#runs.at(-1)
    if (last?.epoch === epoch) return
    // Nothing was committed in it.
    if (last?.from === sequence) this.#runs.pop()
    this.#runs.push({ epoch, from: sequence })
  }

  epochOf(sequence: number): Epoch {
    return this.#runs.findLast((run) => run.from <= sequence)!.epoch
  }

  /** Forgets sequences before `floor`, which has the epoch `epoch`. */
  raiseFloor(floor: number, epoch: Epoch): void {
    const rest = this.#runs.filter((_, index) => (this.#runs[index + 1]?.from ?? Infinity) > floor + 1)
    const first = rest[0]
    if (first?.epoch === epoch) first.from = floor
    else rest.unshift({ epoch, from: floor })
    if (rest[1] !== undefined && rest[1].from <= floor) rest[1].from = floor + 1
    this.#runs = rest
  }

  format(sequence: number): string {
    return formatRevision({ epoch: this.epochOf(sequence), sequence })
  }

  /** The retained sequence that the text names; null where it names none, of this log, up to `head`. */
  resolve(text: string, head: number): number | null {
    const revision = parseRevision(text)
    if (revision === null) return null
    const index = this.#runs.findIndex((run) => run.epoch === revision.epoch)
    if (index < 0) return null
    const last = index + 1 < this.#runs.length ? this.#runs[index + 1]!.from - 1 : head
    return revision.sequence >= this.#runs[index]!.from && revision.sequence <= last
      ? revision.sequence
      : null
  }
}
