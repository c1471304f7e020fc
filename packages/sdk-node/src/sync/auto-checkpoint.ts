import type { Replica } from '@tidemark/engine'
import type { CheckpointThresholds } from '../options/settings.ts'

/** Notices when the WAL is long. */
export class AutoCheckpoint {
  readonly #thresholds: CheckpointThresholds
  readonly #replica: Replica
  readonly #checkpoint: () => Promise<void>
  #isRunning = false

  /** `checkpoint` runs in the background and reports its own failures. */
  constructor(thresholds: CheckpointThresholds, replica: Replica, checkpoint: () => Promise<void>) {
    this.#thresholds = thresholds
    this.#replica = replica
    this.#checkpoint = checkpoint
  }

  /** Whether the WAL has as many frames as `pages` says: then a checkpoint follows a push or a pull. */
  get isDue(): boolean {
    return this.#replica.hasWalFrames(this.#thresholds.pages)
  }

  /** Whether it has reached the ceiling: then a pull waits for the checkpoint, and local writes start one. */
  get isOverdue(): boolean {
    return this.#replica.hasWalFrames(this.#thresholds.ceilingPages)
  }

  startIfDue(): void {
    this.#startIf(() => this.isDue)
  }

  startIfOverdue(): void {
    this.#startIf(() => this.isOverdue)
  }

  #startIf(isWanted: () => boolean): void {
    if (this.#isRunning) return
    this.#isRunning = true
    void this.#runInBackground(isWanted)
  }

  async #runInBackground(isWanted: () => boolean): Promise<void> {
    try {
      if (isWanted()) await this.#checkpoint()
    } catch {
      // Reported by the operation itself, or the next one; the next writes will try again.
    } finally {
      this.#isRunning = false
    }
  }
}
