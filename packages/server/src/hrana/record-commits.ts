import { BusyError, isTidemarkError } from '@tidemark/protocol'
import type { Database } from '../database/database.ts'

/**
 * As {@link Database.recordCommits}, for a client of SQL, which must not take a commit for a statement that
 * failed: it might make it twice.
 *
 * @throws BusyError `TIDEMARK_OUTCOME_UNKNOWN` where the disk is full or fails
 */
export function recordCommits(database: Database): void {
  try {
    database.recordCommits()
  } catch (cause) {
    if (isTidemarkError(cause)) throw cause
    throw new BusyError(
      'The server could not record what was written; it may be there all the same, and has to be looked for',
      { code: 'TIDEMARK_OUTCOME_UNKNOWN', cause },
    )
  }
}
