import { expect, test } from 'vitest'
import {
  expectConverged,
  tidemarkOfTheRun,
  tursoContents,
  tursoRows,
  tursoRun,
} from '../peers/turso-client.ts'
import type { TursoClients } from '../peers/turso-client.ts'
import type { Database } from '@tursodatabase/sync'

const tidemark = tidemarkOfTheRun()

const TABLE = 'CREATE TABLE t (id INTEGER PRIMARY KEY, v)'

async function remoteWriter(database: TursoClients): Promise<Database> {
  return database.connect({ remoteWritesExperimental: true })
}

test('each write runs on the server and is read locally right after', async () => {
  const database = tidemark.database()
  const client = await remoteWriter(database)
  await client.exec(TABLE)
  await tursoRun(client, 'INSERT INTO t VALUES (?, ?)', 1, 'text')
  await tursoRun(client, 'INSERT INTO t VALUES (2, ?)', 2n ** 63n - 1n)
  await tursoRun(client, 'INSERT INTO t VALUES (3, ?)', new Uint8Array([0, 255]))
  await tursoRun(client, 'UPDATE t SET v = ? WHERE id = 1', null)
  const expected = [
    [1n, null],
    [2n, 2n ** 63n - 1n],
    [3n, new Uint8Array([0, 255])],
  ]
  expect(await database.remote('SELECT * FROM t ORDER BY id')).toEqual(expected)
  expect(await expectConverged(database.remote, [client])).toEqual(await tursoContents(client))
  expect((await client.stats()).revision).not.toBeNull()
})

test('run tells changes and the last rowid, RETURNING gives rows', async () => {
  const database = tidemark.database()
  const client = await remoteWriter(database)
  await client.exec(TABLE)
  const insert = (await client.prepare('INSERT INTO t (v) VALUES (?)')) as {
    run(...values: unknown[]): Promise<{ changes: number; lastInsertRowid: number }>
  }
  await insert.run('a')
  expect(await insert.run('b')).toEqual({ changes: 1, lastInsertRowid: 2 })
  expect(await tursoRows(client, "UPDATE t SET v = 'c' RETURNING id, v")).toEqual([
    [1, 'c'],
    [2, 'c'],
  ])
})

test('a transaction runs on the server, sees its own writes, and is read locally after its commit', async () => {
  const database = tidemark.database()
  const client = await remoteWriter(database)
  const reader = await database.connect()
  await client.exec(TABLE)
  const insert = (await client.prepare('INSERT INTO t (v) VALUES (?)')) as {
    run(value: unknown): Promise<unknown>
  }
  const count = (await client.prepare('SELECT count(*) FROM t')) as { all(): Promise<unknown[][]> }
  const move = client.transaction(async () => {
    await insert.run('a')
    await insert.run('b')
    expect((await count.all())[0]![0]).toBe(2)
    expect(await database.remote('SELECT count(*) FROM t')).toEqual([[0n]])
  })
  await move.immediate()
  expect(await tursoRows(client, 'SELECT v FROM t ORDER BY id')).toEqual([['a'], ['b']])
  await expectConverged(database.remote, [client, reader])
})

test('a transaction whose function fails leaves nothing behind', async () => {
  const database = tidemark.database()
  const client = await remoteWriter(database)
  await client.exec(TABLE)
  const insert = (await client.prepare('INSERT INTO t (v) VALUES (?)')) as {
    run(value: unknown): Promise<unknown>
  }
  const failing = client.transaction(async () => {
    await insert.run('a')
    throw new Error('changed my mind')
  })
  await expect(failing()).rejects.toThrow('changed my mind')
  expect(await database.remote('SELECT * FROM t')).toEqual([])
  await client.exec("BEGIN; INSERT INTO t (v) VALUES ('b'); COMMIT")
  expect(await database.remote('SELECT v FROM t')).toEqual([['b']])
})

test('BEGIN, statements and COMMIT as single calls', async () => {
  const database = tidemark.database()
  const client = await remoteWriter(database)
  await client.exec(TABLE)
  await client.exec('BEGIN IMMEDIATE')
  await client.exec("INSERT INTO t VALUES (1, 'a')")
  await client.exec('ROLLBACK')
  await client.exec('BEGIN')
  await client.exec("INSERT INTO t VALUES (2, 'b'); INSERT INTO t VALUES (3, 'c')")
  await client.exec('COMMIT')
  expect((await expectConverged(database.remote, [client]))['t']).toHaveLength(2)
  await client.exec('BEGIN')
  await client.exec("INSERT INTO t VALUES (4, 'closed before its commit')")
  await database.close(client)
  const other = await database.connect()
  await other.exec("INSERT INTO t VALUES (5, 'e')")
  await other.push()
  expect((await expectConverged(database.remote, [other]))['t']).toHaveLength(3)
})

test('a write that the server refuses is SQLite’s message', async () => {
  const database = tidemark.database()
  const client = await remoteWriter(database)
  await client.exec(`${TABLE}; CREATE UNIQUE INDEX t_v ON t (v); INSERT INTO t VALUES (1, 'taken')`)
  await expect(tursoRun(client, 'INSERT INTO t VALUES (2, ?)', 'taken')).rejects.toThrow(
    'UNIQUE constraint failed: t.v',
  )
  await expect(client.exec("INSERT INTO t VALUES (2, 'taken')")).rejects.toThrow(
    'UNIQUE constraint failed: t.v',
  )
  await tursoRun(client, 'INSERT INTO t VALUES (2, ?)', 'free')
  expect((await expectConverged(database.remote, [client]))['t']).toHaveLength(2)
})

test('clients that write here and clients that push meet in one database', async () => {
  const database = tidemark.database()
  const writer = await remoteWriter(database)
  await writer.exec(TABLE)
  const pusher = await database.connect()
  for (let id = 0; id < 20; id += 2) {
    const pushed = pusher.exec(`INSERT INTO t VALUES (${id}, 'pushed')`).then(async () => pusher.push())
    await tursoRun(writer, "INSERT INTO t VALUES (?, 'written')", id + 1)
    await pushed
  }
  expect((await expectConverged(database.remote, [writer, pusher]))['t']).toHaveLength(20)
})

test('an infinity is refused: it would arrive without its sign', async () => {
  const database = tidemark.database()
  const client = await remoteWriter(database)
  await client.exec(TABLE)
  await expect(tursoRun(client, 'INSERT INTO t VALUES (1, ?)', -Infinity)).rejects.toThrow(/[Ii]nfinity/)
  await client.exec('INSERT INTO t VALUES (1, -9e999)')
  expect(await tursoRows(client, 'SELECT v FROM t')).toEqual([[-Infinity]])
})
