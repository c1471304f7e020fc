import { existsSync } from 'node:fs'
import BetterSqlite3 from 'better-sqlite3'
import { expect, test } from 'vitest'
import type { Database } from '../src/index.ts'
import { contentOf, SyncServer } from './sync-server.ts'

/** A client with something pending, behind a server that has more. */
async function behind(
  server: SyncServer,
  options: Parameters<SyncServer['client']>[1] = {},
): Promise<Database[]> {
  const a = await server.client('a.db')
  a.exec(`CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT); CREATE TABLE log (line TEXT);
    CREATE TRIGGER note_log AFTER INSERT ON note BEGIN INSERT INTO log VALUES (new.body); END`)
  await a.push()
  const b = await server.client('b.db', options)
  a.exec(`INSERT INTO note VALUES (1, 'remote')`)
  await a.push()
  b.exec(`INSERT INTO note VALUES (2, 'pending')`)
  return [a, b]
}

const bodies = (db: Database): unknown[] => db.prepare('SELECT body FROM note ORDER BY id').pluck().all()

test.for([
  [true, ['remote', 'pending']],
  [false, ['remote']],
] as const)('reset({ keepPending: %s }): all pages anew', async ([keepPending, expected]) => {
  await using server = new SyncServer()
  const [a, b] = (await behind(server)) as [Database, Database]
  const select = b.prepare('SELECT count(*) FROM note').pluck()
  const { pagesPulled } = await b.stats()
  await b.reset({ keepPending })
  expect((await b.stats()).pagesPulled - pagesPulled).toBeGreaterThan(4)
  expect(bodies(b)).toEqual(expected)
  expect(select.get()).toBe(expected.length)
  expect(b.prepare('SELECT count(*) FROM log').pluck().get()).toBe(expected.length)
  expect((await b.stats()).cdcOperations).toBe(keepPending ? 2 : 0)
  b.exec(`INSERT INTO note VALUES (3, 'later')`)
  await b.sync()
  await a.sync()
  expect(bodies(a)).toEqual([...expected, 'later'])
  expect(contentOf(a)).toEqual(contentOf(b))
})

test('a reset that fails on the way leaves the replica as it was', async () => {
  await using server = new SyncServer()
  let cut = false
  const cutting: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    if (!cut || !(input as Request).url.endsWith('/pull-updates')) return response
    return new Response((await response.arrayBuffer()).slice(0, 300), { headers: response.headers })
  }
  const [a, b] = (await behind(server, { fetch: cutting, retry: { attempts: 1 } })) as [Database, Database]
  const before = contentOf(b)
  cut = true
  await expect(b.reset({ keepPending: false })).rejects.toMatchObject({ name: 'ProtocolError' })
  expect(contentOf(b)).toEqual(before)
  expect((await b.stats()).cdcOperations).toBe(2)
  expect(existsSync(server.directory.file('b.db-changes'))).toBe(false)
  cut = false
  await b.sync()
  await a.sync()
  expect(contentOf(a)).toEqual(contentOf(b))
  expect(bodies(a)).toEqual(['remote', 'pending'])
})

test('a reset works when another program has checkpointed the file, and after the database was created again', async () => {
  await using server = new SyncServer()
  const [a, b] = (await behind(server)) as [Database, Database]
  b.close()
  const foreign = new BetterSqlite3(server.directory.file('b.db'))
  foreign.exec(`INSERT INTO note VALUES (5, 'foreign'); PRAGMA wal_checkpoint(TRUNCATE)`)
  foreign.close()
  const again = server.open('b.db')
  await again.reset()
  expect(bodies(again)).toEqual(['remote', 'pending', 'foreign'])
  await fetch(server.url().replace('/db/', '/admin/v1/databases/'), { method: 'DELETE' })
  await again.reset({ keepPending: false })
  expect(contentOf(again)).toEqual({})
  await a.reset({ keepPending: false })
  again.exec('CREATE TABLE fresh (x)')
  await again.sync()
  await a.sync()
  expect(contentOf(a)).toEqual({ fresh: [] })
  expect(contentOf(again)).toEqual({ fresh: [] })
})

test('reset checks its options', async () => {
  await using server = new SyncServer()
  const db = await server.client('a.db')
  await expect(db.reset({ keepPending: 1 } as never)).rejects.toMatchObject({ code: 'TIDEMARK_OPTIONS' })
  await expect(db.reset({ keep: true } as never)).rejects.toMatchObject({ code: 'TIDEMARK_OPTIONS' })
})
