/** What `pnpm bench --quick` guards. */
import type { WorkResult } from './comparison/compare-work.ts'

/**
 * The least that a quick comparison may show, about half of what was measured when it was set, so that a busy
 * machine does not fail it and a regression that matters does.
 */
interface Floor {
  /** Of the fastest rounds. */
  readonly timesFaster: number
  readonly timesFewerBytes?: number
  /** What the floor guards. */
  readonly reason: string
}

/** By name of the work. Raise a floor when a row has become faster for good. */
export const floors: Readonly<Record<string, Floor>> = {
  '10,000 local inserts, one transaction': {
    timesFaster: 1,
    reason: 'capture of inserts by triggers, in the transaction of the application',
  },
  '10,000 local point reads': {
    timesFaster: 1.3,
    reason: 'reads are better-sqlite3 untouched',
  },
  'push 1 row': {
    timesFaster: 1.5,
    timesFewerBytes: 6,
    reason: 'one round trip, one fsync at the server, a batch of two hundred bytes',
  },
  'push 10,000 rows': {
    timesFaster: 8,
    timesFewerBytes: 12,
    reason: 'columnar runs, and one statement for each run at the server',
  },
  'pull 1 inserted row': {
    timesFaster: 1,
    timesFewerBytes: 18,
    reason: 'a delta of the page instead of the page',
  },
  'pull, nothing new': {
    timesFaster: 0.7,
    reason: 'one request that touches no page',
  },
  'pull 10,000 inserted rows': {
    timesFaster: 0.4,
    timesFewerBytes: 1.5,
    reason: 'compression across pages',
  },
  'pull 1,000 random one-column updates of 11,000 rows': {
    timesFaster: 0.35,
    timesFewerBytes: 50,
    reason: 'deltas of pages that the client has',
  },
  "the echo: pull after one's own push of 10,000 rows": {
    timesFaster: 0.1,
    timesFewerBytes: 18,
    reason: 'references to the pushed rows instead of the rows',
  },
}

/** In what a result falls below its floor, as sentences; empty where it does not. */
export function shortfallsOf({ name, verdict, sides }: WorkResult): string[] {
  const floor = floors[name]
  if (floor === undefined) throw new Error(`no floor is set for "${name}"`)
  if (verdict === null) return 'failed' in sides.tidemark ? [`Tidemark failed: ${sides.tidemark.failed}`] : []
  const shortfalls: string[] = []
  const require = (what: string, value: number, least: number): void => {
    if (value < least) shortfalls.push(`${value.toFixed(2)} times ${what}, at least ${least} expected`)
  }
  require('faster', verdict.timesFasterAtBest, floor.timesFaster)
  require('fewer bytes', verdict.timesFewerBytes ?? 0, floor.timesFewerBytes ?? 0)
  return shortfalls
}
