import { createClient } from '@tursodatabase/serverless/compat'
import type { Client } from '@tursodatabase/serverless/compat'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { freshDatabase } from '../peers/fresh-database.ts'

let client: Client

beforeEach(async () => {
  client = createClient({ url: freshDatabase() })
  await client.executeMultiple(
    "CREATE TABLE note (id INTEGER PRIMARY KEY, body UNIQUE); INSERT INTO note VALUES (1, 'one')",
  )
})

afterEach(() => client.close())

async function ids(): Promise<unknown[]> {
  const { rows } = await client.execute('SELECT id FROM note ORDER BY id')
  return rows.map((row) => row['id'])
}

test('execute gives columns, rows and what was written', async () => {
  const inserted = await client.execute({ sql: 'INSERT INTO note VALUES (?, ?)', args: [2, 'two'] })
  expect(inserted.rowsAffected).toBe(1)
  const { columns, rows } = await client.execute('SELECT * FROM note WHERE id = :id', { id: 2 })
  expect([columns, rows[0]!['body'], rows[0]![0]]).toEqual([['id', 'body'], 'two', 2])
})

test('a batch is one transaction', async () => {
  const results = await client.batch(
    ["INSERT INTO note VALUES (2, 'two')", 'SELECT max(id) AS id FROM note'],
    'write',
  )
  expect(results[1]!.rows[0]).toMatchObject({ id: 2 })
  const failing = client.batch(
    ["INSERT INTO note VALUES (3, 'three')", "INSERT INTO note VALUES (4, 'one')"],
    'write',
  )
  await expect(failing).rejects.toMatchObject({ name: 'LibsqlError', code: 'SQLITE_CONSTRAINT' })
  expect(await ids()).toEqual([1, 2])
})

test('an interactive transaction commits, rolls back, closes', async () => {
  for (const [id, end] of [
    [2, 'rollback'],
    [3, 'commit'],
    [4, 'close'],
  ] as const) {
    const transaction = await client.transaction('write')
    await transaction.execute({ sql: 'INSERT INTO note VALUES (?, ?)', args: [id, end] })
    await transaction[end]()
  }
  await expect.poll(ids).toEqual([1, 3])
})

test('errors are libSQL’s', async () => {
  await expect(client.execute('SELEC')).rejects.toMatchObject({ name: 'LibsqlError', code: 'SQLITE_ERROR' })
  await expect(client.execute("INSERT INTO note VALUES (2, 'one')")).rejects.toThrow(
    'UNIQUE constraint failed',
  )
})

test('migrate', async () => {
  await client.migrate(['CREATE TABLE tag (name)', "INSERT INTO tag VALUES ('a')"])
  expect((await client.execute('SELECT * FROM tag')).rows).toHaveLength(1)
})
