import { TapProxy } from '@tidemark/testkit'
import type { DatabaseOpts } from '@tursodatabase/sync'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clientProcess } from '../peers/client-process.ts'
import { expectConverged, TidemarkForTurso, tursoContents, tursoRows } from '../peers/turso-client.ts'
import type { TursoClients } from '../peers/turso-client.ts'
import { fill, ROWS, takePulls } from './lazy-pages.ts'

type Partial = NonNullable<DatabaseOpts['partialSyncExperimental']>

const KIB = 1024
const PREFIX: Partial = { bootstrapStrategy: { kind: 'prefix', length: 64 * KIB } }
const FEW = 'SELECT * FROM item WHERE id BETWEEN 900 AND 910'
const QUERY: Partial = { bootstrapStrategy: { kind: 'query', query: FEW }, segmentSize: 16 * KIB }

const strategies: readonly (readonly [string, Partial])[] = [
  ['prefix', PREFIX],
  ['prefix, small segments, prefetch', { ...PREFIX, segmentSize: 32 * KIB, prefetch: true }],
  ['query', QUERY],
]

let tidemark: TidemarkForTurso
beforeAll(async () => {
  tidemark = await TidemarkForTurso.start()
})
afterAll(async () => tidemark[Symbol.asyncDispose]())

async function filled(): Promise<TursoClients> {
  const database = tidemark.database()
  await fill(database)
  return database
}

describe('bootstrap', () => {
  test('by prefix brings the first pages; what is read later comes in segments of that revision', async () => {
    const database = await filled()
    await using tap = await TapProxy.start(database.url)
    const client = await database.connect({
      url: tap.url,
      partialSyncExperimental: { ...PREFIX, segmentSize: 16 * KIB },
    })
    expect(takePulls(tap)).toMatchObject([{ selects: true, query: null, pages: 16 }])
    const { revision } = await client.stats()
    expect(await tursoRows(client, 'SELECT length(body) FROM item WHERE id = 900')).toEqual([[900n]])
    expect(takePulls(tap)).toMatchObject([{ serverRevision: revision, selects: true, pages: 4 }])
    expect(await tursoRows(client, 'SELECT length(body) FROM item WHERE id = 900')).toEqual([[900n]])
    expect(takePulls(tap)).toEqual([])
  })

  test('by query brings the pages that it reads, and no more; the query then runs without the server', async () => {
    const database = await filled()
    await using tap = await TapProxy.start(database.url)
    const client = await database.connect({ url: tap.url, partialSyncExperimental: QUERY })
    const [bootstrap, ...others] = takePulls(tap)
    expect(bootstrap).toMatchObject({ query: FEW, selects: false, status: 200 })
    expect(bootstrap!.pages).toBeLessThan(10)
    expect(await tursoRows(client, FEW)).toHaveLength(11)
    expect([...others, ...takePulls(tap)]).toEqual([])
    expect(await tursoRows(client, 'SELECT id FROM item WHERE id = 10')).toEqual([[10n]])
    expect(takePulls(tap)).toMatchObject([{ selects: true, pages: 4 }])
  })

  test.each([
    ['DELETE FROM item', 'it must be one SELECT'],
    ['SELECT * FROM nope', 'no such table: nope'],
    ['SELECT 1; SELECT 2', 'it must be one SELECT'],
  ])('by the query %s fails with what is wrong with it, and can be made again', async (query, says) => {
    const database = await filled()
    const path = database.path()
    const strategy = { kind: 'query', query } as const
    await expect(
      database.connect({ path, partialSyncExperimental: { bootstrapStrategy: strategy } }),
    ).rejects.toThrow(says)
    const client = await database.connect({ path, partialSyncExperimental: QUERY })
    expect(await tursoRows(client, FEW)).toHaveLength(11)
  })
})

describe.each(strategies)('a partial client: %s', (_, partialSyncExperimental) => {
  test('reads everything in the end, as of its revision, while others write; a pull brings what they wrote', async () => {
    const database = await filled()
    const other = await database.connect()
    const client = await database.connect({ partialSyncExperimental })
    const first = 'SELECT count(*), sum(length(body)) FROM item WHERE id <= 700'
    expect(await tursoRows(client, first)).toEqual([[700n, 630_000n]])
    await other.exec("UPDATE item SET body = 'short' WHERE id % 100 = 0; DELETE FROM item WHERE id > 1400")
    await other.exec('CREATE TABLE more (id INTEGER PRIMARY KEY); INSERT INTO more VALUES (1)')
    await other.push()
    const all = 'SELECT count(*), sum(length(body)) FROM item'
    expect(await tursoRows(client, all)).toEqual([[BigInt(ROWS), BigInt(ROWS) * 900n]])
    await client.pull()
    expect(await tursoRows(client, all)).toEqual([[1400n, 1386n * 900n + 14n * 5n]])
    await expectConverged(database.remote, [client, other])
    expect(await tursoRows(client, 'PRAGMA integrity_check')).toEqual([['ok']])
  })

  test('writes into pages that it has and that it has not, pushes, pulls', async () => {
    const database = await filled()
    const other = await database.connect()
    const client = await database.connect({ partialSyncExperimental })
    await other.exec(
      "UPDATE item SET body = 'theirs' WHERE id IN (5, 500, 905); DELETE FROM item WHERE id = 1200",
    )
    await other.push()
    await client.exec(
      "UPDATE item SET body = 'ours' WHERE id IN (6, 500, 906); DELETE FROM item WHERE id = 1300",
    )
    await client.exec("INSERT INTO item VALUES (9000, 'new')")
    await client.push()
    const held = await expectConverged(database.remote, [client, other])
    expect(held['item']).toHaveLength(ROWS - 1)
    await client.checkpoint()
    expect(await tursoContents(client)).toEqual(held)
  })
})

test('a partial client that is opened again, and its server too, goes on: lazy reads of the old revision, pull, push', async () => {
  const database = await filled()
  const options = { partialSyncExperimental: QUERY }
  const path = database.path()
  expect(
    await clientProcess(path, database.url, ["INSERT INTO item VALUES (7000, 'pending')"], options),
  ).toEqual([{}])
  await database.remote("UPDATE item SET body = 'short' WHERE id <= 20")
  await tidemark.restart('SIGKILL')
  const sum = 'SELECT sum(length(body)) FROM item WHERE id <= 20'
  expect(await clientProcess(path, database.url, [sum, 'pull', sum, 'push'], options)).toEqual([
    { result: [[18_000]] },
    { result: true },
    { result: [[100]] },
    {},
  ])
  expect(await database.remote('SELECT body FROM item WHERE id = 7000')).toEqual([['pending']])
})
