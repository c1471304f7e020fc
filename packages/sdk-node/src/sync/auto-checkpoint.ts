import type { Replica } from '@tidemark/engine'
import type { CheckpointThresholds } from '../options/settings.ts'

/** The WAL is looked at where nobody syncs or writes too: after this many milliseconds, or up to twice as many. */
const LOOK_MS = 30_000

/** Notices when the WAL is long. */
export class AutoCheckpoint {
  readonly #thresholds: CheckpointThresholds
  readonly #replica: Replica
  readonly #checkpoint: () => Promise<void>
  readonly #looking: NodeJS.Timeout
  #isRunning = false

  /** `checkpoint` runs in the background and reports its own failures. */
  constructor(thresholds: CheckpointThresholds, replica: Replica, checkpoint: () => Promise<void>) {
    this.#thresholds = thresholds
    this.#replica = replica
    this.#checkpoint = checkpoint
    // Each process that has the file open keeps its own base in the WAL, and knows of what others have done
    // since by its own operations alone: one that does nothing would keep the WAL from being emptied for ever.
    // Those that were started together look at different times, as one of them would be in the other's way.
    this.#looking = setInterval(() => this.startIfOverdue(), LOOK_MS * (1 + Math.random())).unref()
  }

  /** To be called when the replica is closed. */
  stop(): void {
    clearInterval(this.#looking)
  }

  /** Whether the WAL has as many frames as `pages` says: then a checkpoint follows a push or a pull. */
  get isDue(): boolean {
    return this.#replica.hasWalFrames(this.#thresholds.pages)
  }

  /** Whether it has reached the ceiling: then a pull waits for the checkpoint, and local writes and time start one. */
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
