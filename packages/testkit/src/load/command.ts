/**
 * `pnpm load [--clients 200] [--seconds 20] [--databases 2000] [--open 64] [--only clients,databases,heavy]`.
 * Ends with 1, and says why, where rows are missing or a bound is exceeded; the bounds are meant for a
 * machine that has nothing else to do.
 */
import { parseArgs } from 'node:util'
import { initProtocol } from '@tidemark/protocol'
import { delayExcesses, usageExcesses } from './bounds.ts'
import { clientsOnOneDatabase } from './clients-on-one-database.ts'
import { heavyTenant } from './heavy-tenant.ts'
import { manyDatabases } from './many-databases.ts'

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    clients: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '20' },
    databases: { type: 'string', default: '2000' },
    open: { type: 'string', default: '64' },
    only: { type: 'string', default: 'clients,databases,heavy' },
  },
})
const seconds = Number(values.seconds)
const parts = new Set(values.only.split(','))
const excesses: string[] = []

await initProtocol()

if (parts.delete('clients')) {
  const shared = await clientsOnOneDatabase({ clients: Number(values.clients), seconds })
  const rate = (count: number): string => `${(count / shared.seconds).toFixed(0)} a second`
  console.log(`${values.clients} clients on one database, ${shared.seconds.toFixed(1)} s: they converged`)
  console.log(`  pushes: ${rate(shared.pushes.count)}; ${String(shared.pushes)}`)
  console.log(`  pulls: ${rate(shared.pulls.count)}; ${String(shared.pulls)}`)
  console.log(`  ${shared.rows} rows, ${shared.busy} pushes asked to wait; ${String(shared.usage)}`)
  excesses.push(...usageExcesses(shared.usage).map((excess) => `clients on one database: ${excess}`))
}

if (parts.delete('databases')) {
  const many = await manyDatabases({
    databases: Number(values.databases),
    maxOpenDatabases: Number(values.open),
  })
  console.log(
    `${values.databases} databases on one server, at most ${values.open} open, ${many.seconds.toFixed(1)} s: each has its rows`,
  )
  console.log(`  creations: ${String(many.creations)}`)
  console.log(`  pushes: ${String(many.pushes)}`)
  console.log(`  pulls: ${String(many.pulls)}`)
  console.log(`  ${String(many.usage)}`)
  excesses.push(...usageExcesses(many.usage).map((excess) => `many databases: ${excess}`))
}

if (parts.delete('heavy')) {
  const heavy = await heavyTenant({ seconds: Math.min(seconds, 10) })
  console.log(`One tenant’s heavy queries, ${heavy.queries} of them one after another`)
  console.log(
    `  event loop of the main process: p99 ${heavy.delayP99Ms.toFixed(1)} ms, max ${heavy.delayMaxMs.toFixed(1)} ms late`,
  )
  console.log(`  /health: ${String(heavy.health)}`)
  console.log(`  another tenant: ${String(heavy.others)}`)
  excesses.push(...delayExcesses(heavy).map((excess) => `heavy queries: ${excess}`))
}

for (const part of parts) excesses.push(`there is no part ${part}`)
for (const excess of excesses) console.log(`NOT within bounds: ${excess}`)
process.exitCode = excesses.length === 0 ? 0 : 1
