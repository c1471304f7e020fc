import { Agent } from 'node:http'
import { ServerProcess } from '../server-process.ts'
import { runSql } from '../sql-client.ts'
import { temporaryDirectory } from '../temporary-directory.ts'
import { Latencies } from './latencies.ts'
import { ITEM_SCHEMA, LightClient } from './light-client.ts'
import { UsagePeaks } from './usage-peaks.ts'

export interface ManyClientsReport {
  readonly pushes: Latencies
  readonly pulls: Latencies
  readonly rows: number
  readonly seconds: number
  readonly busy: number
  readonly usage: UsagePeaks
}

const ROWS_PER_PUSH = 3

/**
 * Clients that push and pull small changes in loops. In the end each has the same file, and every
 * acknowledged row is there once.
 */
export async function clientsOnOneDatabase(options: {
  readonly clients: number
  readonly seconds: number
}): Promise<ManyClientsReport> {
  using folder = temporaryDirectory()
  await using server = await ServerProcess.start(folder.path)
  const url = server.database('shared')
  await runSql(url, ITEM_SCHEMA)
  const agent = new Agent({ keepAlive: true })
  using usage = new UsagePeaks(server.pid)
  const pushes = new Latencies()
  const pulls = new Latencies()
  const clients = Array.from(
    { length: options.clients },
    (_, i) => new LightClient(url, `client-${i}`, agent),
  )
  let rows = 0
  let busy = 0
  const start = performance.now()
  const end = start + options.seconds * 1000
  await Promise.all(
    clients.map(async (client, number) => {
      while (performance.now() < end) {
        const ids = Array.from({ length: ROWS_PER_PUSH }, () => (rows += 1))
        busy += await pushes.time(async () => client.push(ids, `row of client ${number}`))
        await pulls.time(async () => client.pull())
      }
    }),
  )
  const seconds = (performance.now() - start) / 1000
  for (const client of clients) await client.pull()
  agent.destroy()
  if (new Set(clients.map((client) => client.digest())).size !== 1)
    throw new Error('the clients’ files differ')
  const [[count, distinct] = []] = await runSql(url, 'SELECT count(*), count(DISTINCT id) FROM item')
  if (Number(count) !== rows || Number(distinct) !== rows)
    throw new Error(`${String(count)} rows on the server, ${rows} were acknowledged`)
  return { pushes, pulls, rows, seconds, busy, usage }
}
