import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { digest } from '../rows.ts'
import type { Side } from '../sides/side.ts'
import { spreadOf } from '../statistics.ts'
import { Pair } from './pair.ts'
import type { Exchange } from './pair.ts'

const SIZES = [5000, 50_000, 500_000]
const BACKLOGS = [100, 1000, 10_000]
/** Turso's client ends with a fatal error of V8 where it pushes half a million rows at once. */
const ROWS_PER_PUSH = 50_000
const SIZE_ROUNDS = 11
const BACKLOG_ROUNDS = 3

/** Times of one side, by what grows. */
export interface Growth {
  readonly side: Side['name']
  /** Push and pull of one row, by rows in the database. */
  readonly bySize: readonly Point[]
  /** Push and pull of a backlog, by its rows. */
  readonly byBacklog: readonly Point[]
}

/** Medians, ms. */
export interface Point extends Exchange {
  readonly rows: number
}

/** The same work at 1, 10 and 100 times the size of the database, and of the backlog; the sides take turns. */
export async function measureGrowth(sides: readonly Side[], directory: string): Promise<Growth[]> {
  const bySize = await measureSeries(sides, directory, SIZES, async (pairs, rows) => {
    for (const pair of pairs) await fill(pair, rows)
    return medianExchanges(pairs, SIZE_ROUNDS, 1)
  })
  const byBacklog = await measureSeries(sides, directory, BACKLOGS, (pairs, rows) =>
    medianExchanges(pairs, BACKLOG_ROUNDS, rows),
  )
  return sides.map(({ name }, index) => ({
    side: name,
    bySize: bySize[index]!,
    byBacklog: byBacklog[index]!,
  }))
}

/** Measures at each number of rows, on servers of its own; one list of points for each side. */
async function measureSeries(
  sides: readonly Side[],
  directory: string,
  steps: readonly number[],
  measure: (pairs: readonly Pair[], rows: number) => Promise<readonly Exchange[]>,
): Promise<Point[][]> {
  const folder = mkdtempSync(join(directory, 'series-'))
  const pairs: Pair[] = []
  try {
    for (const side of sides) pairs.push(await Pair.open(side, folder))
    const points: Point[][] = sides.map(() => [])
    for (const rows of steps) {
      for (const [index, exchange] of (await measure(pairs, rows)).entries())
        points[index]!.push({ rows, ...exchange })
    }
    return points
  } finally {
    for (const pair of pairs) await pair.close()
  }
}

async function fill(pair: Pair, rows: number): Promise<void> {
  while (pair.rows < rows) await pair.exchange(Math.min(ROWS_PER_PUSH, rows - pair.rows))
  await pair.checkpoint()
}

/** The first round warms up and does not count. Throws where the sides end with different rows. */
async function medianExchanges(
  pairs: readonly Pair[],
  rounds: number,
  rows: number,
): Promise<readonly Exchange[]> {
  const exchanges: Exchange[][] = pairs.map(() => [])
  const order = [...pairs.keys()]
  for (let round = 0; round <= rounds; round++) {
    for (const index of round % 2 === 0 ? order : order.toReversed()) {
      const exchange = await pairs[index]!.exchange(rows)
      if (round > 0) exchanges[index]!.push(exchange)
    }
  }
  const digests = new Set<string>()
  for (const pair of pairs) digests.add(digest(await pair.sums()))
  if (digests.size !== 1) throw new Error(`the sides differ after exchanges of ${rows} rows`)
  return exchanges.map((own) => ({
    pushMs: spreadOf(own.map(({ pushMs }) => pushMs)).median,
    pullMs: spreadOf(own.map(({ pullMs }) => pullMs)).median,
  }))
}
