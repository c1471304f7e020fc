import { initProtocol } from '@tidemark/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fileOf, pull } from './pull-client.ts'
import { CREATE_ITEMS, insertItem, push, schemaChange } from './push-client.ts'
import { execute, pipeline, rawRequest, run, startServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

/** Never ends, gives no row meanwhile. */
const ENDLESS = 'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c'

async function isRunning(server: RunningServer): Promise<boolean> {
  const live = await rawRequest(server.port, '/health')
  return live.status === 200
}

async function isWorkerSilent(server: RunningServer): Promise<boolean> {
  const signal = AbortSignal.timeout(200)
  return fetch(`${server.url}/health/ready`, { signal }).then(
    () => false,
    () => signal.aborted,
  )
}

describe('tenants on different workers', () => {
  let server: RunningServer

  beforeAll(async () => {
    await initProtocol()
    server = await startServer({ workers: 2, statementTimeoutMs: 1500 })
  })

  afterAll(async () => {
    await server.close()
  })

  test('a heavy query of one tenant does not keep another waiting', async () => {
    const heavy = await server.create('heavy')
    const light = await server.create('light')
    await run(light, 'CREATE TABLE t (x)')
    let isDone = false
    const ended = pipeline(heavy, [execute(ENDLESS), { type: 'close' }])
      .catch((error: unknown) => error)
      .finally(() => {
        isDone = true
      })
    for (let i = 0; i < 20; i++) await run(light, `INSERT INTO t VALUES (${i})`)
    expect(await isRunning(server)).toBe(true)
    expect(isDone).toBe(false)
    expect(String(await ended)).toContain('413')
  })
})

describe('a server whose statement never ends', () => {
  test('says that it is not ready while one runs on all workers, and does not wait for it longer than for requests', async () => {
    const server = await startServer({ shutdownGraceMs: 100, statementTimeoutMs: 60_000 })
    const database = await server.create('endless')
    const answer = pipeline(database, [execute(ENDLESS), { type: 'close' }]).catch(String)
    // Its worker, the only one, says nothing while the statement runs.
    await expect.poll(async () => isWorkerSilent(server)).toBe(true)
    const startedToAsk = performance.now()
    const ready = await fetch(`${server.url}/health/ready`)
    expect(performance.now() - startedToAsk).toBeLessThan(10_000)
    expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining('runs a statement')])
    const startedAt = performance.now()
    await server.close()
    expect(performance.now() - startedAt).toBeLessThan(20_000)
    expect(await answer).toContain('Error')
  }, 60_000)
})

describe('tenants on one worker', () => {
  let server: RunningServer

  beforeAll(async () => {
    await initProtocol()
    server = await startServer({ workers: 1, statementTimeoutMs: 300 })
  })

  afterAll(async () => {
    await server.close()
  })

  test('a statement that never ends is ended; only its tenant sees an error, and its database is served again', async () => {
    const culprit = await server.create('culprit')
    const victim = await server.create('victim')
    await run(culprit, 'CREATE TABLE t (x)', 'INSERT INTO t VALUES (1)')
    await push(victim, {}, [schemaChange(1, CREATE_ITEMS), insertItem(2, 1, 'one')])
    const endless = pipeline(culprit, [execute(ENDLESS), { type: 'close' }]).catch((error: unknown) =>
      String(error),
    )
    const others = [
      run(victim, 'SELECT count(*) FROM item'),
      run(victim, 'INSERT INTO item VALUES (2, 2)'),
      push(victim, { clientId: 'other' }, [insertItem(1, 3, 'three')]),
      pull(victim, 'tidemark'),
    ] as const
    expect(await endless).toContain('longer than statements may')
    const [count, , pushed, pulled] = await Promise.all(others)
    expect([1, 2, 3]).toContain(count[0]![0])
    expect(pushed.type).toBe('ok')
    expect(pulled.pages.size).toBeGreaterThan(0)
    expect(await run(victim, 'SELECT id FROM item ORDER BY id')).toEqual([[1], [2], [3]])
    expect(await run(culprit, 'SELECT x FROM t')).toEqual([[1]])
  })

  test('who has all is told so while another tenant’s statement holds the worker up, and is told of the next commit', async () => {
    const culprit = await server.create('in-the-way')
    const quiet = await server.create('quiet')
    await push(quiet, {}, [schemaChange(1, CREATE_ITEMS), insertItem(2, 1, 'one')])
    const { revision: clientRevision, pages } = await pull(quiet, 'tidemark')
    await pull(quiet, 'tidemark', { clientRevision })
    let isEnded = false
    const endless = pipeline(culprit, [execute(ENDLESS), { type: 'close' }])
      .catch((error: unknown) => String(error))
      .finally(() => {
        isEnded = true
      })
    const nothing = await pull(quiet, 'tidemark', { clientRevision })
    expect(isEnded).toBe(false)
    expect([nothing.revision, nothing.pages.size]).toEqual([clientRevision, 0])
    expect(await endless).toContain('longer than statements may')
    await run(quiet, 'INSERT INTO item VALUES (2, 2)')
    expect((await pull(quiet, 'tidemark', { clientRevision }, pages)).pages.size).toBeGreaterThan(0)
  })

  test('a pull that another tenant’s statement interrupts arrives whole', async () => {
    const culprit = await server.create('interrupting')
    const victim = await server.create('interrupted')
    await run(
      victim,
      'CREATE TABLE t (x)',
      `WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 4000)
       INSERT INTO t SELECT randomblob(4000) FROM c`,
    )
    const expected = await pull(victim, 'turso')
    const endless = pipeline(culprit, [execute(ENDLESS), { type: 'close' }]).catch(() => null)
    const pulls = await Promise.all([pull(victim, 'turso'), pull(victim, 'tidemark'), endless])
    expect(fileOf(pulls[0].pages).equals(fileOf(expected.pages))).toBe(true)
    expect(fileOf(pulls[1].pages).equals(fileOf(expected.pages))).toBe(true)
  })

  test('a statement that may have had an effect is not run twice when its worker ends', async () => {
    const database = await server.create('once')
    await run(database, 'CREATE TABLE t (x)')
    const requests = [execute('INSERT INTO t VALUES (1)'), execute(ENDLESS), { type: 'close' } as const]
    await expect(pipeline(database, requests)).rejects.toThrow('413')
    expect(await run(database, 'SELECT count(*) FROM t')).toEqual([[1]])
  })

  test('a statement that takes too much memory is ended', async () => {
    const small = await startServer({ workers: 1, maxWorkerBytes: 300 * 1024 * 1024 })
    try {
      const database = await small.create('memory')
      const requests = [execute('SELECT length(hex(randomblob(200000000)))'), { type: 'close' } as const]
      await expect(pipeline(database, requests)).rejects.toThrow('memory')
      expect(await run(database, 'SELECT 1')).toEqual([[1]])
    } finally {
      await small.close()
    }
  })

  test('more databases than may be open take turns being open', async () => {
    const few = await startServer({ workers: 1, maxOpenDatabases: 2 })
    try {
      const databases = await Promise.all(
        Array.from({ length: 6 }, async (_, index) => few.create(`db${index}`)),
      )
      for (const [index, database] of databases.entries())
        await run(database, 'CREATE TABLE t (x)', `INSERT INTO t VALUES (${index})`)
      for (const [index, database] of databases.entries())
        expect(await run(database, 'SELECT x FROM t')).toEqual([[index]])
      const revisions = await Promise.all(
        databases.map(async (database) => (await pull(database, 'turso')).revision),
      )
      const again = await Promise.all(
        databases.map(async (database) => (await pull(database, 'turso')).revision),
      )
      expect(again).toEqual(revisions)
    } finally {
      await few.close()
    }
  })
})
