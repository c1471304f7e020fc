import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { initProtocol } from '@tidemark/protocol'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { DatabaseDescription } from '../src/admin/databases.ts'
import { pull } from './pull-client.ts'
import { CREATE_ITEMS, encodePush, schemaChange } from './push-client.ts'
import {
  execute,
  pipeline,
  postJson,
  rawRequest,
  run,
  startServer,
  temporaryDirectory,
} from './running-server.ts'
import type { RunningServer } from './running-server.ts'

let server: RunningServer

beforeAll(async () => {
  await initProtocol()
})

afterEach(async () => {
  await server.close()
})

async function list(): Promise<string[]> {
  const response = await fetch(`${server.url}/admin/v1/databases`)
  const { databases } = (await response.json()) as { databases: DatabaseDescription[] }
  return databases.map(({ name }) => name)
}

async function metric(name: string): Promise<number> {
  const response = await fetch(`${server.url}/metrics`)
  return Number(new RegExp(`^tidemark_${name} (\\d+)$`, 'm').exec(await response.text())?.[1])
}

const pendingCalls = async (): Promise<number> => metric('worker_calls_pending')
/** That for the number is one of them. */
const requestsInFlight = async (): Promise<number> => metric('requests_in_flight')

describe('/admin/v1/databases', () => {
  test('creates, lists, shows and destroys', async () => {
    server = await startServer()
    const created = await postJson<DatabaseDescription>(`${server.url}/admin/v1/databases`, { name: 'notes' })
    expect(created).toMatchObject({ status: 201, body: { name: 'notes', sizeInPages: 1 } })
    expect(created.body.id).toMatch(/^[0-9a-f]{32}$/)
    await run(`${server.url}/db/notes`, 'CREATE TABLE t (x)')
    await server.create('a')
    expect(await list()).toEqual(['a', 'notes'])
    const shown = await fetch(`${server.url}/admin/v1/databases/notes`)
    expect(await shown.json()).toMatchObject({ id: created.body.id, sizeInPages: 2 })
    expect((await fetch(`${server.url}/admin/v1/databases/notes`, { method: 'DELETE' })).status).toBe(204)
    expect(await list()).toEqual(['a'])
    expect((await fetch(`${server.url}/db/notes/tidemark`)).status).toBe(404)
    expect((await fetch(`${server.url}/admin/v1/databases/notes`, { method: 'DELETE' })).status).toBe(404)
    expect(readdirSync(join(server.data, 'databases'))).toHaveLength(1)
  })

  test('what arrives slowly for a database that is deleted meanwhile is not for the one that has its name then', async () => {
    server = await startServer()
    await server.create('slow')
    const body = encodePush({}, [schemaChange(1, CREATE_ITEMS)])
    const socket = connect(server.port, '127.0.0.1')
    socket.write(`POST /db/slow/push-changes HTTP/1.1\r\nhost: x\r\n`)
    socket.write(`connection: close\r\ncontent-length: ${body.length}\r\n\r\n`)
    socket.write(body.subarray(0, 10))
    await expect.poll(requestsInFlight).toBe(2)
    await fetch(`${server.url}/admin/v1/databases/slow`, { method: 'DELETE' })
    const database = await server.create('slow')
    socket.write(body.subarray(10))
    expect(await textOf(socket)).toMatch(/^HTTP\/1.1 503 [^]+ deleted meanwhile/)
    expect(await run(database, 'SELECT name FROM sqlite_schema')).toEqual([])
    expect(server.logs).not.toContainEqual(expect.objectContaining({ level: 50 }))
  })

  test('databases that are deleted while they are listed are left out', async () => {
    const data = temporaryDirectory()
    server = await startServer({ data })
    const names = Array.from({ length: 20 }, (_, index) => `n${10 + index}`)
    for (const name of names) await server.create(name)
    await server.close()
    // Each has to be opened again, a few at a time.
    server = await startServer({ data })
    const deletion = `${server.url}/admin/v1/databases/n29`
    const [listed] = await Promise.all([list(), fetch(deletion, { method: 'DELETE' })])
    expect(listed).toEqual(names.slice(0, -1))
    rmSync(data, { recursive: true })
  })

  test('one that cannot be opened is listed with the reason, and does not hide the others', async () => {
    const data = temporaryDirectory()
    server = await startServer({ data })
    for (const name of ['good', 'spoilt']) await server.create(name)
    const { id } = (await (
      await fetch(`${server.url}/admin/v1/databases/spoilt`)
    ).json()) as DatabaseDescription
    await server.close()
    writeFileSync(
      join(data, 'databases', id, 'main.db'),
      'no database, and longer than a header of one'.repeat(200),
    )
    server = await startServer({ data })
    const response = await fetch(`${server.url}/admin/v1/databases`)
    expect(await response.json()).toMatchObject({
      databases: [
        { name: 'good', sizeInPages: 1 },
        { name: 'spoilt', id, error: { message: expect.any(String) as string } },
      ],
    })
    expect(server.logs).toContainEqual(expect.objectContaining({ level: 50, database: 'spoilt' }))
    rmSync(data, { recursive: true })
  })

  test('a database created again under its name does not know the revisions of the old one', async () => {
    server = await startServer()
    const database = await server.create('again')
    await run(database, 'CREATE TABLE t (x)', 'INSERT INTO t VALUES (1)')
    const old = await pull(database, 'turso')
    await fetch(`${server.url}/admin/v1/databases/again`, { method: 'DELETE' })
    await server.create('again')
    await run(database, 'CREATE TABLE other (x)', 'CREATE TABLE more (x)', 'CREATE TABLE most (x)')
    const fresh = await pull(database, 'turso', { clientRevision: old.revision }, old.pages)
    expect(fresh.pages.size).toBe(fresh.sizeInPages)
  })

  test('a database that cannot be destroyed is there again, and can be destroyed later', async () => {
    server = await startServer()
    const database = await server.create('notes')
    await run(database, 'CREATE TABLE t (x)', 'INSERT INTO t VALUES (1)')
    const { id } = (await (await fetch(`${server.url}/admin/v1/databases/notes`)).json()) as { id: string }
    const inTheWay = join(server.data, 'databases', `.destroyed-${id}`)
    mkdirSync(inTheWay)
    writeFileSync(join(inTheWay, 'file'), '')
    const destroy = async (): Promise<number> =>
      (await fetch(`${server.url}/admin/v1/databases/notes`, { method: 'DELETE' })).status
    expect(await destroy()).toBe(500)
    expect(await run(database, 'SELECT count(*) FROM t')).toEqual([[1]])
    rmSync(inTheWay, { recursive: true })
    expect([await destroy(), await destroy()]).toEqual([204, 404])
  })

  test('destroying ends streams and long polls', async () => {
    server = await startServer()
    const database = await server.create('busy')
    const { revision } = await pull(database, 'turso')
    const { baton } = await pipeline(database, [execute('BEGIN IMMEDIATE')])
    const waiting = pull(database, 'turso', { clientRevision: revision, longPollTimeoutMs: 60_000 }).catch(
      String,
    )
    await expect.poll(pendingCalls).toBe(1)
    await fetch(`${server.url}/admin/v1/databases/busy`, { method: 'DELETE' })
    await expect(pipeline(database, [execute('COMMIT')], { baton })).rejects.toThrow('404')
    await waiting
  })
})

describe('which database', () => {
  test('by path, by host label, or the root database', async () => {
    server = await startServer({ rootDatabase: 'main', hostDomains: ['localhost', 'sync.example.com'] })
    await server.create('notes')
    const nameAt = async (path: string, host: string): Promise<unknown> => {
      const { status, body } = await rawRequest(server.port, path, { headers: { host } })
      return status === 200 ? (JSON.parse(body) as { database: string }).database : status
    }
    expect(await nameAt('/tidemark', '127.0.0.1')).toBe('main')
    expect(await nameAt('/db/notes/tidemark', '127.0.0.1')).toBe('notes')
    expect(await nameAt('/tidemark', 'notes.localhost:8080')).toBe('notes')
    expect(await nameAt('/tidemark', 'NOTES.sync.example.com')).toBe('notes')
    expect(await nameAt('/tidemark', 'missing.localhost')).toBe(404)
    expect(await nameAt('/tidemark', 'a.notes.localhost')).toBe('main')
    expect(await nameAt('/db/main/tidemark', 'notes.localhost')).toBe('main')
  })

  test('without a root database there is nothing at the root', async () => {
    server = await startServer()
    expect((await fetch(`${server.url}/tidemark`)).status).toBe(404)
  })

  test('a database is made on first use where that is configured', async () => {
    server = await startServer({ autoCreate: true })
    const database = `${server.url}/db/fresh`
    const [first, second] = await Promise.all([run(database, 'SELECT 1'), run(database, 'SELECT 2')])
    expect([first, second]).toEqual([[[1]], [[2]]])
    expect(await list()).toEqual(['fresh'])
  })
})

describe('the data directory', () => {
  test('databases are there after a restart, with their revisions', async () => {
    const data = temporaryDirectory()
    server = await startServer({ data })
    const database = await server.create('kept')
    await run(database, 'CREATE TABLE t (x)', 'INSERT INTO t VALUES (1)')
    const before = await pull(database, 'turso')
    await server.close()
    server = await startServer({ data })
    const again = `${server.url}/db/kept`
    expect(await run(again, 'SELECT x FROM t')).toEqual([[1]])
    const same = await pull(again, 'turso', { clientRevision: before.revision })
    expect(same).toMatchObject({ revision: before.revision, pages: new Map() })
    await run(again, 'INSERT INTO t VALUES (2)')
    const delta = await pull(again, 'turso', { clientRevision: before.revision })
    expect(delta.pages.size).toBe(1)
    await server.close()
    rmSync(data, { recursive: true })
  })

  test('what a crash left unfinished is cleared away', async () => {
    const data = temporaryDirectory()
    for (const name of ['.new-1', '.destroyed-2']) {
      mkdirSync(join(data, 'databases', name), { recursive: true })
      writeFileSync(join(data, 'databases', name, 'main.db'), 'x')
    }
    mkdirSync(join(data, 'spool'))
    writeFileSync(join(data, 'spool', 'x.push'), 'x')
    server = await startServer({ data })
    expect(await list()).toEqual([])
    expect(existsSync(join(data, 'spool', 'x.push'))).toBe(false)
    expect(readdirSync(join(data, 'databases'))).toEqual([])
    await server.close()
    rmSync(data, { recursive: true })
  })

  test('a second server on it is refused', async () => {
    server = await startServer()
    await expect(startServer({ data: server.data })).rejects.toMatchObject({ code: 'TIDEMARK_BUSY' })
  })

  test('a directory that belongs to another id is refused', async () => {
    const data = temporaryDirectory()
    server = await startServer({ data })
    await server.create('one')
    await server.close()
    const [id] = readdirSync(join(data, 'databases'))
    const record = { format: 1, id: '0'.repeat(32), name: 'one', createdAt: new Date().toISOString() }
    writeFileSync(join(data, 'databases', id!, 'database.json'), JSON.stringify(record))
    await expect(startServer({ data })).rejects.toMatchObject({ code: 'TIDEMARK_CATALOG' })
    rmSync(data, { recursive: true })
  })
})

describe('shutting down', () => {
  test('long polls are answered, not cut off', async () => {
    server = await startServer()
    const database = await server.create('poll')
    const { revision } = await pull(database, 'turso')
    const waiting = pull(database, 'turso', { clientRevision: revision, longPollTimeoutMs: 60_000 })
    await expect.poll(pendingCalls).toBe(1)
    await server.close()
    expect(await waiting).toMatchObject({ revision, pages: new Map() })
  })

  test('logs are JSON lines with what was asked and what was answered', async () => {
    server = await startServer({ logLevel: 'info' })
    await server.create('logged')
    await fetch(`${server.url}/db/logged/tidemark?secret=1`)
    await expect
      .poll(() => server.logs.find(({ path }) => path === '/db/logged/tidemark'))
      .toMatchObject({ msg: 'request', method: 'GET', status: 200 })
    expect(JSON.stringify(server.logs)).not.toContain('secret')
  })
})

test('/metrics tells how late the event loop is, since the last time', async () => {
  server = await startServer()
  const text = await (await fetch(`${server.url}/metrics`)).text()
  for (const quantile of ['0.5', '0.99', '1'])
    expect(text).toMatch(
      new RegExp(
        `^tidemark_event_loop_delay_seconds\\{quantile="${quantile}"\\} \\d+(\\.\\d+)?(e-\\d+)?$`,
        'm',
      ),
    )
})
