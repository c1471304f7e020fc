import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import BetterSqlite3 from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { connect, Database } from '../src/index.ts'
import { LoopbackServer } from './loopback-server.ts'
import { OwnSyncServer } from './sync-server.ts'
import { TemporaryDirectory } from './temporary-directory.ts'

describe('what cannot work leaves the files as they were, and says why (I8)', () => {
  async function failureOf(url: string): Promise<{ error: unknown; files: string[] }> {
    using directory = new TemporaryDirectory()
    const error = await connect({
      path: directory.file('a.db'),
      url,
      retry: { attempts: 2, delayMs: 0 },
      timeoutMs: 2000,
    }).then(
      (db) => db.close(),
      (thrown: unknown) => thrown,
    )
    // The lock stays: another process may be waiting for it, and must not wait for another file than a third one.
    return { error, files: readdirSync(directory.path).filter((name) => name !== 'a.db-lock') }
  }

  test('a server that is down', async () => {
    const loopback = await LoopbackServer.start(() => undefined)
    const { url } = loopback
    await loopback[Symbol.asyncDispose]()
    expect(await failureOf(url)).toMatchObject({
      error: { name: 'NetworkError', code: 'TIDEMARK_NETWORK' },
      files: [],
    })
  })

  test('a wrong URL', async () => {
    await using server = await OwnSyncServer.start({ autoCreate: false })
    expect(await failureOf(server.url('nope'))).toMatchObject({
      error: { name: 'NetworkError', code: 'TIDEMARK_NO_SUCH_DATABASE', recovery: 'operator' },
      files: [],
    })
  })

  test('a web page', async () => {
    await using loopback = await LoopbackServer.start((_request, response) =>
      response.setHeader('content-type', 'text/html').end('<h1>Welcome</h1>'),
    )
    expect(await failureOf(loopback.url)).toMatchObject({
      error: { name: 'ProtocolError', code: 'TIDEMARK_NOT_A_SYNC_SERVER' },
      files: [],
    })
  })

  test('a signal that is none', async () => {
    await using server = await OwnSyncServer.start()
    const db = await server.client('a.db')
    const options = { signal: new AbortController() as unknown as AbortSignal }
    for (const run of [
      () => db.push(options),
      () => db.pull(options),
      () => db.sync(options),
      () => db.reset(options),
    ])
      await expect(run()).rejects.toMatchObject({ code: 'TIDEMARK_OPTIONS', option: 'signal' })
  })

  test('more than the server takes in one push; with smaller batches it goes', async () => {
    await using server = await OwnSyncServer.start({ maxPushBytes: 100_000 })
    const db = await server.client('a.db')
    db.exec('CREATE TABLE t (a BLOB)')
    // Without BEGIN those of one millisecond would go together.
    const insert = db.transaction(() => db.exec('INSERT INTO t VALUES (randomblob(10000))'))
    for (let row = 0; row < 60; row += 1) insert()
    const message = expect.stringContaining('pushOperationsThreshold') as string
    await expect(db.push()).rejects.toMatchObject({ name: 'LimitError', recovery: 'operator', message })
    db.close()
    const patient = await server.client('a.db', { pushOperationsThreshold: 5 })
    expect(await patient.pending()).toHaveLength(61)
    expect(await patient.push()).toMatchObject({ operations: 61 })
  })

  test('a row that is too large by itself; once it is discarded the rest goes', async () => {
    await using server = await OwnSyncServer.start({ maxPushBytes: 100_000 })
    const db = await server.client('a.db', { onRejected: 'quarantine' })
    db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB)')
    db.exec('INSERT INTO t VALUES (1, 1), (2, randomblob(200000))')
    const message = expect.stringContaining('discard()') as string
    await expect(db.push()).rejects.toMatchObject({ name: 'LimitError', message })
    expect(await db.discard({ table: 't', key: [2] })).toBe(1)
    expect(await db.push()).toMatchObject({ operations: 2 })
    expect(db.prepare('SELECT a FROM t').pluck().all()).toEqual([1])
  })

  test('somebody else’s JSON', async () => {
    await using loopback = await LoopbackServer.start((_request, response) =>
      response.setHeader('content-type', 'application/json').end('{"success":false}'),
    )
    const message = expect.stringContaining(`${loopback.url}/tidemark`) as string
    expect(await failureOf(loopback.url)).toMatchObject({
      error: { name: 'ProtocolError', message },
      files: [],
    })
  })

  test.each([
    ['text/plain', 'please log in', /answered with text\/plain: please log in: this is not a sync server/],
    [
      'application/json; charset=utf-8',
      '{"error":"who are you?"}',
      /with application\/json; .*: who are you\?: /,
    ],
    ['application/octet-stream', 'please log in', /cannot be used/],
  ])('somebody else who answers with %s, and who that is', async (type, text, message) => {
    await using loopback = await LoopbackServer.start((_request, response) =>
      response.setHeader('content-type', type).end(text),
    )
    using directory = new TemporaryDirectory()
    const retry = { attempts: 1 }
    const path = directory.file('a.db')
    const offline = new Database({ path, url: () => null, retry })
    offline.exec('CREATE TABLE t (a)')
    offline.close()
    const db = new Database({ path, url: loopback.url, protocol: 'tidemark', retry })
    for (const [endpoint, run] of [
      ['push-changes', () => db.push()],
      ['pull-updates', () => db.pull()],
    ] as const) {
      const error: unknown = await run().catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({
        name: 'ProtocolError',
        message: expect.stringMatching(message) as string,
      })
      expect(String(error)).toContain(`${loopback.url}/${endpoint}`)
    }
    expect(await db.pending()).toHaveLength(1)
    db.close()
  })

  test.each([
    ['null', null],
    ['results that are none', [null, null, null, null, null]],
    ['results without a response', Array.from({ length: 5 }, () => ({ type: 'ok' }))],
    ['results without rows', answers({})],
    ['rows that are none', answers({ cols: [], rows: [7] })],
    ['values that are none', answers({ cols: [], rows: [[null]] })],
    ['integers that are none', answers({ cols: [], rows: [[{ type: 'integer', value: 'x' }]] })],
    ['texts that are none', answers({ cols: [], rows: [[{ type: 'text', value: 7 }]] })],
  ])('somebody else who answers to SQL with %s', async (_, results) => {
    await using loopback = await LoopbackServer.start((_request, response) =>
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ results })),
    )
    using directory = new TemporaryDirectory()
    const path = directory.file('a.db')
    const offline = new Database({ path, url: () => null })
    offline.exec('CREATE TABLE t (a)')
    offline.close()
    const db = new Database({ path, url: loopback.url, protocol: 'turso', retry: { attempts: 1 } })
    await expect(db.push()).rejects.toMatchObject({ name: 'ProtocolError' })
    expect(await db.pending()).toHaveLength(1)
    db.close()
  })

  test('a server that is another kind of server', async () => {
    await using loopback = await LoopbackServer.start((_request, response) => response.writeHead(404).end())
    expect(await failureOf(loopback.url)).toMatchObject({
      error: { name: 'NetworkError', code: 'TIDEMARK_NOT_FOUND' },
      files: [],
    })
  })

  test('a wrong token', async () => {
    await using loopback = await LoopbackServer.start((_request, response) => response.writeHead(401).end())
    expect(await failureOf(loopback.url)).toMatchObject({
      error: { name: 'AuthError', code: 'TIDEMARK_AUTH' },
      files: [],
    })
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
    writeFileSync(
      directory.file('text.db'),
      'this is not a database, but long enough to be taken for one '.repeat(100),
    )
    const big = new BetterSqlite3(directory.file('big.db'))
    big.pragma('page_size = 8192')
    big.exec('CREATE TABLE t (a)')
    big.close()
    new Database({ path: directory.file('ok.db'), url: () => null }).close()
    writeFileSync(directory.file('ok.db-info'), '{"format": 1, "clientId": ')
    expect(refused('text.db')).toBe('TIDEMARK_NOT_A_DATABASE')
    expect(refused('text.db', { existing: 'adopt' })).toBe('TIDEMARK_NOT_A_DATABASE')
    expect(refused('big.db', { existing: 'adopt' })).toBe('TIDEMARK_PAGE_SIZE')
    expect(refused('ok.db')).toBe('TIDEMARK_INFO_DAMAGED')
  })
})

/** Five answers of a pipeline with the same result. */
function answers(result: object): object[] {
  return Array.from({ length: 5 }, () => ({ type: 'ok', response: { type: 'execute', result } }))
}
