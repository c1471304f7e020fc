import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ServerProcess } from '../server-process.ts'
import { runSql } from '../sql-client.ts'
import { temporaryDirectory } from '../temporary-directory.ts'
import { Latencies } from './latencies.ts'

export interface HeavyTenantReport {
  readonly health: Latencies
  readonly others: Latencies
  /** Of the main process's event loop, as `/metrics` tells. */
  readonly delayP99Ms: number
  readonly delayMaxMs: number
  /** Heavy queries that were under way, one after another. */
  readonly queries: number
}

const HEAVY =
  'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT count(*), hex(randomblob(1000000)) FROM n'

/**
 * One tenant runs heavy queries without a pause; meanwhile another tenant, on the other worker, and `/health`
 * are asked.
 */
export async function heavyTenant(options: { readonly seconds: number }): Promise<HeavyTenantReport> {
  using folder = temporaryDirectory()
  const config = join(folder.path, 'config.json')
  writeFileSync(config, JSON.stringify({ workers: 2 }))
  await using server = await ServerProcess.start(join(folder.path, 'data'), { args: ['--config', config] })
  const [heavy, light] = [server.database('heavy'), server.database('light')]
  await runSql(heavy, 'SELECT 1')
  await runSql(light, 'CREATE TABLE t (x)')
  await delaysOf(server.url)
  const health = new Latencies()
  const others = new Latencies()
  let queries = 0
  const end = performance.now() + options.seconds * 1000
  const isTime = (): boolean => performance.now() < end
  await Promise.all([
    (async () => {
      for (; isTime(); queries++) await runSql(heavy, HEAVY)
    })(),
    (async () => {
      while (isTime()) await health.time(async () => (await fetch(`${server.url}/health`)).text())
    })(),
    (async () => {
      while (isTime())
        await others.time(async () => runSql(light, 'INSERT INTO t VALUES (1)', 'SELECT count(*) FROM t'))
    })(),
  ])
  const delays = await delaysOf(server.url)
  return { health, others, queries, delayP99Ms: delays.get('0.99')!, delayMaxMs: delays.get('1')! }
}

/** Milliseconds by quantile, since the last time. */
async function delaysOf(url: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const lines = text.matchAll(/^tidemark_event_loop_delay_seconds\{quantile="([\d.]+)"\} (\S+)$/gm)
  return new Map(Array.from(lines, ([, quantile, seconds]) => [quantile!, Number(seconds) * 1000]))
}
