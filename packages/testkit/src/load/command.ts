/** `pnpm load [--clients 200] [--seconds 20] [--databases 2000] [--open 64]`. */
import { parseArgs } from 'node:util'
import { initProtocol } from '@tidemark/protocol'
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
  },
})
const seconds = Number(values.seconds)

await initProtocol()

const shared = await clientsOnOneDatabase({ clients: Number(values.clients), seconds })
console.log(`${values.clients} clients on one database, ${shared.seconds.toFixed(1)} s: they converged`)
console.log(
  `  pushes: ${(shared.pushes.count / shared.seconds).toFixed(0)} a second; ${String(shared.pushes)}`,
)
console.log(`  pulls: ${(shared.pulls.count / shared.seconds).toFixed(0)} a second; ${String(shared.pulls)}`)
console.log(`  ${shared.rows} rows, ${shared.busy} pushes asked to wait; ${String(shared.usage)}`)

const many = await manyDatabases({
  databases: Number(values.databases),
  maxOpenDatabases: Number(values.open),
})
console.log(`${values.databases} databases on one server, at most ${values.open} open: each has its rows`)
console.log(`  creations: ${String(many.creations)}`)
console.log(`  pushes: ${String(many.pushes)}`)
console.log(`  pulls: ${String(many.pulls)}`)
console.log(`  ${String(many.usage)}`)

const heavy = await heavyTenant({ seconds: Math.min(seconds, 10) })
console.log(`One tenant’s heavy queries, ${heavy.queries} of them one after another`)
console.log(
  `  event loop of the main process: p99 ${heavy.delayP99Ms.toFixed(1)} ms, max ${heavy.delayMaxMs.toFixed(1)} ms late`,
)
console.log(`  /health: ${String(heavy.health)}`)
console.log(`  another tenant: ${String(heavy.others)}`)
