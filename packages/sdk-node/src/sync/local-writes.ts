import type { Replica } from '@tidemark/engine'
import type { WriteCounter } from '../statement/write-statement.ts'
import type { AutoCheckpoint } from './auto-checkpoint.ts'

const WRITES_PER_LOOK = 32
const LOOKS_PER_CHECK = 8

/**
 * What many local writes call for: that the next ones are cheap, and a checkpoint when the WAL is long. Costs
 * a counter per write.
 */
export class LocalWrites implements WriteCounter {
  readonly #replica: Replica
  readonly #autoCheckpoint: AutoCheckpoint | null
  #writes = 0
  #looks = 0

  constructor(replica: Replica, autoCheckpoint: AutoCheckpoint | null) {
    this.#replica = replica
    this.#autoCheckpoint = autoCheckpoint
  }

  countWrite(): void {
    this.#writes += 1
    // In a transaction nothing has come into the WAL yet. To ask whether one is open costs a tenth of an insert.
    if (this.#writes % WRITES_PER_LOOK === 0 && !this.#replica.connection.inTransaction) this.#look()
  }

  countCommit(): void {
    this.#writes += 1
    if (this.#writes >= WRITES_PER_LOOK) this.#look()
  }

  #look(): void {
    this.#writes = 0
    void this.#replica.keepReady()
    this.#looks += 1
    if (this.#looks % LOOKS_PER_CHECK === 0) this.#autoCheckpoint?.startIfOverdue()
  }
}
