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
    if (!this.#isRunning && this.isDue) this.#start()
  }

  startIfOverdue(): void {
    if (!this.#isRunning && this.isOverdue) this.#start()
  }

  #start(): void {
    this.#isRunning = true
    void this.#runInBackground()
  }

  async #runInBackground(): Promise<void> {
    try {
      await this.#checkpoint()
    } catch {
      // Reported by the operation itself; the next writes will try again.
    } finally {
      this.#isRunning = false
    }
  }
}
