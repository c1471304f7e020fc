import { Agent } from 'node:http'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ServerProcess } from '../server-process.ts'
import { runSql } from '../sql-client.ts'
import { temporaryDirectory } from '../temporary-directory.ts'
import { Latencies } from './latencies.ts'
import { ITEM_SCHEMA, LightClient } from './light-client.ts'
import { UsagePeaks } from './usage-peaks.ts'

export interface ManyDatabasesReport {
  /** Creating a database, its table and its first row. */
  readonly creations: Latencies
  readonly pushes: Latencies
  readonly pulls: Latencies
  readonly seconds: number
  readonly usage: UsagePeaks
}

const CONCURRENCY = 16
/** Databases that are checked by SQL in the end. */
const SAMPLES = 20

/**
 * Databases on one server, of which few are open at a time: each is created, written, pulled, and later
 * written and pulled again.
 */
export async function manyDatabases(options: {
  readonly databases: number
  readonly maxOpenDatabases: number
}): Promise<ManyDatabasesReport> {
  using folder = temporaryDirectory()
  const config = join(folder.path, 'config.json')
  writeFileSync(config, JSON.stringify({ maxOpenDatabases: options.maxOpenDatabases, workers: 2 }))
  await using server = await ServerProcess.start(join(folder.path, 'data'), { args: ['--config', config] })
  const agent = new Agent({ keepAlive: true })
  using usage = new UsagePeaks(server.pid)
  const [creations, pushes, pulls] = [new Latencies(), new Latencies(), new Latencies()] as const
  const names = Array.from({ length: options.databases }, (_, i) => `tenant-${i}`)
  const clients = names.map((name) => new LightClient(server.database(name), name, agent))
  const start = performance.now()
  await inParallel(clients, async (client) => {
    await creations.time(async () => client.push([1], 'first', ITEM_SCHEMA))
    await pulls.time(async () => client.pull())
  })
  await inParallel(clients, async (client) => {
    await pushes.time(async () => client.push([2, 3], 'second'))
    await pulls.time(async () => client.pull())
  })
  const seconds = (performance.now() - start) / 1000
  agent.destroy()
  for (const name of names.filter((_, i) => i % Math.ceil(names.length / SAMPLES) === 0)) {
    const rows = await runSql(server.database(name), 'SELECT count(*) FROM item')
    if (Number(rows[0]?.[0]) !== 3) throw new Error(`${name} has ${String(rows[0]?.[0])} of 3 rows`)
  }
  return { creations, pushes, pulls, seconds, usage }
}

async function inParallel<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values()
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      for (const item of queue) await run(item)
    }),
  )
}
