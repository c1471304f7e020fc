import { initProtocol } from '@tidemark/protocol'
import { beforeAll, describe, expect, test } from 'vitest'
import { Database } from '../src/index.ts'
import { damagePage, damageSchema, DamagingFetch } from './damaging-fetch.ts'
import { contentOf, SyncServer } from './sync-server.ts'

beforeAll(initProtocol)

const damaged = { name: 'StateError', code: 'TIDEMARK_BASE_DAMAGED', recovery: 'reset' }
const bodies = (db: Database): unknown[] => db.prepare('SELECT body FROM note ORDER BY body').pluck().all()

interface Clients {
  readonly a: Database
  /** Has something pending, and is about to pull something damaged. */
  readonly b: Database
  readonly lies: DamagingFetch
  readonly rootOf: (table: string) => number
}

/** Rows have no key, so that one which is pushed twice is there twice. */
async function clients(server: SyncServer): Promise<Clients> {
  const lies = new DamagingFetch()
  const a = await server.client('a.db')
  a.exec('CREATE TABLE note (body TEXT); CREATE TABLE other (id INTEGER PRIMARY KEY, body TEXT)')
  await a.sync()
  const b = await server.client('b.db', { fetch: lies.fetch })
  b.exec(`INSERT INTO note VALUES ('pushed')`)
  await b.push()
  b.exec(`INSERT INTO note VALUES ('pending')`)
  a.exec(`INSERT INTO note VALUES ('remote')`)
  await a.sync()
  const rootOf = (table: string): number =>
    a.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').pluck().get(table) as number
  return { a, b, lies, rootOf }
}

async function expectWhole(a: Database, b: Database, expected: readonly string[]): Promise<void> {
  expect(bodies(b)).toEqual(expected)
  expect(b.pragma('integrity_check', { simple: true })).toBe('ok')
  b.exec(`INSERT INTO note VALUES ('x later')`)
  await b.sync()
  await a.sync()
  expect(bodies(a)).toEqual([...expected, 'x later'])
  expect(contentOf(b)).toEqual(contentOf(a))
  expect((await b.stats()).cdcOperations).toBe(0)
}

describe.each([
  ['schema page', () => damageSchema],
  ['table root', ({ rootOf }: Clients) => damagePage(rootOf('note'))],
] as const)('a server that sends a damaged %s', (_, damageOf) => {
  test.for([
    [true, ['pending', 'pushed', 'remote']],
    [false, ['pushed', 'remote']],
  ] as const)('stops everything but a reset({ keepPending: %s })', async ([keepPending, expected]) => {
    await using server = new SyncServer()
    const made = await clients(server)
    const { a, b, lies } = made
    const insert = b.prepare('INSERT INTO other (body) VALUES (1)')
    lies.damage = damageOf(made)
    await expect(b.pull()).rejects.toMatchObject(damaged)
    await expect(b.sync()).rejects.toMatchObject(damaged)
    await expect(b.connect()).rejects.toMatchObject(damaged)
    await expect(b.stats()).rejects.toMatchObject(damaged)
    expect(() => b.prepare('SELECT 1')).toThrow(expect.objectContaining(damaged))
    expect(() => insert.run()).toThrow()
    expect(b.open).toBe(false)
    await expect(b.reset({ keepPending: true })).rejects.toMatchObject(damaged)
    lies.damage = null
    await b.reset({ keepPending })
    insert.run()
    await expectWhole(a, b, expected)
  })

  test.for([
    [true, ['pending', 'pushed', 'remote']],
    [false, ['pushed', 'remote']],
  ] as const)(
    'can be got over after the file was opened again, reset({ keepPending: %s })',
    async ([keepPending, expected]) => {
      await using server = new SyncServer()
      const made = await clients(server)
      made.lies.damage = damageOf(made)
      await expect(made.b.pull()).rejects.toMatchObject(damaged)
      made.b.close()
      const again = server.open('b.db')
      expect(again.open).toBe(false)
      expect(() => again.prepare('SELECT 1')).toThrow(expect.objectContaining(damaged))
      await expect(again.connect()).rejects.toMatchObject(damaged)
      await expect(again.push()).rejects.toMatchObject(damaged)
      await again.reset({ keepPending })
      await expectWhole(made.a, again, expected)
      again.close()
      const third = await server.client('b.db')
      expect(bodies(third)).toEqual([...expected, 'x later'])
    },
  )

  test('can be got over where the file is opened with the URL of last time', async () => {
    await using server = new SyncServer()
    const made = await clients(server)
    made.lies.damage = damageOf(made)
    await expect(made.b.pull()).rejects.toMatchObject(damaged)
    made.b.close()
    const again = new Database({ path: server.directory.file('b.db') })
    await expect(again.connect()).rejects.toMatchObject(damaged)
    await again.reset()
    await expectWhole(made.a, again, ['pending', 'pushed', 'remote'])
    again.close()
  })

  test('is got over by one of two that have the file open, and the other goes on', async () => {
    await using server = new SyncServer()
    const made = await clients(server)
    const { a, b, lies } = made
    const other = await server.client('b.db')
    lies.damage = damageOf(made)
    await expect(b.pull()).rejects.toMatchObject(damaged)
    await expect(other.pull()).rejects.toMatchObject(damaged)
    lies.damage = null
    await other.reset()
    await b.pull()
    expect(bodies(b)).toEqual(['pending', 'pushed', 'remote'])
    await expectWhole(a, other, ['pending', 'pushed', 'remote'])
  })
})

test('damage in a table that nothing pending is in shows when it is read, and a reset mends it', async () => {
  await using server = new SyncServer()
  const { a, b, lies, rootOf } = await clients(server)
  lies.damage = damagePage(rootOf('other'))
  await b.pull()
  expect(() => b.prepare('SELECT * FROM other').all()).toThrow(
    expect.objectContaining({ code: 'SQLITE_CORRUPT' }),
  )
  lies.damage = null
  await b.reset()
  await expectWhole(a, b, ['pending', 'pushed', 'remote'])
})

test('a first download that is damaged is got over by a reset without what is pending', async () => {
  await using server = new SyncServer()
  const { a, lies } = await clients(server)
  lies.damage = damageSchema
  const c = server.open('c.db', { fetch: lies.fetch })
  await expect(c.connect()).rejects.toMatchObject(damaged)
  lies.damage = null
  await expect(c.reset()).rejects.toMatchObject({
    ...damaged,
    message: expect.stringContaining('reset({ keepPending: false })') as unknown,
  })
  await c.reset({ keepPending: false })
  await expectWhole(a, c, ['pushed', 'remote'])
})
