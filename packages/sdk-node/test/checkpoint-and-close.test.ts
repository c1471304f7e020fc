import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import BetterSqlite3 from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { connect, Database } from '../src/index.ts'
import type { StateError } from '../src/index.ts'
import { contentOf, OwnSyncServer, SyncServer } from './sync-server.ts'

const UNCLOSED = fileURLToPath(new URL('unclosed-child.ts', import.meta.url))

describe('checkpoint and close', () => {
  test('a checkpoint empties the WAL, keeps the base for the next pull, and what is pending', async () => {
    await using server = new SyncServer()
    const a = await server.client('a.db')
    a.exec(`CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'x')`)
    await a.sync()
    const b = await server.client('b.db')
    b.exec(`INSERT INTO t VALUES (2, 'pending')`)
    expect((await b.stats()).mainWalSize).toBeGreaterThan(0)
    await b.checkpoint()
    expect(await b.stats()).toMatchObject({ mainWalSize: 0, cdcOperations: 1 })
    expect((await b.stats()).revertWalSize).toBeGreaterThan(0)
    a.exec(`UPDATE t SET b = 'y'`)
    await a.push()
    await b.sync()
    await a.sync()
    expect(contentOf(b)).toEqual({
      t: [
        { a: 1n, b: 'y' },
        { a: 2n, b: 'pending' },
      ],
    })
    expect(contentOf(a)).toEqual(contentOf(b))
  })

  test('zeros alone in the WAL, as where another process empties it while room is made, are an empty one to pushes and pulls', async () => {
    await using server = new SyncServer()
    const a = await server.client('a.db')
    a.exec(`CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'x')`)
    await a.sync()
    const b = await server.client('b.db')
    for (const round of [2, 3]) {
      await b.checkpoint()
      appendFileSync(`${b.name}-wal`, new Uint8Array(1 << 20))
      if (round === 3) b.exec(`INSERT INTO t VALUES (30, 'pending')`)
      a.prepare('INSERT INTO t VALUES (?, ?)').run(round, 'y')
      await a.push()
      await b.sync()
    }
    await a.sync()
    expect(a.prepare('SELECT count(*) FROM t').pluck().get()).toBe(4)
    expect(contentOf(a)).toEqual(contentOf(b))
    expect(b.pragma('integrity_check', { simple: true })).toBe('ok')
  })

  const fill = (db: Database): void => {
    db.exec('CREATE TABLE IF NOT EXISTS big (id INTEGER PRIMARY KEY, filler BLOB)')
    for (let i = 0; i < 20; i += 1) db.exec('INSERT INTO big (filler) VALUES (randomblob(8000))')
  }

  test('a push does not wait for the checkpoint of a long WAL, which comes behind it', async () => {
    await using server = await OwnSyncServer.start()
    const a = await server.client('a.db', { autoCheckpoint: { pages: 30, ceilingPages: 1_000_000 } })
    fill(a)
    await a.push()
    expect((await a.stats()).mainWalSize).toBeGreaterThan(30 * 4120)
    await expect.poll(async () => (await a.stats()).mainWalSize).toBe(0)
  })

  test('a pull does not wait for the checkpoint of a long WAL either, unless it has reached the ceiling', async () => {
    await using server = new SyncServer()
    const a = await server.client('a.db')
    fill(a)
    await a.push()
    const b = await server.client('b.db', { autoCheckpoint: { pages: 30, ceilingPages: 1_000_000 } })
    fill(b)
    await b.pull()
    expect((await b.stats()).mainWalSize).toBeGreaterThan(30 * 4120)
    await expect.poll(async () => (await b.stats()).mainWalSize).toBe(0)
    const c = await server.client('c.db', { autoCheckpoint: { pages: 30, ceilingPages: 100 } })
    for (let times = 0; times < 3; times += 1) fill(c)
    const walSize = (await c.stats()).mainWalSize
    expect(walSize).toBeGreaterThan(100 * 4120)
    await c.pull()
    expect((await c.stats()).mainWalSize).toBeLessThan(walSize)
  })

  test('a checkpoint that comes behind a pull is no error of a database that was closed before it', async () => {
    await using server = new SyncServer()
    const a = await server.client('a.db', { autoCheckpoint: { pages: 1 } })
    a.exec('CREATE TABLE t (a)')
    const errors: unknown[] = []
    a.on('error', (error) => errors.push(error))
    await a.pull()
    a.close()
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    expect(errors).toEqual([])
  })

  test('a long WAL is checkpointed before a push, by itself, where the server would not take it otherwise', async () => {
    await using server = await OwnSyncServer.start({ maxWalPages: 20 })
    const a = await server.client('a.db')
    for (let round = 0; round < 2; round += 1) {
      fill(a)
      expect((await a.stats()).mainWalSize).toBeGreaterThan(20 * 4120)
      const { networkSentBytes } = await a.stats()
      await a.push()
      expect((await a.stats()).mainWalSize).toBeLessThan(20 * 4120)
      // The server was asked for its limit before, so it is sent the rows once.
      expect((await a.stats()).networkSentBytes - networkSentBytes).toBeLessThan(1.5 * 20 * 8000)
    }

    const b = await server.client('b.db', { autoCheckpoint: false })
    fill(b)
    await expect(b.push()).rejects.toMatchObject({
      code: 'TIDEMARK_CHECKPOINT_NEEDED',
      recovery: 'checkpoint',
      maxWalPages: 20,
    })
    await b.checkpoint()
    await b.push()
  })

  test('local writes alone start a checkpoint at the ceiling', async () => {
    await using server = new SyncServer()
    const a = await server.client('a.db', {
      autoCheckpoint: { pages: 50, ceilingPages: 100 },
      durability: 'normal',
    })
    a.exec('CREATE TABLE big (id INTEGER PRIMARY KEY, filler BLOB)')
    const insert = a.prepare('INSERT INTO big (filler) VALUES (randomblob(5000))')
    for (let i = 0; i < 300; i += 1) insert.run()
    expect((await a.stats()).mainWalSize).toBeGreaterThan(100 * 4120)
    await expect.poll(async () => (await a.stats()).mainWalSize).toBeLessThan(100 * 4120)
  })

  test('a checkpoint in the background that is held up does not keep a closed file from being opened again', async () => {
    await using server = new SyncServer()
    const path = server.directory.file('a.db')
    const a = await server.client('a.db', { autoCheckpoint: { pages: 1 } })
    const reader = new BetterSqlite3(path)
    reader.exec('BEGIN')
    reader.prepare('SELECT count(*) FROM sqlite_schema').get()
    a.exec('CREATE TABLE t (a)')
    const isHeldUp = new Promise((resolve) => a.on('busy', resolve))
    await a.push()
    await isHeldUp
    a.close()
    new Database({ path }).close()
    reader.close()
  })

  test('a checkpoint that is held up does not hold up the pushes and pulls of another instance', async () => {
    await using server = new SyncServer()
    const a = await server.client('a.db', { retry: { attempts: 1000, delayMs: 1, maxDelayMs: 1 } })
    a.exec('CREATE TABLE t (a)')
    const b = await server.client('a.db')
    const reader = new BetterSqlite3(server.directory.file('a.db'))
    reader.exec('BEGIN')
    reader.prepare('SELECT count(*) FROM t').get()
    a.exec('INSERT INTO t VALUES (1)')
    const isHeldUp = new Promise((resolve) => a.on('busy', resolve))
    const checkpoint = a.checkpoint()
    await isHeldUp
    expect((await b.sync()).push.operations).toBe(2)
    for (const other of [reader, b]) other.close()
    await checkpoint
    expect((await a.stats()).mainWalSize).toBe(0)
  })

  test('closing gives up what is under way, and leaves a replica that opens', async () => {
    await using server = new SyncServer()
    const path = server.directory.file('a.db')
    const a = await connect({ path, url: server.url() })
    a.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)')
    await a.sync()
    const waiting = a.pull({ longPollTimeoutMs: 30_000 })
    a.close()
    await expect(waiting).rejects.toMatchObject({ code: 'TIDEMARK_CLOSED' })
    await expect(a.push()).rejects.toMatchObject({ code: 'TIDEMARK_CLOSED' })
    const again = new Database({ path })
    expect(contentOf(again)).toEqual({ t: [{ a: 1n }] })
    await again.sync()
    again.close()
  })

  test('a statement that is being iterated keeps the database open, also while operations run; it can be closed afterwards', async () => {
    await using server = new SyncServer()
    const a = await server.client('a.db')
    a.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)')
    await a.sync()
    const rows = a.prepare('SELECT a FROM t').pluck().iterate()
    expect(rows.next().value).toBe(1)
    expect(() => a.close()).toThrow(TypeError)
    const pull = a.pull({ longPollTimeoutMs: 10 })
    expect(() => a.close()).toThrow(TypeError)
    expect([a.open, ...rows]).toEqual([true, 2])
    expect(await pull).toBe(false)
    a.close()
    expect(existsSync(server.directory.file('a.db-wal'))).toBe(false)
  })

  test('what is asked for as the database is closed is told that it was', async () => {
    await using server = new SyncServer()
    const path = server.directory.file('a.db')
    await connect({ path, url: server.url() }).then((a) => a.close())
    const reasons = new Set<unknown>()
    for (let ticks = 0; ticks < 12; ticks += 1) {
      const a = new Database({ path })
      const asked = Promise.allSettled([a.stats(), a.rejected(), a.pending(), a.pull(), a.checkpoint()])
      for (let tick = 0; tick < ticks; tick += 1) await Promise.resolve()
      a.close()
      for (const one of await asked)
        if (one.status === 'rejected') reasons.add((one.reason as StateError).code)
    }
    expect([...reasons]).toEqual(['TIDEMARK_CLOSED'])
  })

  test.each(['exits', 'comes to its end'])(
    'a program that %s without closing the database leaves a base that is known',
    async (how) => {
      await using server = new SyncServer()
      const path = server.directory.file('a.db')
      const a = await connect({ path, url: server.url() })
      a.exec('CREATE TABLE t (a INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)')
      await a.sync()
      a.close()
      execFileSync(process.execPath, [UNCLOSED, path, how])
      const again = new Database({ path })
      const rebased: unknown[] = []
      again.on('rebased', (event) => rebased.push(event))
      expect(contentOf(again)).toEqual({ t: [{ a: 1n }, { a: 2n }] })
      expect(await again.discard({ table: 't' })).toBe(1)
      expect(contentOf(again)).toEqual({ t: [{ a: 1n }] })
      expect(rebased).toEqual([])
      again.close()
    },
  )

  test('an operation ends by its signal while it waits for its turn', async () => {
    await using server = new SyncServer()
    const release = Promise.withResolvers<void>()
    let isHeldUp = false
    const a = await server.client('a.db', {
      fetch: async (...request) => {
        if (isHeldUp) await release.promise
        return await fetch(...request)
      },
    })
    a.exec('CREATE TABLE t (a)')
    isHeldUp = true
    const push = a.push()
    const abort = new AbortController()
    const waiting = a.pull({ signal: abort.signal })
    await new Promise(setImmediate)
    abort.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    release.resolve()
    expect((await push).operations).toBe(1)
  })

  test('an operation ends when its signal says so', async () => {
    await using server = new SyncServer()
    const a = await server.client('a.db')
    await a.pull()
    const abort = new AbortController()
    const waiting = a.pull({ longPollTimeoutMs: 30_000, signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await a.sync()
  })

  test('a pull waits for a write transaction of the application to end', async () => {
    await using server = new SyncServer()
    const a = await server.client('a.db')
    a.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
    await a.push()
    const b = await server.client('b.db', { retry: { attempts: 2, wait: async () => void b.exec('COMMIT') } })
    a.exec('INSERT INTO t VALUES (1)')
    await a.push()
    b.exec('BEGIN IMMEDIATE; INSERT INTO t VALUES (2)')
    expect(await b.pull()).toBe(true)
    expect(contentOf(b)).toEqual({ t: [{ a: 1n }, { a: 2n }] })
  })
})
