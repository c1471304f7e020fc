import { copyFileSync, readdirSync, writeFileSync } from 'node:fs'
import { loadInfo } from '@tidemark/engine'
import BetterSqlite3 from 'better-sqlite3'
import { describe, expect, test, vi } from 'vitest'
import { connect, Database } from '../src/index.ts'
import { contentOf, SyncServer } from './sync-server.ts'

describe('the same files twice', () => {
  test('a copied replica becomes one of its own: nothing of either is lost', async () => {
    await using server = new SyncServer()
    const path = server.directory.file('a.db')
    const first = await connect({ path, url: server.url() })
    first.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)')
    await first.sync()
    first.exec(`INSERT INTO t VALUES (1, 'both')`)
    first.close()
    const copy = server.directory.file('copy.db')
    for (const name of readdirSync(server.directory.path)) {
      if (name.startsWith('a.db'))
        copyFileSync(server.directory.file(name), server.directory.file(name.replace('a.db', 'copy.db')))
    }
    const a = await server.client('a.db')
    const b = new Database({ path: copy, url: server.url() })
    a.exec(`INSERT INTO t VALUES (2, 'a')`)
    b.exec(`INSERT INTO t VALUES (3, 'b')`)
    await a.sync()
    await b.sync()
    await a.sync()
    expect(contentOf(a)).toEqual({
      t: [
        { a: 1n, b: 'both' },
        { a: 2n, b: 'a' },
        { a: 3n, b: 'b' },
      ],
    })
    expect(contentOf(b)).toEqual(contentOf(a))
    const idOf = (file: string): string => loadInfo(`${file}-info`).clientId
    expect(idOf(copy)).not.toBe(idOf(path))
    b.close()
  })

  test('two instances on one file take turns', async () => {
    await using server = new SyncServer()
    const a = await server.client('a.db')
    a.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
    const second = await server.client('a.db')
    a.exec('INSERT INTO t VALUES (1)')
    second.exec('INSERT INTO t VALUES (2)')
    await Promise.all([a.sync(), second.sync(), a.sync(), second.sync()])
    expect((await second.stats()).cdcOperations).toBe(0)
    expect(contentOf(a)).toEqual({ t: [{ a: 1n }, { a: 2n }] })
    expect(contentOf(await server.client('b.db'))).toEqual(contentOf(second))
  })

  test('one that neither syncs nor writes does not keep the WAL from being emptied for ever', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    try {
      await using server = new SyncServer()
      const autoCheckpoint = { pages: 20, ceilingPages: 40 }
      const a = await server.client('a.db', { autoCheckpoint })
      a.exec('CREATE TABLE t (a)')
      await a.sync()
      const idle = await server.client('a.db', { autoCheckpoint })
      const walSize = async (): Promise<number> => (await a.stats()).mainWalSize
      for (let row = 0; row < 100; row += 1) a.exec('INSERT INTO t VALUES (randomblob(4000))')
      await a.sync()
      await a.sync()
      expect(await walSize()).toBeGreaterThan(40 * 4096)
      const later = async (): Promise<number> => {
        vi.advanceTimersByTime(1000)
        return walSize()
      }
      await expect.poll(later, { timeout: 30_000, interval: 1 }).toBe(0)
      expect(contentOf(idle)).toEqual(contentOf(a))
    } finally {
      vi.useRealTimers()
    }
  })

  test('connect() waits for another instance of the same process that is syncing, and lets it go on', async () => {
    await using server = new SyncServer()
    const a = await server.client('a.db')
    await a.sync()
    a.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
    const isUnderWay = Promise.withResolvers<void>()
    const path = server.directory.file('a.db')
    const busy = new Database({
      path,
      fetch: async (...request) => {
        isUnderWay.resolve()
        return await fetch(...request)
      },
    })
    const push = busy.push()
    await isUnderWay.promise
    const second = await connect({ path })
    expect((await push).operations).toBe(1)
    second.close()
    busy.close()
  })

  test('a file that another program checkpointed while it was closed finds its base again and loses nothing', async () => {
    await using server = new SyncServer()
    const path = server.directory.file('a.db')
    const first = await connect({ path, url: server.url() })
    first.exec(`CREATE TABLE t (a INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)`)
    await first.sync()
    first.close()
    const foreign = new BetterSqlite3(path)
    foreign.exec('INSERT INTO t VALUES (2); PRAGMA wal_checkpoint(TRUNCATE)')
    foreign.close()
    const second = new Database({ path })
    const rebased: unknown[] = []
    second.on('rebased', (event) => rebased.push(event))
    await second.sync()
    expect(rebased).toHaveLength(1)
    expect(contentOf(second)).toEqual({ t: [{ a: 1n }, { a: 2n }] })
    second.close()
    expect(contentOf(await server.client('b.db'))).toEqual({ t: [{ a: 1n }, { a: 2n }] })
  })

  test('what was written while nothing captured it is told from the base that it was written on (I6)', async () => {
    await using server = new SyncServer()
    const path = server.directory.file('a.db')
    const first = await connect({ path, url: server.url() })
    first.exec(`CREATE TABLE t (a INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2)`)
    await first.sync()
    first.exec('INSERT INTO t VALUES (3)')
    first.close()
    // As if a pull had been interrupted before it installed capture, and another program had written and
    // checkpointed then.
    const foreign = new BetterSqlite3(path)
    foreign.exec(`INSERT INTO t VALUES (9); DELETE FROM t WHERE a = 2; DELETE FROM tidemark_cdc WHERE a0 = 9 OR b0 = 2;
      PRAGMA wal_checkpoint(TRUNCATE)`)
    foreign.close()
    const info = loadInfo(`${path}-info`)
    writeFileSync(`${path}-info`, JSON.stringify({ ...info, base: null, captureGap: true }))
    const b = await server.client('b.db')
    b.exec('INSERT INTO t VALUES (7); DELETE FROM t WHERE a = 1')
    await b.push()
    const second = new Database({ path })
    await second.sync()
    await second.sync()
    await b.pull()
    expect(contentOf(b)).toEqual({ t: [{ a: 3n }, { a: 7n }, { a: 9n }] })
    expect(contentOf(second)).toEqual(contentOf(b))
    expect((await second.stats()).cdcOperations).toBe(0)
    second.close()
  })
})
