import type { ConflictRow } from '@tidemark/protocol'

export interface PushResult {
  /** Changes that the server applied (rows and schema statements). */
  readonly operations: number
  /** Atomic batches that carried them; 0 when nothing was pending. */
  readonly batches: number
  /** Bytes of the request bodies. */
  readonly bytes: number
  /** Remote rows that this push overwrote, as they were. May be fewer than {@link conflictCount}. */
  readonly conflicts: readonly ConflictRow[]
  readonly conflictCount: number
  /**
   * The server's revision after the last batch; empty when nothing was pushed, and from a Turso server, which
   * does not say it.
   */
  readonly revision: string
}

export interface SyncResult {
  readonly push: PushResult
  /** True if pages arrived, as after each push. */
  readonly pull: boolean
}
