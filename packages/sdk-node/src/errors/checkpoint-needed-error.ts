import { TidemarkError } from '@tidemark/protocol'

/**
 * The server takes no push from a client whose local WAL is this long, and `autoCheckpoint` is off.
 * Checkpoint, then push again.
 */
export class CheckpointNeededError extends TidemarkError {
  override readonly name = 'CheckpointNeededError'
  /** What the server allows, in pages. */
  readonly maxWalPages: number

  constructor(maxWalPages: number) {
    super(
      'TIDEMARK_CHECKPOINT_NEEDED',
      `the server takes pushes only while the local WAL has at most ${maxWalPages} pages; call checkpoint() first`,
      { recovery: 'checkpoint' },
    )
    this.maxWalPages = maxWalPages
  }
}
