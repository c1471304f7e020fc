import { temporaryDirectory } from '@tidemark/testkit'
import type { Database } from '@tursodatabase/sync'
import { describe, expect, test } from 'vitest'
import { clientProcess } from '../peers/client-process.ts'
import { expectConverged, tidemarkOfTheRun, TursoClients, tursoRows } from '../peers/turso-client.ts'
import { TursoServer } from '../peers/turso-server.ts'

/**
 * A push in which one row fails. Each case: the schema at first, what is done at the server behind the
 * client's back, the row that then fails, what the error says, and what repairs it.
 */
const CASES = [
  {
    what: 'UNIQUE',
    schema: 'CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT UNIQUE)',
    behind: ["INSERT INTO t VALUES (1, 'taken')"],
    row: "INSERT INTO t VALUES (2, 'taken')",
    says: 'UNIQUE constraint failed: t.v (INSERT into \\"t\\", row \\"id\\" = 2; nothing of the push was applied)',
    repair: ["UPDATE t SET v = 'free'"],
    left: [
      [1n, 'free'],
      [2n, 'taken'],
    ],
  },
  {
    what: 'NOT NULL',
    schema: 'CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)',
    behind: ['DROP TABLE t', 'CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT NOT NULL)'],
    row: 'INSERT INTO t VALUES (2, NULL)',
    says: 'NOT NULL constraint failed: t.v (INSERT into \\"t\\", row \\"id\\" = 2; nothing of the push was applied)',
    repair: ['DROP TABLE t', 'CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)'],
    left: [[2n, null]],
  },
  {
    what: 'CHECK',
    schema: 'CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER)',
    behind: ['DROP TABLE t', 'CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER CHECK (v > 0))'],
    row: 'INSERT INTO t VALUES (2, -5)',
    says: 'CHECK constraint failed: v > 0 (INSERT into \\"t\\", row \\"id\\" = 2; nothing of the push was applied)',
    repair: ['DROP TABLE t', 'CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER)'],
    left: [[2n, -5n]],
  },
  {
    what: 'a missing table',
    schema: 'CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)',
    behind: ['DROP TABLE t'],
    row: "INSERT INTO t VALUES (2, 'x')",
    says: 'no such table: t (INSERT into \\"t\\", row \\"id\\" = 2, \\"v\\" = \'x\'; nothing of the push was applied)',
    repair: ['CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)'],
    left: [[2n, 'x']],
  },
] as const

const OTHER = 'CREATE TABLE other (id INTEGER PRIMARY KEY)'

async function ask(database: TursoClients, statements: readonly string[]): Promise<void> {
  for (const sql of statements) await database.remote(sql)
}

/** A client with three pending rows, of which the second fails at the server. */
async function withFailingRow(
  { schema, behind, row }: (typeof CASES)[number],
  database: TursoClients,
): Promise<Database> {
  await ask(database, [schema, OTHER])
  const client = await database.connect()
  await ask(database, behind)
  for (const sql of pending(row)) await client.exec(sql)
  return client
}

/** The same in a file that no process has open. @returns its path */
async function pendingInFile(
  { schema, behind, row }: (typeof CASES)[number],
  database: TursoClients,
): Promise<string> {
  await ask(database, [schema, OTHER])
  const path = database.path()
  await clientProcess(path, database.url, pending(row))
  await ask(database, behind)
  return path
}

const pending = (row: string): string[] => [
  'INSERT INTO other VALUES (1)',
  row,
  'INSERT INTO other VALUES (2)',
]

describe('a push in which a row fails, on a Tidemark server', () => {
  const tidemark = tidemarkOfTheRun()

  test.each(CASES)(
    '$what: the error names the row, nothing is applied, and it is sent again once that is repaired',
    async (failure) => {
      const database = tidemark.database()
      const client = await withFailingRow(failure, database)
      for (let attempt = 0; attempt < 2; attempt++) {
        await expect(client.push()).rejects.toThrow(failure.says)
        expect(await database.remote('SELECT * FROM other')).toEqual([])
        await expect(database.remote('SELECT * FROM turso_sync_last_change_id')).rejects.toThrow(
          'no such table',
        )
        expect(await tursoRows(client, 'SELECT count(*) FROM other')).toEqual([[2n]])
        expect(await tursoRows(client, 'SELECT id FROM t WHERE id = 2')).toEqual([[2n]])
      }
      await ask(database, failure.repair)
      await client.push()
      expect(await database.remote('SELECT * FROM t')).toEqual(failure.left)
      await expectConverged(database.remote, [client])
    },
  )

  test('the row is still there after the next pull, which fails in the client; opened again, all goes on', async () => {
    const database = tidemark.database()
    const [failure] = CASES
    const rows = 'SELECT * FROM t'
    const path = await pendingInFile(failure, database)
    const [push, pull] = await clientProcess(path, database.url, ['push', 'pull'])
    expect(push).toMatchObject({ error: expect.stringContaining('UNIQUE constraint failed') as string })
    expect(pull).toMatchObject({ error: expect.stringContaining('failed to replay local change') as string })
    expect(await clientProcess(path, database.url, [rows])).toEqual([{ result: [[2, 'taken']] }])
    await ask(database, failure.repair)
    expect(await clientProcess(path, database.url, ['pull', 'push', rows])).toEqual([
      { result: true },
      {},
      {
        result: [
          [1, 'free'],
          [2, 'taken'],
        ],
      },
    ])
    expect(await database.remote('SELECT * FROM other')).toEqual([[1n], [2n]])
  })

  test('the client can leave the row out, by its transform, and keep the others', async () => {
    const database = tidemark.database()
    await ask(database, [CASES[0].schema, OTHER, ...CASES[0].behind])
    let leavesOut = false
    const client = await database.connect({
      transform: ({ tableName, id }) =>
        leavesOut && tableName === 't' && id === 2 ? { operation: 'skip' } : null,
    })
    await client.exec("INSERT INTO other VALUES (1); DELETE FROM t; INSERT INTO t VALUES (2, 'taken')")
    await ask(database, ["INSERT INTO t VALUES (3, 'taken too')", 'UPDATE t SET id = 7 WHERE id = 1'])
    await expect(client.push()).rejects.toThrow('UNIQUE constraint failed: t.v')
    leavesOut = true
    await client.push()
    expect(await database.remote('SELECT * FROM other')).toEqual([[1n]])
    expect(await database.remote('SELECT id FROM t')).toEqual([[3n], [7n]])
    await expectConverged(database.remote, [client])
  })
})

describe('the same on Turso’s own server', () => {
  test.each(CASES.filter(({ what }) => what === 'UNIQUE' || what === 'NOT NULL'))(
    '$what: what came before and after the row is applied, the watermark is behind it, and the next pull takes the row away',
    async (failure) => {
      using directory = temporaryDirectory()
      await using server = await TursoServer.start(`${directory.path}/server.db`)
      const database = new TursoClients(directory.path, server.url, 'client')
      const client = await withFailingRow(failure, database)
      await expect(client.push()).rejects.toThrow(`${failure.what} constraint failed: t.v`)
      expect(await database.remote('SELECT * FROM other')).toEqual([[1n], [2n]])
      expect(await database.remote('SELECT count(*) FROM turso_sync_last_change_id')).toEqual([[1n]])
      expect(await tursoRows(client, 'SELECT id FROM t WHERE id = 2')).toEqual([[2n]])
      await client.pull()
      expect(await tursoRows(client, 'SELECT id FROM t WHERE id = 2')).toEqual([])
      await client.push()
      expect(await database.remote('SELECT id FROM t WHERE id = 2')).toEqual([])
      await database.closeAll()
    },
  )

  test('a pull that meets a pending row which no longer fits fails there too, without any push before', async () => {
    using directory = temporaryDirectory()
    await using server = await TursoServer.start(`${directory.path}/server.db`)
    const database = new TursoClients(directory.path, server.url, 'client')
    const path = await pendingInFile(CASES[0], database)
    const [pull] = await clientProcess(path, database.url, ['pull'])
    expect(pull).toMatchObject({ error: expect.stringContaining('failed to replay local change') as string })
    expect(await clientProcess(path, database.url, ['SELECT * FROM t'])).toEqual([{ result: [[2, 'taken']] }])
  })
})
