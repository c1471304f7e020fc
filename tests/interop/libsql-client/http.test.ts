import type { Client } from '@libsql/client'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { HttpSetup } from './http-peer.ts'

let setup: HttpSetup
let client: Client
let databases = 0

beforeAll(async () => {
  setup = await HttpSetup.start({
    turnWaitMs: 300,
    transactionIdleTimeoutMs: 1000,
    transactionTimeoutMs: 2000,
  })
})

beforeEach(async () => {
  databases += 1
  client = setup.client(`http${databases}`)
  await client.execute('CREATE TABLE note (id INTEGER PRIMARY KEY, body UNIQUE)')
  await client.execute("INSERT INTO note VALUES (1, 'one')")
})

afterAll(async () => {
  await setup[Symbol.asyncDispose]()
})

async function count(): Promise<unknown> {
  return (await client.execute('SELECT count(*) FROM note')).rows[0]![0]
}

describe('execute', () => {
  test('positional and named arguments; rows by name and by index', async () => {
    const inserted = await client.execute({ sql: 'INSERT INTO note (body) VALUES (?)', args: ['two'] })
    expect(inserted).toMatchObject({ rowsAffected: 1, lastInsertRowid: 2n, rows: [] })
    for (const args of [{ low: 1 }, { ':low': 1 }]) {
      const { rows, columns, columnTypes } = await client.execute({
        sql: 'SELECT id, body FROM note WHERE id > :low',
        args,
      })
      expect([columns, columnTypes]).toEqual([
        ['id', 'body'],
        ['INTEGER', ''],
      ])
      expect([rows[0]!['id'], rows[0]![1], rows[0]!.length]).toEqual([2, 'two', 2])
    }
    const returned = await client.execute('DELETE FROM note WHERE id = 2 RETURNING body')
    expect(returned).toMatchObject({ rowsAffected: 1, rows: [{ body: 'two' }] })
  })

  test.each<[string, unknown]>([
    ['null', null],
    ['a text with a NUL', 'a\u0000b'],
    ['a float', 0.1],
    ['an integer that a number cannot hold, as bigint', 9_007_199_254_740_993n],
    ['an empty blob', new ArrayBuffer(0)],
    ['a blob', Uint8Array.from({ length: 100_000 }, (_, index) => index % 251).buffer],
  ])('%s comes back', async (_, value) => {
    const precise = setup.client(`http${databases}`, { intMode: 'bigint' })
    const { rows } = await precise.execute({ sql: 'SELECT ?', args: [value as never] })
    expect(rows[0]![0]).toEqual(value)
  })

  test('intMode: an integer beyond numbers is refused, or a bigint, or a string', async () => {
    const sql = 'SELECT 9223372036854775807'
    await expect(client.execute(sql)).rejects.toThrow(RangeError)
    for (const [intMode, expected] of [
      ['bigint', 9_223_372_036_854_775_807n],
      ['string', '9223372036854775807'],
    ] as const) {
      const { rows } = await setup.client(`http${databases}`, { intMode }).execute(sql)
      expect(rows[0]![0]).toBe(expected)
    }
  })

  test('a result of 100,000 rows', async () => {
    const { rows } = await client.execute(
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i, hex(i) FROM n',
    )
    expect([rows.length, rows.at(-1)!['i']]).toEqual([100_000, 100_000])
  })

  test('many at once, on streams of their own', async () => {
    const ids = Array.from({ length: 100 }, (_, index) => index + 10)
    await Promise.all(
      ids.map(async (id) => client.execute({ sql: 'INSERT INTO note VALUES (?, ?)', args: [id, id] })),
    )
    expect(await count()).toBe(101)
  })

  test('foreign keys are enforced, as in a file that this client opens', async () => {
    await client.execute('CREATE TABLE tag (note REFERENCES note ON DELETE CASCADE)')
    await expect(client.execute('INSERT INTO tag VALUES (9)')).rejects.toThrow('FOREIGN KEY')
    await client.execute('INSERT INTO tag VALUES (1)')
    await client.execute('DELETE FROM note')
    expect((await client.execute('SELECT * FROM tag')).rows).toEqual([])
  })
})

describe('batch, migrate, executeMultiple', () => {
  test.each(['write', 'deferred'] as const)('a batch of mode %s is one transaction', async (mode) => {
    const results = await client.batch(
      [{ sql: 'INSERT INTO note VALUES (?, ?)', args: [2, 'two'] }, 'SELECT count(*) AS n FROM note'],
      mode,
    )
    expect(results[1]!.rows[0]!['n']).toBe(2)
    const failing = client.batch(
      ["INSERT INTO note VALUES (3, 'three')", "INSERT INTO note VALUES (4, 'one')"],
      mode,
    )
    await expect(failing).rejects.toMatchObject({
      name: 'LibsqlBatchError',
      code: 'SQLITE_CONSTRAINT',
      statementIndex: 1,
    })
    expect(await count()).toBe(2)
  })

  test('a batch of mode read reads one state', async () => {
    const [first, second] = await client.batch(
      ['SELECT count(*) FROM note', 'SELECT max(id) FROM note'],
      'read',
    )
    expect([first!.rows[0]![0], second!.rows[0]![0]]).toEqual([1, 1])
  })

  test('migrate rebuilds a table that others refer to', async () => {
    await client.batch(['CREATE TABLE tag (note REFERENCES note)', 'INSERT INTO tag VALUES (1)'], 'write')
    await client.migrate([
      'CREATE TABLE new_note (id INTEGER PRIMARY KEY, body TEXT, size INT)',
      'INSERT INTO new_note SELECT id, body, length(body) FROM note',
      'DROP TABLE note',
      'ALTER TABLE new_note RENAME TO note',
    ])
    expect((await client.execute('SELECT * FROM note')).rows).toMatchObject([{ id: 1, body: 'one', size: 3 }])
    expect((await client.execute('PRAGMA foreign_keys')).rows[0]![0]).toBe(1)
  })

  test('executeMultiple runs a script up to the first error', async () => {
    await client.executeMultiple(
      "INSERT INTO note VALUES (2, 'a;b'); -- comment\nINSERT INTO note VALUES (3, 'c');",
    )
    expect(await count()).toBe(3)
    const failing = client.executeMultiple('DELETE FROM note WHERE id = 3; SELECT nope; DELETE FROM note')
    await expect(failing).rejects.toMatchObject({ code: 'SQLITE_ERROR' })
    expect(await count()).toBe(2)
  })
})

describe('interactive transactions', () => {
  test('what is committed stays, what is rolled back or closed does not', async () => {
    for (const [end, expected] of [
      ['commit', 2],
      ['rollback', 2],
      ['close', 2],
    ] as const) {
      const transaction = await client.transaction('write')
      await transaction.execute({ sql: 'INSERT INTO note (body) VALUES (?)', args: [end] })
      await transaction.batch(['SELECT 1', 'SELECT 2'])
      await transaction[end]()
      expect(transaction.closed).toBe(true)
      expect(await count()).toBe(expected)
    }
  })

  test('a failed statement leaves the transaction open', async () => {
    const transaction = await client.transaction('write')
    await transaction.execute("INSERT INTO note VALUES (2, 'two')")
    await expect(transaction.execute("INSERT INTO note VALUES (2, 'x')")).rejects.toMatchObject({
      code: 'SQLITE_CONSTRAINT',
    })
    await transaction.execute("INSERT INTO note VALUES (3, 'three')")
    await transaction.commit()
    expect(await count()).toBe(3)
  })

  test('the second of two writers gets SQLITE_BUSY', async () => {
    const transaction = await client.transaction('write')
    await transaction.execute('DELETE FROM note')
    await expect(client.execute('DELETE FROM note')).rejects.toMatchObject({ code: 'SQLITE_BUSY' })
    const other = await client.transaction('write')
    await expect(other.execute('DELETE FROM note')).rejects.toMatchObject({ code: 'SQLITE_BUSY' })
    await transaction.rollback()
    expect(await count()).toBe(1)
  })

  test('one that is left alone is rolled back, and its client told so', async () => {
    const transaction = await client.transaction('write')
    await transaction.execute('DELETE FROM note')
    await expect
      .poll(
        async () =>
          client.execute("INSERT INTO note VALUES (2, 'two')").then(
            () => true,
            () => false,
          ),
        {
          timeout: 5000,
        },
      )
      .toBe(true)
    await expect(transaction.commit()).rejects.toMatchObject({ code: 'TIDEMARK_STREAM_EXPIRED' })
    expect(await count()).toBe(2)
  })

  test('one that takes too long in all is rolled back', async () => {
    const transaction = await client.transaction('write')
    await transaction.execute('DELETE FROM note')
    await expect
      .poll(
        async () =>
          transaction.execute('SELECT 1').then(
            () => null,
            (error: { code: string }) => error.code,
          ),
        {
          timeout: 5000,
          interval: 200,
        },
      )
      .toBe('TRANSACTION_TIMEOUT')
    expect(await count()).toBe(1)
  })

  test('a read transaction sees one state while others write', async () => {
    const transaction = await client.transaction('read')
    expect((await transaction.execute('SELECT count(*) FROM note')).rows[0]![0]).toBe(1)
    await client.execute("INSERT INTO note VALUES (2, 'two')")
    expect((await transaction.execute('SELECT count(*) FROM note')).rows[0]![0]).toBe(1)
    await transaction.commit()
  })
})

test('a client that was closed refuses, and works again after reconnect()', async () => {
  client.close()
  expect(client.closed).toBe(true)
  await expect(client.execute('SELECT 1')).rejects.toThrow('closed')
  // Asynchronous in libSQL's other clients, not in this one.
  client.reconnect()
  expect(await count()).toBe(1)
})
