import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import BetterSqlite3 from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { connect, Database } from '../src/index.ts'
import { LoopbackServer } from './loopback-server.ts'
import { contentOf, SyncServer } from './sync-server.ts'
import { TemporaryDirectory } from './temporary-directory.ts'

const NO_WAIT = { attempts: 2, delayMs: 0 }

describe('opening', () => {
  test('connect downloads; new Database does it with the first sync method', async () => {
    await using server = await SyncServer.start()
    const a = await server.client('a.db')
    a.exec(`CREATE TABLE t (a); INSERT INTO t VALUES ('x')`)
    await a.push()
    const b = server.open('b.db')
    expect(b.open).toBe(false)
    expect(() => b.prepare('SELECT 1')).toThrow(expect.objectContaining({ code: 'TIDEMARK_NOT_CONNECTED' }) as Error)
    await b.sync()
    expect(b.open).toBe(true)
    expect(contentOf(b)).toEqual({ t: [{ a: 'x' }] })
  })

  test('a restart needs no network: rows, what is pending and the saved URL are there', async () => {
    await using server = await SyncServer.start()
    const path = server.directory.file('a.db')
    const first = await connect({ path, url: server.url() })
    first.exec(`CREATE TABLE t (a INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)`)
    await first.sync()
    first.exec(`INSERT INTO t VALUES (2)`)
    const { revision } = await first.stats()
    first.close()
    await server.stop()

    const second = await connect({ path })
    expect(contentOf(second)).toEqual({ t: [{ a: 1n }, { a: 2n }] })
    expect(await second.stats()).toMatchObject({ cdcOperations: 1, revision, networkReceivedBytes: 0 })
    second.exec(`INSERT INTO t VALUES (3)`)
    await server.restart()
    expect((await second.sync()).push.operations).toBe(2)
    second.close()
    expect(contentOf(await server.client('b.db'))).toEqual({ t: [{ a: 1n }, { a: 2n }, { a: 3n }] })
  })

  test('a deferred URL: sync is paused until there is one, then local and remote rows meet', async () => {
    await using server = await SyncServer.start()
    const a = await server.client('a.db')
    a.exec(`CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'remote')`)
    await a.push()
    let url: string | null = null
    const b = await server.client('b.db', { url: () => url })
    b.exec(`CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (2, 'local')`)
    const paused = { code: 'TIDEMARK_SYNC_PAUSED', message: 'url is empty - sync is paused' }
    await expect(b.push()).rejects.toMatchObject(paused)
    await expect(b.pull()).rejects.toMatchObject(paused)
    await expect(b.sync()).rejects.toMatchObject(paused)
    url = server.url()
    await b.sync()
    await a.pull()
    expect(contentOf(a)).toEqual(contentOf(b))
    expect(contentOf(b)).toEqual({ t: [{ a: 1n, b: 'remote' }, { a: 2n, b: 'local' }] })
    url = null
    await expect(b.pull()).rejects.toMatchObject(paused)
  })

  test('an ordinary SQLite file is refused, adopted or replaced, as asked', async () => {
    await using server = await SyncServer.start()
    const path = server.directory.file('own.db')
    const plain = new BetterSqlite3(path)
    plain.exec(`CREATE TABLE own (a INTEGER PRIMARY KEY); INSERT INTO own VALUES (1), (2); CREATE INDEX i ON own (a)`)
    plain.close()
    const bytes = readFileSync(path)
    await expect(connect({ path, url: server.url() })).rejects.toMatchObject({
      name: 'StateError',
      code: 'TIDEMARK_NOT_SYNCED',
      message: expect.stringContaining("existing: 'adopt'"),
    })
    expect(readFileSync(path).equals(bytes)).toBe(true)

    const adopted = await connect({ path, url: server.url(), existing: 'adopt' })
    await adopted.sync()
    adopted.close()
    const b = await server.client('b.db')
    expect(contentOf(b)).toEqual({ own: [{ a: 1n }, { a: 2n }] })

    const other = server.directory.file('other.db')
    writeFileSync(other, bytes)
    const replaced = await connect({ path: other, url: server.url('empty'), existing: 'replace' })
    expect(contentOf(replaced)).toEqual({})
    replaced.close()
  })

  test('the options of a second opening count', async () => {
    await using server = await SyncServer.start()
    const path = server.directory.file('a.db')
    const first = await connect({ path, url: server.url('one') })
    first.exec('CREATE TABLE t (a)')
    await first.sync()
    first.close()
    expect(JSON.parse(readFileSync(`${path}-info`, 'utf8'))).toMatchObject({ url: server.url('one') })
  })
})

describe('what cannot work leaves the files as they were, and says why (I8)', () => {
  async function failureOf(url: string): Promise<{ error: unknown; files: string[] }> {
    using directory = new TemporaryDirectory()
    const error = await connect({ path: directory.file('a.db'), url, retry: NO_WAIT, timeoutMs: 2000 }).then(
      (db) => db.close(),
      (thrown: unknown) => thrown,
    )
    return { error, files: readdirSync(directory.path) }
  }

  test('a server that is down', async () => {
    const loopback = await LoopbackServer.start(() => undefined)
    const { url } = loopback
    await loopback[Symbol.asyncDispose]()
    expect(await failureOf(url)).toMatchObject({ error: { name: 'NetworkError', code: 'TIDEMARK_NETWORK' }, files: [] })
  })

  test('a wrong URL', async () => {
    await using server = await SyncServer.start({ autoCreate: false })
    expect(await failureOf(server.url('nope'))).toMatchObject({ error: { name: 'NetworkError', code: 'TIDEMARK_NOT_FOUND' }, files: [] })
  })

  test('a web page', async () => {
    await using loopback = await LoopbackServer.start((_request, response) =>
      response.setHeader('content-type', 'text/html').end('<h1>Welcome</h1>'),
    )
    expect(await failureOf(loopback.url)).toMatchObject({ error: { name: 'ProtocolError', code: 'TIDEMARK_NOT_A_SYNC_SERVER' }, files: [] })
  })

  test('a server that is another kind of server', async () => {
    await using loopback = await LoopbackServer.start((_request, response) => response.writeHead(404).end())
    expect(await failureOf(loopback.url)).toMatchObject({ error: { code: 'TIDEMARK_NOT_A_TIDEMARK_SERVER' }, files: [] })
  })

  test('a wrong token', async () => {
    await using loopback = await LoopbackServer.start((_request, response) => response.writeHead(401).end())
    expect(await failureOf(loopback.url)).toMatchObject({ error: { name: 'AuthError', code: 'TIDEMARK_AUTH' }, files: [] })
  })

  test('a file that is not SQLite, one with other pages, and a damaged -info', async () => {
    using directory = new TemporaryDirectory()
    const refused = (name: string, options = {}): unknown => {
      const path = directory.file(name)
      const before = readFileSync(path)
      try {
        new Database({ path, url: () => null, ...options }).close()
        return null
      } catch (error) {
        expect(readFileSync(path).equals(before)).toBe(true)
        return (error as { code: string }).code
      }
    }
    writeFileSync(directory.file('text.db'), 'this is not a database, but long enough to be taken for one '.repeat(100))
    const big = new BetterSqlite3(directory.file('big.db'))
    big.pragma('page_size = 8192')
    big.exec('CREATE TABLE t (a)')
    big.close()
    new Database({ path: directory.file('ok.db'), url: () => null }).close()
    writeFileSync(directory.file('ok.db-info'), '{"format": 1, "clientId": ')
    expect(refused('text.db', { existing: 'adopt' })).toBe('TIDEMARK_NOT_A_DATABASE')
    expect(refused('big.db', { existing: 'adopt' })).toBe('TIDEMARK_PAGE_SIZE')
    expect(refused('ok.db')).toBe('TIDEMARK_INFO_DAMAGED')
  })
})

describe('an answer that gets lost', () => {
  /** A fetch that lets one request of `path` reach the server and loses the answer. */
  function losing(path: string): { fetch: typeof fetch; lose: () => void } {
    let armed = false
    return {
      lose: () => (armed = true),
      fetch: async (input, init) => {
        const response = await fetch(input, init)
        if (!armed || !(input as Request).url.endsWith(path)) return response
        armed = false
        await response.arrayBuffer()
        throw new TypeError('fetch failed')
      },
    }
  }

  test('after a push: the next attempt learns that the server has it, nothing is applied twice (I3)', async () => {
    await using server = await SyncServer.start()
    const { fetch: custom, lose } = losing('/push-changes')
    const a = await server.client('a.db', { fetch: custom, retry: { attempts: 1 } })
    a.exec('CREATE TABLE t (a)')
    await a.push()
    a.exec('INSERT INTO t VALUES (1)')
    lose()
    await expect(a.push()).rejects.toMatchObject({ code: 'TIDEMARK_NETWORK', recovery: 'retry' })
    a.exec('INSERT INTO t VALUES (2)')
    await a.push()
    await a.push()
    expect(contentOf(await server.client('b.db'))).toEqual({ t: [{ a: 1n }, { a: 2n }] })
    await a.pull()
    expect(contentOf(a)).toEqual({ t: [{ a: 1n }, { a: 2n }] })
    expect((await a.stats()).cdcOperations).toBe(0)
  })

  test('after a push, and a pull comes first (I3)', async () => {
    await using server = await SyncServer.start()
    const { fetch: custom, lose } = losing('/push-changes')
    const a = await server.client('a.db', { fetch: custom, retry: { attempts: 1 } })
    a.exec('CREATE TABLE t (a)')
    await a.push()
    a.exec('INSERT INTO t VALUES (1)')
    lose()
    await expect(a.push()).rejects.toThrow('cut')
    a.exec('INSERT INTO t VALUES (2)')
    await a.pull()
    expect(contentOf(a)).toEqual({ t: [{ a: 1n }, { a: 2n }] })
    await a.push()
    expect(contentOf(await server.client('b.db'))).toEqual({ t: [{ a: 1n }, { a: 2n }] })
  })

  test('a push is tried again by itself', async () => {
    await using server = await SyncServer.start()
    const { fetch: custom, lose } = losing('/push-changes')
    const a = await server.client('a.db', { fetch: custom })
    const busy: unknown[] = []
    a.on('busy', (event) => busy.push(event))
    a.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)')
    lose()
    await a.push()
    expect(busy).toMatchObject([{ operation: 'push', error: { code: 'TIDEMARK_NETWORK' }, waitMs: 1 }])
    expect(contentOf(await server.client('b.db'))).toEqual({ t: [{ a: 1n }] })
  })

  test('a pull that is cut goes on where it was (I4)', async () => {
    await using server = await SyncServer.start()
    const a = await server.client('a.db')
    a.exec('CREATE TABLE big (id INTEGER PRIMARY KEY, filler BLOB)')
    a.transaction(() => {
      for (let i = 0; i < 300; i += 1) a.prepare('INSERT INTO big (filler) VALUES (randomblob(4000))').run()
    })()
    await a.push()
    const { networkReceivedBytes: whole } = await (await server.client('b.db')).stats()
    let cuts = 0
    const cutting: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      if (!(input as Request).url.endsWith('/pull-updates') || cuts === 3 || response.body === null) return response
      cuts += 1
      let left = whole / 4
      const cut = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          left -= chunk.byteLength
          if (left < 0) controller.error(new TypeError('terminated'))
          else controller.enqueue(chunk)
        },
      })
      return new Response(response.body.pipeThrough(cut), { status: response.status, headers: response.headers })
    }
    const c = await server.client('c.db', { fetch: cutting })
    expect(cuts).toBe(3)
    expect(contentOf(c)).toEqual(contentOf(a))
    expect((await c.stats()).networkReceivedBytes).toBeLessThan(whole * 1.5)
  })
})

describe('the same files twice', () => {
  test('a copied replica becomes one of its own: nothing of either is lost', async () => {
    await using server = await SyncServer.start()
    const path = server.directory.file('a.db')
    const first = await connect({ path, url: server.url() })
    first.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)')
    await first.sync()
    first.exec(`INSERT INTO t VALUES (1, 'both')`)
    first.close()
    const copy = server.directory.file('copy.db')
    for (const name of readdirSync(server.directory.path)) {
      if (name.startsWith('a.db')) copyFileSync(server.directory.file(name), server.directory.file(name.replace('a.db', 'copy.db')))
    }
    const a = await server.client('a.db')
    const b = new Database({ path: copy, url: server.url() })
    a.exec(`INSERT INTO t VALUES (2, 'a')`)
    b.exec(`INSERT INTO t VALUES (3, 'b')`)
    await a.sync()
    await b.sync()
    await a.sync()
    expect(contentOf(a)).toEqual({ t: [{ a: 1n, b: 'both' }, { a: 2n, b: 'a' }, { a: 3n, b: 'b' }] })
    expect(contentOf(b)).toEqual(contentOf(a))
    const idOf = (file: string): string => (JSON.parse(readFileSync(`${file}-info`, 'utf8')) as { clientId: string }).clientId
    expect(idOf(copy)).not.toBe(idOf(path))
    b.close()
  })

  test('two instances on one file take turns', async () => {
    await using server = await SyncServer.start()
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

  test('a file that another program checkpointed while it was closed finds its base again and loses nothing', async () => {
    await using server = await SyncServer.start()
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
})

describe('checkpoint and close', () => {
  test('a checkpoint empties the WAL, keeps the base for the next pull, and what is pending', async () => {
    await using server = await SyncServer.start()
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
    expect(contentOf(b)).toEqual({ t: [{ a: 1n, b: 'y' }, { a: 2n, b: 'pending' }] })
    expect(contentOf(a)).toEqual(contentOf(b))
  })

  test('a long WAL is checkpointed before a push, by itself; the server would not take it otherwise', async () => {
    await using server = await SyncServer.start({ maxWalPages: 20 })
    const fill = (db: Database): void => {
      db.exec('CREATE TABLE IF NOT EXISTS big (id INTEGER PRIMARY KEY, filler BLOB)')
      for (let i = 0; i < 20; i += 1) db.exec('INSERT INTO big (filler) VALUES (randomblob(8000))')
    }
    const a = await server.client('a.db')
    fill(a)
    expect((await a.stats()).mainWalSize).toBeGreaterThan(20 * 4120)
    await a.push()
    expect((await a.stats()).mainWalSize).toBe(0)

    const b = await server.client('b.db', { autoCheckpoint: false })
    fill(b)
    await expect(b.push()).rejects.toMatchObject({ code: 'TIDEMARK_CHECKPOINT_NEEDED', recovery: 'checkpoint', maxWalPages: 20 })
    await b.checkpoint()
    await b.push()
  })

  test('local writes alone start a checkpoint at the ceiling', async () => {
    await using server = await SyncServer.start()
    const a = await server.client('a.db', { autoCheckpoint: { pages: 50, ceilingPages: 100 }, durability: 'normal' })
    a.exec('CREATE TABLE big (id INTEGER PRIMARY KEY, filler BLOB)')
    const insert = a.prepare('INSERT INTO big (filler) VALUES (randomblob(5000))')
    for (let i = 0; i < 300; i += 1) insert.run()
    expect((await a.stats()).mainWalSize).toBeGreaterThan(100 * 4120)
    await expect.poll(async () => (await a.stats()).mainWalSize).toBeLessThan(100 * 4120)
  })

  test('closing gives up what is under way, and leaves a replica that opens', async () => {
    await using server = await SyncServer.start()
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

  test('an operation ends when its signal says so', async () => {
    await using server = await SyncServer.start()
    const a = await server.client('a.db')
    await a.pull()
    const abort = new AbortController()
    const waiting = a.pull({ longPollTimeoutMs: 30_000, signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await a.sync()
  })

  test('a pull waits for a write transaction of the application to end', async () => {
    await using server = await SyncServer.start()
    const a = await server.client('a.db')
    a.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
    await a.push()
    const b = await server.client('b.db', { retry: { attempts: 2, wait: async () => void b.exec('COMMIT') } })
    a.exec('INSERT INTO t VALUES (1)')
    await a.push()
    b.exec('BEGIN IMMEDIATE; INSERT INTO t VALUES (2)')
    expect(await b.pull()).toBe(true)
    expect(contentOf(b)).toEqual({ t: [{ a: 1n }, { a: 2n }] })
    b.exec('BEGIN IMMEDIATE; INSERT INTO t VALUES (3)')
    a.exec('INSERT INTO t VALUES (4)')
    await a.push()
    const impatient = { attempts: 1 }
    expect(impatient.attempts).toBe(1)
    b.exec('COMMIT')
    await b.sync()
    expect(contentOf(b)).toEqual({ t: [{ a: 1n }, { a: 2n }, { a: 3n }, { a: 4n }] })
  })
})

test(':memory: syncs too', async () => {
  await using server = await SyncServer.start()
  const a = await connect({ path: ':memory:', url: server.url() })
  const [{ file }] = a.exec('CREATE TABLE t (a)').pragma('database_list') as [{ file: string }]
  await a.sync()
  a.close()
  expect(existsSync(file)).toBe(false)
  expect(contentOf(await server.client('b.db'))).toEqual({ t: [] })
  rmSync(server.directory.file('b.db'), { force: true })
})
