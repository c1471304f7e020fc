import { connect } from '@tursodatabase/serverless'
import type { Connection } from '@tursodatabase/serverless'
import { ServerProcess, temporaryDirectory } from '@tidemark/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'

const directory = temporaryDirectory()
const COUNT = 'SELECT count(*) AS n FROM note'
let server: ServerProcess
let db: Connection
let databases = 0

beforeAll(async () => {
  server = await ServerProcess.start(directory.path)
})

beforeEach(async () => {
  databases += 1
  db = connect({ url: server.database(`serverless${databases}`) })
  await db.exec("CREATE TABLE note (id INTEGER PRIMARY KEY, body UNIQUE); INSERT INTO note VALUES (1, 'one')")
})

afterEach(async () => {
  await db.close()
})

afterAll(async () => {
  await server.stop()
  directory[Symbol.dispose]()
})

type Transaction = Record<'deferred' | 'immediate' | 'exclusive', (...args: unknown[]) => Promise<unknown>>

/** The package types what it returns as `any`. */
function transaction(body: (fails: boolean) => Promise<unknown>): Transaction {
  return db.transaction(body) as Transaction
}

async function run(sql: string): Promise<unknown> {
  const statement = await db.prepare(sql)
  return statement.run() as Promise<unknown>
}

async function add(id: number, body: string): Promise<unknown> {
  const statement = await db.prepare('INSERT INTO note VALUES (?, ?)')
  return statement.run([id, body]) as Promise<unknown>
}

async function count(): Promise<number> {
  const { n } = (await (await db.prepare(COUNT)).get()) as { n: number }
  return n
}

describe('prepared statements', () => {
  test('run, get, all, raw and iterate; positional and named arguments', async () => {
    expect(await add(2, 'two')).toMatchObject({ changes: 1, lastInsertRowid: 2 })
    const named = await db.prepare('INSERT INTO note VALUES (:id, $body)')
    expect(await named.run({ id: 3, body: 'three' })).toMatchObject({ changes: 1 })
    const select = await db.prepare('SELECT id FROM note WHERE id > ?')
    expect(await select.get([1])).toEqual({ id: 2 })
    expect(await select.get([9])).toBeUndefined()
    expect(await select.all([1])).toEqual([{ id: 2 }, { id: 3 }])
    expect(await select.raw().all([1])).toEqual([[2], [3]])
    expect(select.reader).toBe(true)
  })

  test('iterate reads rows as they come, and may stop', async () => {
    const numbers = await db.prepare(
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i FROM n',
    )
    let last = 0
    for await (const row of numbers.iterate() as AsyncIterable<{ i: number }>) {
      last = row.i
      if (last === 5000) break
    }
    expect(last).toBe(5000)
    expect(await count()).toBe(1)
    expect(await numbers.all()).toHaveLength(20_000)
  })

  test.each([
    ['null', null],
    ['a text', 'ü “𝄞”'],
    ['a float', 0.1],
    ['a blob', Buffer.from([0, 1, 255])],
  ])('%s comes back', async (_, value) => {
    expect(await (await db.prepare('SELECT ? AS value')).get([value])).toEqual({ value })
  })

  test('safeIntegers: integers that a number cannot hold', async () => {
    const select = await db.prepare('SELECT ? AS value')
    select.safeIntegers(true)
    expect(await select.get([-9_223_372_036_854_775_808n])).toEqual({ value: -9_223_372_036_854_775_808n })
  })
})

describe('batches and transactions', () => {
  test('a batch with a mode is one transaction', async () => {
    const results = (await db.batch(
      [{ sql: 'INSERT INTO note VALUES (?, ?)', args: [2, 'two'] }, COUNT],
      'immediate',
    )) as {
      rows: unknown[]
    }[]
    expect(results[1]!.rows).toEqual([{ n: 2 }])
    const failing = db.batch(
      ["INSERT INTO note VALUES (3, 'three')", "INSERT INTO note VALUES (4, 'one')"],
      'immediate',
    )
    await expect(failing).rejects.toMatchObject({ name: 'DatabaseError', code: 'SQLITE_CONSTRAINT' })
    expect(await count()).toBe(2)
    expect(db.inTransaction).toBe(false)
  })

  test('a batch without one keeps what came before the failure', async () => {
    const failing = db.batch(["INSERT INTO note VALUES (3, 'three')", "INSERT INTO note VALUES (4, 'one')"])
    await expect(failing).rejects.toThrow('UNIQUE constraint failed: note.body')
    expect(await count()).toBe(2)
  })

  test.each(['deferred', 'immediate', 'exclusive'] as const)('a %s transaction', async (mode) => {
    const both = transaction(async (fails) => {
      await add(2, 'two')
      expect(db.inTransaction).toBe(true)
      if (fails) throw new Error('changed my mind')
      await add(3, 'three')
    })
    await expect(both[mode](true)).rejects.toThrow('changed my mind')
    expect([await count(), db.inTransaction]).toEqual([1, false])
    await both[mode](false)
    expect([await count(), db.inTransaction]).toEqual([3, false])
  })

  test('two connections: the writer that comes second waits for the first', async () => {
    const other = connect({ url: server.database(`serverless${databases}`) })
    const first = transaction(async () => {
      await add(2, 'two')
      const waiting = other.exec("INSERT INTO note VALUES (3, 'three')")
      expect(await count()).toBe(2)
      return { waiting }
    })
    const { waiting } = (await first.immediate()) as { waiting: Promise<unknown> }
    await waiting
    expect(await count()).toBe(3)
    await other.close()
  })
})

describe('errors', () => {
  test.each([
    ['SELEC', 'SQLITE_ERROR', 'syntax error'],
    ['SELECT * FROM nowhere', 'SQLITE_ERROR', 'no such table: nowhere'],
    ["INSERT INTO note VALUES (2, 'one')", 'SQLITE_CONSTRAINT', 'UNIQUE constraint failed: note.body'],
  ])('%s', async (sql, code, message) => {
    await expect(run(sql)).rejects.toMatchObject({ name: 'DatabaseError', code })
    await expect(run(sql)).rejects.toThrow(message)
    expect(await count()).toBe(1)
  })

  test('a query that its client gives up, and the connection goes on', async () => {
    const slow = await db.prepare(
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500000) SELECT count(*) FROM n',
    )
    await expect(slow.get([], { queryTimeout: 50 })).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(await count()).toBe(1)
  })

  test('a connection outlives a restart of the server', async () => {
    const { port } = server
    await server.stop()
    server = await ServerProcess.start(directory.path, { port })
    expect(await count()).toBe(1)
  })
})
