import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { loadInfo } from '@tidemark/engine'
import BetterSqlite3 from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { connect } from '../src/index.ts'
import { contentOf, OwnSyncServer, SyncServer } from './sync-server.ts'

describe('opening', () => {
  test('connect downloads; new Database does it with the first sync method', async () => {
    await using server = new SyncServer()
    const a = await server.client('a.db')
    a.exec(`CREATE TABLE t (a); INSERT INTO t VALUES ('x')`)
    await a.push()
    const b = server.open('b.db')
    expect(b.open).toBe(false)
    expect(() => b.prepare('SELECT 1')).toThrow(
      expect.objectContaining({ code: 'TIDEMARK_NOT_CONNECTED' }) as Error,
    )
    await b.sync()
    expect(b.open).toBe(true)
    expect(contentOf(b)).toEqual({ t: [{ a: 'x' }] })
  })

  test('the operations that the first download was for tell of it as of something new, and do not wait for more', async () => {
    await using server = new SyncServer()
    const a = await server.client('a.db')
    a.exec('CREATE TABLE t (a)')
    await a.push()
    const b = server.open('b.db')
    const [pulled, synced] = await Promise.all([b.pull({ longPollTimeoutMs: 3_600_000 }), b.sync()])
    expect([pulled, synced.pull]).toEqual([true, true])
    expect(await b.pull()).toBe(false)
    const connected = await server.client('c.db')
    expect(await connected.pull()).toBe(false)
  })

  test.each(['fresh', 'pushed to before'])(
    "protocol: 'turso' on a Tidemark server that is %s: the first push says what to do, and that done nothing is lost",
    async (state) => {
      await using server = new SyncServer()
      const other = await server.client('other.db')
      if (state !== 'fresh') {
        other.exec('CREATE TABLE u (a)')
        await other.push()
      }
      const forced = await server.client('a.db', { protocol: 'turso' })
      forced.exec(`CREATE TABLE t (a); INSERT INTO t VALUES ('x')`)
      await expect(forced.push()).rejects.toMatchObject({
        name: 'NetworkError',
        code: 'TIDEMARK_REMOTE_FAILURE',
        recovery: 'operator',
        message: expect.stringContaining("protocol: 'auto'") as string,
      })
      expect(await forced.stats()).toMatchObject({ busyRetries: 0, cdcOperations: 2 })
      forced.close()
      expect(await server.open('a.db').push()).toMatchObject({ operations: 2 })
      await other.pull()
      expect(contentOf(other)).toMatchObject({ t: [{ a: 'x' }] })
    },
  )

  test('makes nothing where the names of the files beside the database would be too long', async () => {
    await using server = new SyncServer()
    const a = await server.client('a.db')
    await expect(server.client('x'.repeat(245))).rejects.toMatchObject({ code: 'TIDEMARK_NAME_TOO_LONG' })
    expect(readdirSync(dirname(a.name)).filter((name) => name.startsWith('x'))).toEqual([])
  })

  test('a first download ends when nobody waits for it any more', async () => {
    await using server = new SyncServer()
    const a = await server.client('a.db')
    a.exec('CREATE TABLE t (a)')
    await a.push()
    const requests: AbortSignal[] = []
    let isSilent = true
    const b = server.open('b.db', {
      fetch: async (input, init) => {
        const request = new Request(input, init)
        if (!isSilent) return await fetch(request)
        requests.push(request.signal)
        return await new Promise((_, reject) => {
          request.signal.addEventListener('abort', () => {
            reject(request.signal.reason as Error)
          })
        })
      },
    })
    const [first, second] = [new AbortController(), new AbortController()]
    const pull = b.pull({ signal: first.signal })
    const sync = b.sync({ signal: second.signal })
    await expect.poll(() => requests.length).toBe(1)
    first.abort(new Error('enough'))
    await expect(pull).rejects.toThrow('enough')
    expect(requests[0]!.aborted).toBe(false)
    second.abort(new Error('enough too'))
    await expect(sync).rejects.toThrow('enough too')
    expect(requests[0]!.aborted).toBe(true)
    isSilent = false
    await b.pull()
    expect(contentOf(b)).toEqual({ t: [] })
  })

  test('a folder that does not exist is said to be missing, with and without a URL', async () => {
    await using server = new SyncServer()
    const path = server.directory.file('nowhere/a.db')
    const missing = { code: 'TIDEMARK_NO_FOLDER', recovery: 'operator' }
    await expect(connect({ path, url: server.url() })).rejects.toMatchObject(missing)
    await expect(connect({ path, url: () => null })).rejects.toMatchObject(missing)
  })

  test.each(['refuse', 'adopt', 'replace'] as const)(
    'a folder in the place of the file is said to be none (existing: %s)',
    async (existing) => {
      await using server = new SyncServer()
      const folder = { path: server.directory.path, url: server.url(), existing }
      await expect(connect(folder)).rejects.toMatchObject({
        code: 'TIDEMARK_NOT_A_DATABASE',
        message: expect.stringContaining('is not a file') as string,
      })
    },
  )

  test.each(['refuse', 'adopt', 'replace'] as const)(
    'a file that is no database is left as it is (existing: %s)',
    async (existing) => {
      await using server = new SyncServer()
      const path = server.directory.file('holiday.jpg')
      writeFileSync(path, 'a photograph')
      await expect(connect({ path, url: server.url(), existing })).rejects.toMatchObject({
        code: 'TIDEMARK_NOT_A_DATABASE',
        message: expect.stringContaining('was left as it is') as string,
      })
      expect(readFileSync(path, 'utf8')).toBe('a photograph')
    },
  )

  test('a restart needs no network: rows, what is pending and the saved URL are there', async () => {
    await using server = await OwnSyncServer.start()
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
    await using server = new SyncServer()
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
    expect(contentOf(b)).toEqual({
      t: [
        { a: 1n, b: 'remote' },
        { a: 2n, b: 'local' },
      ],
    })
    url = null
    await expect(b.pull()).rejects.toMatchObject(paused)
  })

  test('an ordinary SQLite file is refused, adopted or replaced, as asked', async () => {
    await using server = new SyncServer()
    const path = server.directory.file('own.db')
    const plain = new BetterSqlite3(path)
    plain.exec(
      `CREATE TABLE own (a INTEGER PRIMARY KEY); INSERT INTO own VALUES (1), (2); CREATE INDEX i ON own (a)`,
    )
    plain.close()
    const bytes = readFileSync(path)
    await expect(connect({ path, url: server.url() })).rejects.toMatchObject({
      name: 'StateError',
      code: 'TIDEMARK_NOT_SYNCED',
      message: expect.stringContaining("existing: 'adopt'") as string,
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

  test('a file with its text in UTF-16 is not adopted, and left as it was', async () => {
    await using server = new SyncServer()
    const path = server.directory.file('wide.db')
    const plain = new BetterSqlite3(path)
    plain.exec(`PRAGMA encoding = 'UTF-16'; CREATE TABLE own (a); INSERT INTO own VALUES ('ä')`)
    plain.close()
    const bytes = readFileSync(path)
    await expect(connect({ path, url: server.url(), existing: 'adopt' })).rejects.toMatchObject({
      code: 'TIDEMARK_ENCODING',
      message: expect.stringContaining('.dump') as string,
    })
    expect(readFileSync(path).equals(bytes)).toBe(true)
    expect(existsSync(`${path}-info`)).toBe(false)
  })

  test('a relative path is the same file when the process has moved to another folder', async () => {
    await using server = new SyncServer()
    const folder = process.cwd()
    process.chdir(server.directory.path)
    try {
      const db = server.open('a.db', { path: 'relative.db' })
      await db.connect()
      mkdirSync('below')
      process.chdir('below')
      db.exec('CREATE TABLE t (a)')
      await db.sync()
      await db.checkpoint()
      await db.reset()
      db.close()
      expect(existsSync('relative.db-info')).toBe(false)
      expect(loadInfo(`../relative.db-info`)).toMatchObject({ url: server.url() })
    } finally {
      process.chdir(folder)
    }
  })

  test('a symbolic link is the file that it leads to', async () => {
    await using server = new SyncServer()
    const a = await server.client('a.db')
    const link = server.directory.file('link.db')
    symlinkSync(server.directory.file('a.db'), link)
    const b = server.open('link.db')
    a.exec('CREATE TABLE t (a INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)')
    b.exec('INSERT INTO t VALUES (2)')
    await Promise.all([a.sync(), b.sync()])
    b.exec('INSERT INTO t VALUES (3)')
    expect(await a.push()).toMatchObject({ operations: 1 })
    expect(existsSync(`${link}-info`)).toBe(false)
    expect(b.name).toBe(link)
  })

  test.each([
    ['downloaded', true],
    ['made', false],
  ])('a link to a file that is not there yet: it is %s where the link leads to', async (_, isOnline) => {
    await using server = new SyncServer()
    const [target, link] = [server.directory.file('data/a.db'), server.directory.file('link.db')]
    mkdirSync(server.directory.file('data'))
    symlinkSync('data/a.db', link)
    const options = isOnline ? {} : { url: () => null }
    const db = server.open('link.db', options)
    if (isOnline) await db.connect()
    db.exec('CREATE TABLE t (a)')
    db.close()
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
    expect(existsSync(`${target}-info`)).toBe(true)
    const again = server.open('link.db', options)
    expect(again.prepare('SELECT count(*) FROM t').pluck().get()).toBe(0)
  })

  test('a path that better-sqlite3 would cut is refused', async () => {
    const option = { code: 'TIDEMARK_OPTIONS', option: 'path' }
    await expect(connect({ path: 'notes.db ', url: () => null })).rejects.toMatchObject(option)
  })

  test('the URL is saved beside the file', async () => {
    await using server = new SyncServer()
    const path = server.directory.file('a.db')
    const first = await connect({ path, url: server.url('one') })
    first.exec('CREATE TABLE t (a)')
    await first.sync()
    first.close()
    expect(loadInfo(`${path}-info`)).toMatchObject({ url: server.url('one') })
  })
})

test(':memory: syncs too', async () => {
  await using server = new SyncServer()
  const a = await connect({ path: ':memory:', url: server.url() })
  const [{ file }] = a.exec('CREATE TABLE t (a)').pragma('database_list') as [{ file: string }]
  await a.sync()
  a.close()
  expect(existsSync(file)).toBe(false)
  expect(contentOf(await server.client('b.db'))).toEqual({ t: [] })
})
