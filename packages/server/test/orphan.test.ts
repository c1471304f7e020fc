import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isRunning, KilledServer } from './killed-server.ts'
import { execute, pipeline, run, temporaryDirectory } from './running-server.ts'

const ENDLESS = 'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c'

let data: string
let server: KilledServer

beforeAll(async () => {
  data = temporaryDirectory()
  server = await KilledServer.start(data, { workers: 1, statementTimeoutMs: 600_000 })
})

afterAll(async () => {
  await server.end()
  rmSync(data, { recursive: true, force: true })
})

describe('workers whose main process was killed', () => {
  test('end, even in the middle of a statement, and the next server has the databases', async () => {
    const database = `http://127.0.0.1:${server.port}/db/orphan`
    await run(database, 'CREATE TABLE t (x)', 'INSERT INTO t VALUES (1)')
    const { workers } = server
    expect(workers.every(isRunning)).toBe(true)
    const endless = pipeline(database, [
      execute('BEGIN IMMEDIATE'),
      execute('DELETE FROM t'),
      execute(ENDLESS),
    ]).catch(() => null)
    await expect.poll(async () => pendingCalls(), { timeout: 10_000 }).toBe(1)
    await server.kill('main')
    await endless
    await expect.poll(() => workers.some(isRunning), { timeout: 10_000 }).toBe(false)
    server = await KilledServer.start(data, { workers: 1 })
    expect(await run(`http://127.0.0.1:${server.port}/db/orphan`, 'SELECT x FROM t')).toEqual([[1]])
  })
})

async function pendingCalls(): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${server.port}/metrics`)
  return Number(/^tidemark_worker_calls_pending (\d+)$/m.exec(await response.text())?.[1])
}
