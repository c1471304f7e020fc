import type { Target } from '../works/work.ts'
import type { SideFailed, SideResult } from './compare-work.ts'

/** Ratios that compare the sides, and whether Tidemark reached what it shall. */
export interface Verdict {
  /** Turso's median time divided by Tidemark's. */
  readonly timesFaster: number
  /** The same of the fastest rounds: what else runs on the machine only adds time. */
  readonly timesFasterAtBest: number
  /** Turso's bytes divided by Tidemark's, sent and received together; null for work without network. */
  readonly timesFewerBytes: number | null
  /** Tidemark's bytes. */
  readonly bytes: number
  /** Null without a target. */
  readonly isReached: boolean | null
}

/** Null where a side failed. */
export function verdictOf(
  target: Target | null,
  tidemark: SideResult | SideFailed,
  turso: SideResult | SideFailed,
): Verdict | null {
  if ('failed' in tidemark || 'failed' in turso) return null
  const bytes = bytesOf(tidemark)
  const timesFaster = turso.ms.median / tidemark.ms.median
  const timesFewerBytes = bytes === 0 ? null : bytesOf(turso) / bytes
  return {
    timesFaster,
    timesFasterAtBest: turso.ms.lowest / tidemark.ms.lowest,
    timesFewerBytes,
    bytes,
    isReached:
      target === null
        ? null
        : timesFaster >= (target.timesFaster ?? 0) &&
          (timesFewerBytes ?? 0) >= (target.timesFewerBytes ?? 0) &&
          bytes <= (target.maxBytes ?? Number.POSITIVE_INFINITY),
  }
}

function bytesOf(side: SideResult): number {
  return side.sentBytes + side.receivedBytes
}
