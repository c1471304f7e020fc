import type { ConflictRow } from '@tidemark/protocol'
import type { PushResult } from './sync-results.ts'

/** What one push, or the pushes of one sync, have done so far. */
export class PushProgress {
  #operations = 0
  #batches = 0
  #bytes = 0
  #conflicts: readonly ConflictRow[] = []
  #conflictCount = 0
  #revision = ''

  get batches(): number {
    return this.#batches
  }

  addBatch(batch: { readonly operations: number; readonly bytes: number; readonly revision: string }): void {
    this.#operations += batch.operations
    this.#batches += 1
    this.#bytes += batch.bytes
    this.#revision = batch.revision
  }

  /** What a batch has overwritten, this one or an earlier one whose answer was lost. */
  addOverwritten(rows: readonly ConflictRow[], count: number): void {
    this.#conflicts = [...this.#conflicts, ...rows]
    this.#conflictCount += count
  }

  result(): PushResult {
    return {
      operations: this.#operations,
      batches: this.#batches,
      bytes: this.#bytes,
      conflicts: this.#conflicts,
      conflictCount: this.#conflictCount,
      revision: this.#revision,
    }
  }
}
