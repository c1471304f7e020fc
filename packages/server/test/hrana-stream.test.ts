import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HranaRequest } from '@tidemark/protocol'
import { execute, pipeline, resultOf, run, startServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import { CLOSE, createWithItems, SQL_TEST_SETTINGS } from './sql-fixture.ts'

let server: RunningServer

beforeAll(async () => {
  server = await startServer(SQL_TEST_SETTINGS)
})

afterAll(async () => {
  await server.close()
})

const withItems = (name: string): Promise<string> => createWithItems(server, name)

/** Belongs to its stream, which is kept for it. */
const SETTING = execute('PRAGMA foreign_keys = OFF')

describe('pipeline: streams', () => {
  test('a transaction spans requests and is invisible to others until it commits', async () => {
    const database = await withItems('interactive')
    const first = await pipeline(database, [execute('BEGIN'), execute("INSERT INTO item VALUES (2, 'two')")])
    expect(first.baton).not.toBeNull()
    expect(await run(database, 'SELECT count(*) FROM item')).toEqual([[1]])
    const second = await pipeline(database, [execute('COMMIT'), CLOSE], { baton: first.baton })
    expect(second.baton).toBeNull()
    expect(await run(database, 'SELECT count(*) FROM item')).toEqual([[2]])
  })

  test('a baton is good for one request, and only for its database', async () => {
    const database = await withItems('batons')
    const other = await server.create('batons-of-others')
    const { baton } = await pipeline(database, [execute('BEGIN')])
    await expect(pipeline(other, [execute('SELECT 1')], { baton })).rejects.toThrow('baton')
    const next = await pipeline(database, [execute('SELECT 1')], { baton })
    expect(next.baton).not.toBe(baton)
    await expect(pipeline(database, [execute('SELECT 1')], { baton })).rejects.toThrow('baton')
    await pipeline(database, [CLOSE], { baton: next.baton })
    await expect(pipeline(database, [execute('SELECT 1')], { baton: next.baton })).rejects.toThrow('baton')
    for (const forged of ['', 'x', 'A'.repeat(100_000), '__proto__']) {
      await expect(pipeline(database, [execute('SELECT 1')], { baton: forged })).rejects.toThrow('baton')
    }
  })

  test('a stream that is closed rolls its transaction back', async () => {
    const database = await withItems('rollback')
    const { baton } = await pipeline(database, [execute('BEGIN IMMEDIATE'), execute('DELETE FROM item')])
    await pipeline(database, [CLOSE], { baton })
    expect(await run(database, 'SELECT count(*) FROM item')).toEqual([[1]])
  })

  test('what another stream has inserted is not told to the next one, which has its connection', async () => {
    const database = await withItems('counters')
    await run(database, "INSERT INTO item VALUES (77, 'seventy-seven')")
    const ignored = "INSERT OR IGNORE INTO item VALUES (77, 'again')"
    const { results } = await pipeline(database, [execute(ignored), CLOSE])
    expect(resultOf(results[0])).toMatchObject({ affected_row_count: 0, last_insert_rowid: '0' })
    await run(database, 'UPDATE item SET body = NULL')
    expect(await run(database, 'SELECT last_insert_rowid(), changes()')).toEqual([[0, 0]])
    expect(await run(database, 'SELECT count(*) FROM sqlite_temp_schema')).toEqual([[0]])
  })

  test('a transaction that is left open loses the turn; the next writer gets it', async () => {
    const database = await withItems('abandoned')
    const { baton } = await pipeline(database, [execute('BEGIN IMMEDIATE'), execute('DELETE FROM item')])
    const busy = await pipeline(database, [execute("INSERT INTO item VALUES (2, 'two')"), CLOSE])
    expect(busy.results[0]).toMatchObject({ error: { code: 'SQLITE_BUSY' } })
    await expect
      .poll(
        async () =>
          (await pipeline(database, [execute("INSERT INTO item VALUES (2, 'two')"), CLOSE])).results[0]?.type,
      )
      .toBe('ok')
    expect(await run(database, 'SELECT count(*) FROM item')).toEqual([[2]])
    await expect(pipeline(database, [execute('COMMIT')], { baton })).rejects.toThrow('baton')
  })

  test('readers do not wait for a writer’s transaction', async () => {
    const database = await withItems('readers')
    const { baton } = await pipeline(database, [execute('BEGIN IMMEDIATE'), execute('DELETE FROM item')])
    expect(await run(database, 'SELECT count(*) FROM item')).toEqual([[1]])
    await pipeline(database, [CLOSE], { baton })
  })

  test.each<[string, HranaRequest]>([
    ['run', execute('PRAGMA foreign_keys = OFF')],
    ['described', { type: 'describe', sql: 'PRAGMA foreign_keys = OFF', sql_id: null }],
    ['refused for what follows them', execute('PRAGMA foreign_keys = OFF; SELECT 1')],
  ])('settings of one stream do not reach another where they are %s', async (how, setting) => {
    const database = await withItems(`settings-${how.slice(0, 3)}`)
    await pipeline(database, [setting, execute('CREATE TEMP TABLE mine (x)'), CLOSE])
    await pipeline(database, [setting, CLOSE])
    expect(await run(database, 'PRAGMA foreign_keys')).toEqual([[1]])
    await expect(run(database, 'SELECT * FROM mine')).rejects.toThrow('no such table')
  })

  test('a stream without a transaction or settings of its own is not kept', async () => {
    const database = await withItems('stateless')
    expect((await pipeline(database, [execute('SELECT 1')])).baton).toBeNull()
    expect((await pipeline(database, [execute('BEGIN'), execute('COMMIT')])).baton).toBeNull()
    const stored = await pipeline(database, [{ type: 'store_sql', sql_id: 1, sql: 'SELECT 1' }])
    for (const baton of [stored.baton, (await pipeline(database, [SETTING])).baton]) {
      expect(baton).not.toBeNull()
      await pipeline(database, [CLOSE], { baton })
    }
  })

  test('streams left open are bounded: the longest idle gives way to a new one', async () => {
    const database = await withItems('bounded')
    const open: (string | null)[] = []
    for (let count = 0; count < 20; count++) open.push((await pipeline(database, [SETTING])).baton)
    await expect(pipeline(database, [SETTING], { baton: open[0]! })).rejects.toThrow('baton')
    await pipeline(database, [CLOSE], { baton: open.at(-1)! })
  })

  test('transactions left open are bounded: none gives way, until its time is up', async () => {
    const database = await withItems('bounded-transactions')
    for (let count = 0; count < 8; count++) await pipeline(database, [execute('BEGIN')])
    await expect(pipeline(database, [execute('SELECT 1')])).rejects.toThrow('streams')
    await expect.poll(async () => run(database, 'SELECT 1').catch(() => null)).toEqual([[1]])
  })
})
