import type { PullEvent } from '@tidemark/protocol'
import type { PullQuery } from '../remote-dialect.ts'

/** True for a revision as tursodb has them: the number of frames in its WAL. */
export function isFrameNumber(revision: string): boolean {
  return /^\d{1,15}$/.test(revision)
}

/**
 * A small push whole: its rows, and the records of it, which no other push has. The last page alone may be
 * the same in two histories.
 */
const COMPARED_FRAMES = 8

/**
 * Whether a server at `newest` has the history that `revision` is of. Frame numbers start over when the
 * server's WAL does, or are given out again when its newest writes are lost, and grow past `revision` again:
 * so the last frames of `revision` are fetched, which must be the pages that the replica's base has.
 * Revisions of other servers are names that do not come twice.
 */
export async function continues(
  revision: string,
  newest: string,
  oldImage: PullQuery['oldImage'],
  ask: (part: Partial<PullQuery>) => AsyncIterable<PullEvent>,
): Promise<boolean> {
  if (!isFrameNumber(revision) || !isFrameNumber(newest))
    return isFrameNumber(revision) === isFrameNumber(newest)
  const frame = Number(revision)
  if (Number(newest) < frame || frame < 1) return false
  let pages = 0
  const before = String(Math.max(frame - COMPARED_FRAMES, 0))
  for await (const event of ask({ clientRevision: before, serverRevision: revision })) {
    if (event.type === 'header') continue
    const known = oldImage(event.pageNumber)
    if (known === null || Buffer.compare(known, event.image) !== 0) return false
    pages += 1
  }
  return pages > 0
}
