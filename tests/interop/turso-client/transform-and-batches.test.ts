import { TapProxy } from '@tidemark/testkit'
import type { Exchange } from '@tidemark/testkit'
import type { DatabaseOpts } from '@tursodatabase/sync'
import { expect, test } from 'vitest'
import {
  expectConverged,
  tidemarkOfTheRun,
  tursoContents,
  tursoRows,
  tursoRun,
} from '../peers/turso-client.ts'

const tidemark = tidemarkOfTheRun()

type Transform = NonNullable<DatabaseOpts['transform']>
type Mutation = Parameters<Transform>[0]

/** How many statements each push had, in order. */
function pushedSteps(exchanges: readonly Exchange[]): number[] {
  const sizes: number[] = []
  for (const { body, path } of exchanges) {
    if (!path.endsWith('/v2/pipeline')) continue
    const { requests } = JSON.parse(body.toString()) as { requests: { batch: { steps: unknown[] } }[] }
    for (const { batch } of requests) if (batch.steps.length > 1) sizes.push(batch.steps.length)
  }
  return sizes
}

test('transform sees each change with the row before and after', async () => {
  const database = tidemark.database()
  const seen: Mutation[] = []
  const transform: Transform = (mutation) => {
    seen.push(mutation)
    return null
  }
  const [alice] = await database.pair(
    'CREATE TABLE t (id TEXT PRIMARY KEY, n); INSERT INTO t VALUES (1, 1), (2, 2)',
    {
      transform,
    },
  )
  await alice.exec(
    "INSERT INTO t VALUES ('3', x'03'); UPDATE t SET n = 5 WHERE id = '1'; DELETE FROM t WHERE id = '2'",
  )
  await alice.push()
  expect(seen).toMatchObject([
    { tableName: 't', changeType: 'insert', after: { id: '3', n: Buffer.from([3]) } },
    {
      tableName: 't',
      changeType: 'update',
      before: { id: '1', n: 1 },
      after: { id: '1', n: 5 },
      updates: { n: 5 },
    },
    { tableName: 't', changeType: 'delete', before: { id: '2', n: 2 } },
  ])
  await expectConverged(database.remote, [alice])
})

test('a rewrite to a relative update adds up what several clients counted', async () => {
  const database = tidemark.database()
  const transform: Transform = ({ before, after }) => {
    const { n: from } = before as { n: number }
    const { id, n: to } = after as { id: string; n: number }
    const sql = 'UPDATE counter SET n = n + ? WHERE id = ?'
    return { operation: 'rewrite', stmt: { sql, values: [to - from, id] } }
  }
  const schema =
    "CREATE TABLE counter (id TEXT PRIMARY KEY, n INTEGER); INSERT INTO counter VALUES ('hits', 0)"
  const [alice, bob] = await database.pair(schema, { transform })
  for (let i = 0; i < 10; i++) {
    await alice.exec('UPDATE counter SET n = n + 1')
    await bob.exec('UPDATE counter SET n = n + 10')
    if (i % 3 === 0) await alice.push()
  }
  await bob.push()
  await alice.push()
  expect(await expectConverged(database.remote, [alice, bob])).toEqual({
    counter: [['text "hits"', 'integer 110']],
  })
})

test('what transform skips stays off the server, and is gone from the client at the next pull', async () => {
  const database = tidemark.database()
  const schema =
    'CREATE TABLE draft (id INTEGER PRIMARY KEY, v); CREATE TABLE note (id INTEGER PRIMARY KEY, v)'
  const [alice, bob] = await database.pair(schema, {
    transform: ({ tableName }) => (tableName === 'draft' ? { operation: 'skip' } : null),
  })
  await alice.exec('BEGIN; INSERT INTO draft VALUES (1, 1); INSERT INTO note VALUES (1, 1); COMMIT')
  await alice.push()
  expect((await tursoContents(alice))['draft']).toHaveLength(1)
  expect(await expectConverged(database.remote, [alice, bob])).toEqual({
    draft: [],
    note: [['integer 1', 'integer 1']],
  })
})

test('a rewrite that SQLite refuses is its message, and the push is undone', async () => {
  const database = tidemark.database()
  const [alice] = await database.pair('CREATE TABLE t (id INTEGER PRIMARY KEY, v)', {
    transform: ({ id }) =>
      id === 2
        ? { operation: 'rewrite', stmt: { sql: 'INSERT INTO nowhere VALUES (?)', values: [1] } }
        : null,
  })
  await alice.exec('INSERT INTO t VALUES (1, 1), (2, 2)')
  await expect(alice.push()).rejects.toThrow('no such table: nowhere')
  expect(await database.remote('SELECT * FROM t')).toEqual([])
})

test('pushOperationsThreshold splits a push between transactions, never inside one', async () => {
  const database = tidemark.database()
  const [observer] = await database.pair('CREATE TABLE t (id INTEGER PRIMARY KEY, batch INTEGER)')
  await using tap = await TapProxy.start(database.url)
  const alice = await database.connect({ url: tap.url, pushOperationsThreshold: 5 })
  for (let id = 0; id < 20; id++) await tursoRun(alice, 'INSERT INTO t VALUES (?, 0)', id)
  const rows = Array.from({ length: 30 }, (_, i) => `INSERT INTO t VALUES (${100 + i}, 1)`)
  await alice.exec(`BEGIN; ${rows.join('; ')}; COMMIT`)
  tap.exchanges.length = 0
  await alice.push()
  const sizes = pushedSteps(tap.exchanges)
  expect(sizes.length).toBeGreaterThanOrEqual(5)
  expect(Math.max(...sizes)).toBeGreaterThan(30)
  expect(Math.min(...sizes)).toBeLessThan(15)
  expect((await expectConverged(database.remote, [alice, observer]))['t']).toHaveLength(50)
})

test('a split push that fails in the middle goes on after its last batch, and applies nothing twice', async () => {
  const database = tidemark.database()
  const [observer] = await database.pair('CREATE TABLE line (v)')
  await using tap = await TapProxy.start(database.url)
  const alice = await database.connect({ url: tap.url, pushOperationsThreshold: 4 })
  for (let v = 0; v < 40; v++) await tursoRun(alice, 'INSERT INTO line VALUES (?)', v)
  let requests = 0
  tap.dropAnswer = (_, path) => path.endsWith('/v2/pipeline') && ++requests === 4
  await expect(alice.push()).rejects.toThrow('fetch error')
  const [[applied]] = (await database.remote('SELECT count(*) FROM line')) as [[bigint]]
  expect(applied).toBeGreaterThan(0n)
  expect(applied).toBeLessThan(40n)
  await alice.push()
  await expectConverged(database.remote, [alice, observer])
  expect(await tursoRows(observer, 'SELECT v FROM line ORDER BY v')).toEqual(
    Array.from({ length: 40 }, (_, v) => [BigInt(v)]),
  )
})

test('batches that say the same again are all taken: equal rows without a key, a counter', async () => {
  const database = tidemark.database()
  const transform: Transform = ({ tableName, before }) =>
    tableName === 'counter' && before !== undefined
      ? { operation: 'rewrite', stmt: { sql: 'UPDATE counter SET n = n + 1', values: [] } }
      : null
  const [observer] = await database.pair(
    'CREATE TABLE line (v); CREATE TABLE counter (n); INSERT INTO counter VALUES (0)',
  )
  const alice = await database.connect({ pushOperationsThreshold: 1, transform })
  for (let i = 0; i < 10; i++) {
    await alice.exec("INSERT INTO line VALUES ('tick')")
    if (i >= 5) await alice.exec('UPDATE counter SET n = n + 1')
    if (i === 7) await alice.exec('UPDATE counter SET n = n + 1; UPDATE counter SET n = n + 1')
  }
  await alice.push()
  const { line, counter } = await expectConverged(database.remote, [alice, observer])
  expect([line!.length, counter]).toEqual([10, [['integer 7']]])
})
