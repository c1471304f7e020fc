import { recordSize, SEGMENT_HEADER_SIZE } from './history-format.ts'
import { readRecord } from './record.ts'
import type { Segment, SegmentedLog } from './segmented-log.ts'

/** How much history is kept: whichever of the two is reached first ends it. */
export interface Retention {
  readonly bytes: number
  readonly ageMs: number
}

export interface RetentionPlan {
  /** The oldest revision to keep. */
  readonly floor: number
  /** Log position of the first segment to keep. */
  readonly keepFrom: number
}

/**
 * Chooses the oldest segments to drop: those beyond retention, but never the last one and never one with commits after
 * `highestFloor`. Null where there is nothing to drop.
 */
export function planRetention(
  log: SegmentedLog,
  retention: Retention,
  limits: { readonly nowMs: number; readonly highestFloor: number },
): RetentionPlan | null {
  let bytes = log.bytes
  let floor = 0
  let keepFrom = 0
  for (const segment of log.segments.slice(0, -1)) {
    const { lastCommit, newestMs } = summarise(log, segment)
    const isTooOld = newestMs < limits.nowMs - retention.ageMs
    if ((bytes <= retention.bytes && !isTooOld) || lastCommit > limits.highestFloor) break
    floor = Math.max(floor, lastCommit)
    keepFrom = segment.start + segment.size
    bytes -= segment.size
  }
  return keepFrom === 0 ? null : { floor, keepFrom }
}

function summarise(log: SegmentedLog, segment: Segment): { lastCommit: number; newestMs: number } {
  let lastCommit = 0
  let newestMs = 0
  const end = segment.start + segment.size
  for (let position = segment.start + SEGMENT_HEADER_SIZE; position < end;) {
    const record = readRecord(log, position)
    if (record === null) break
    if (record.header.kind === 'commit') lastCommit = record.header.sequence
    newestMs = Math.max(newestMs, record.header.timeMs)
    position += recordSize(record.header.pageCount)
  }
  return { lastCommit, newestMs }
}
