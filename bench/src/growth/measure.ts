import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { INSERT, itemRows, SCHEMA } from '../rows.ts'
import type { Replica, Side } from '../sides/side.ts'
import { median } from '../statistics.ts'

const SIZES = [10_000, 100_000, 1_000_000]
const BACKLOGS = [100, 1000, 10_000]
const ROWS_PER_PUSH = 50_000
const ROUNDS = 11
const BACKLOG_ROUNDS = 3

/** Times of one side, in ms, by what grows. */
export interface Growth {
  readonly side: Side['name']
  readonly curves: readonly Curve[]
}

export interface Curve {
  readonly work: 'push 1 row' | 'pull 1 row' | 'push the backlog' | 'pull the backlog'
  readonly points: readonly { readonly rows: number; readonly ms: number }[]
}

/** The same work at 1, 10 and 100 times the size of the database, and of the backlog. */
export async function measureGrowth(side: Side, directory: string): Promise<Growth> {
  const folder = join(directory, side.name)
  mkdirSync(folder)
  const server = await side.startServer(folder)
  const open = (name: string): Promise<Replica> =>
    side.connect({ path: join(folder, `${name}.db`), url: server.url, durability: 'full' })
  const writer = await open('writer')
  await writer.exec(SCHEMA)
  await writer.push()
  const reader = await open('reader')
  let rows = 0
  const exchange = async (count: number): Promise<readonly [pushMs: number, pullMs: number]> => {
    await writer.runEach(INSERT, itemRows(rows + 1, count), true)
    rows += count
    const start = performance.now()
    await writer.push()
    const pushed = performance.now()
    await reader.pull()
    const pulled = performance.now()
    await writer.pull()
    return [pushed - start, pulled - pushed]
  }
  const repeat = async (rounds: number, count: number): Promise<readonly [number, number]> => {
    const times: (readonly [number, number])[] = []
    for (let round = 0; round < rounds; round++) times.push(await exchange(count))
    return [median(times.map(([push]) => push)), median(times.map(([, pull]) => pull))]
  }
  const byBacklog: [number, number, number][] = []
  for (const count of BACKLOGS) byBacklog.push([count, ...(await repeat(BACKLOG_ROUNDS, count))])
  const bySize: [number, number, number][] = []
  for (const size of SIZES) {
    for (let missing = size - rows; missing > 0; missing -= ROWS_PER_PUSH)
      await exchange(Math.min(ROWS_PER_PUSH, missing))
    await reader.checkpoint()
    await writer.checkpoint()
    bySize.push([size, ...(await repeat(ROUNDS, 1))])
  }
  await writer.close()
  await reader.close()
  await server.stop()
  return {
    side: side.name,
    curves: [
      { work: 'push 1 row', points: bySize.map(([size, push]) => ({ rows: size, ms: push })) },
      { work: 'pull 1 row', points: bySize.map(([size, , pull]) => ({ rows: size, ms: pull })) },
      { work: 'push the backlog', points: byBacklog.map(([count, push]) => ({ rows: count, ms: push })) },
      { work: 'pull the backlog', points: byBacklog.map(([count, , pull]) => ({ rows: count, ms: pull })) },
    ],
  }
}
