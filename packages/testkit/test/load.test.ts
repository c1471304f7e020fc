import { initProtocol } from '@tidemark/protocol'
import { beforeAll, expect, it } from 'vitest'

import { usageExcesses } from '../src/load/bounds.ts'
import { clientsOnOneDatabase } from '../src/load/clients-on-one-database.ts'
import { heavyTenant } from '../src/load/heavy-tenant.ts'
import { manyDatabases } from '../src/load/many-databases.ts'

/**
 * Databases that are in use cannot be closed: 16 at a time, about 11 files each, and what a process needs for
 * itself. All 30 of a worker would be more.
 */
const MAX_DESCRIPTORS = 250

beforeAll(initProtocol)

// `pnpm load` does the same with 200 clients and 2,000 databases, and holds the event loop to 50 ms.

it('many clients on one database: every acknowledged row is there once, and all have the same file', async () => {
  const report = await clientsOnOneDatabase({ clients: 20, seconds: 1 })
  expect(report.rows).toBeGreaterThan(20)
  expect(usageExcesses(report.usage)).toEqual([])
})

it('more databases than may be open: each has its rows, memory and open files are bounded (I7)', async () => {
  const report = await manyDatabases({ databases: 30, maxOpenDatabases: 8 })
  expect(report.creations.count).toBe(30)
  expect(usageExcesses(report.usage)).toEqual([])
  expect(report.usage.descriptors).toBeLessThan(MAX_DESCRIPTORS)
})

it('heavy queries of one tenant do not hold up the event loop, nor another tenant', async () => {
  const report = await heavyTenant({ seconds: 1 })
  expect(report.queries).toBeGreaterThan(0)
  expect(report.others.count).toBeGreaterThan(report.queries)
  // 50 ms is what `pnpm load` is to show; here other tests may have the cores.
  expect(report.delayP99Ms).toBeLessThan(150)
})
