import type { Replica } from '@tidemark/engine'
import type { WriteCounter } from '../statement/write-statement.ts'
import type { AutoCheckpoint } from './auto-checkpoint.ts'

const WRITES_PER_ROOM = 32
const WRITES_PER_CHECK = 256

/** What many local writes call for: room in the WAL for the next, and a checkpoint when it is long. Costs a counter per write. */
export class LocalWrites implements WriteCounter {
  readonly #replica: Replica
  readonly #autoCheckpoint: AutoCheckpoint | null
  #count = 0

  constructor(replica: Replica, autoCheckpoint: AutoCheckpoint | null) {
    this.#replica = replica
    this.#autoCheckpoint = autoCheckpoint
  }

  countWrite(): void {
    this.#count += 1
    if (this.#count % WRITES_PER_ROOM !== 0) return
    void this.#replica.makeRoom()
    if (this.#count % WRITES_PER_CHECK === 0) this.#autoCheckpoint?.startIfOverdue()
  }
}
