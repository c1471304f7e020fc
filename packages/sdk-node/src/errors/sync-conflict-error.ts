import { TidemarkError } from '@tidemark/protocol'
import type { ConflictRow } from '@tidemark/protocol'

/**
 * The server holds newer versions of rows that this push would overwrite. Nothing was applied.
 * Pull, which replays the pending changes on top of the newer rows, then push again; `sync()` does both.
 */
export class SyncConflictError extends TidemarkError {
  override readonly name = 'SyncConflictError'
  /** The conflicting rows as the server has them. May be fewer than {@link conflictCount}. */
  readonly conflicts: readonly ConflictRow[]
  /** How many rows conflict in all. */
  readonly conflictCount: number

  constructor(conflicts: readonly ConflictRow[], conflictCount: number) {
    const first = conflicts[0]
    const where = first === undefined ? '' : `, the first in table ${first.table} (${first.kind})`
    super(
      'TIDEMARK_CONFLICT',
      `the server changed ${conflictCount} of the pushed rows${where}; pull, then push again`,
      { recovery: 'pull' },
    )
    this.conflicts = conflicts
    this.conflictCount = conflictCount
  }
}
