/**
 * What version 0.7.2 of the client does not send, or sends wrong, so that no server can make it right. A
 * newer version may.
 */
import { TapProxy } from '@tidemark/testkit'
import { expect, test } from 'vitest'
import { expectConverged, tidemarkOfTheRun, tursoContents, tursoRows } from '../peers/turso-client.ts'

const tidemark = tidemarkOfTheRun()

test('a changed key: the update looks for the new key, finds no row, and is undone at the next pull', async () => {
  const database = tidemark.database()
  const [, observer] = await database.pair(
    "CREATE TABLE t (id TEXT PRIMARY KEY, v); INSERT INTO t VALUES ('old', 1)",
  )
  await using tap = await TapProxy.start(database.url)
  const client = await database.connect({ url: tap.url })
  await client.exec("UPDATE t SET id = 'new'")
  await client.push()
  expect(tap.exchanges.at(-1)!.body.toString()).toContain(
    String.raw`{"sql":"UPDATE \"t\" SET \"id\" = ? WHERE \"id\" = ?","sql_id":null,"args":[{"type":"text","value":"new"},{"type":"text","value":"new"}]`,
  )
  expect(await expectConverged(database.remote, [client, observer])).toEqual({
    t: [['text "old"', 'integer 1']],
  })
})

test('a changed key, rewritten by transform, arrives', async () => {
  const database = tidemark.database()
  const [client, observer] = await database.pair(
    "CREATE TABLE t (id TEXT PRIMARY KEY, v); INSERT INTO t VALUES ('old', 1)",
    {
      transform: ({ before, after }) => ({
        operation: 'rewrite',
        stmt: { sql: 'UPDATE t SET id = ? WHERE id = ?', values: [after!['id'], before!['id']] },
      }),
    },
  )
  await client.exec("UPDATE t SET id = 'new'")
  await client.push()
  expect(await expectConverged(database.remote, [client, observer])).toEqual({
    t: [['text "new"', 'integer 1']],
  })
})

test('a changed INTEGER PRIMARY KEY: the client can neither push nor pull any more', async () => {
  const database = tidemark.database()
  const [client, other] = await database.pair(
    'CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 1)',
  )
  await client.exec('UPDATE t SET id = 2')
  await other.exec('INSERT INTO t VALUES (3, 3)')
  await other.push()
  await expect(client.push()).rejects.toThrow("cdc_mode must be set to either 'full' or 'after'")
  await expect(client.pull()).rejects.toThrow("cdc_mode must be set to either 'full' or 'after'")
  expect(await tursoRows(client, 'SELECT * FROM t')).toEqual([[2n, 1n]])
})

test('a row whose key is NULL: later changes of it are not found', async () => {
  const database = tidemark.database()
  const [client] = await database.pair(
    'CREATE TABLE t (id TEXT PRIMARY KEY, v); INSERT INTO t VALUES (NULL, 1)',
  )
  await client.exec('UPDATE t SET v = 2')
  await client.push()
  expect(await expectConverged(database.remote, [client])).toEqual({ t: [['null', 'integer 1']] })
})

test('a row without a key, changed before it was pulled: the change goes to whatever row has its rowid', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair('CREATE TABLE t (v)')
  await alice.exec("INSERT INTO t VALUES ('alice')")
  await alice.push()
  await bob.exec("INSERT INTO t VALUES ('bob')")
  await bob.exec("UPDATE t SET v = 'bob, changed'")
  await bob.push()
  expect((await expectConverged(database.remote, [alice, bob]))['t']?.flat()).toEqual([
    'text "bob, changed"',
    'text "bob"',
  ])
})

test('renamed tables and columns, views and triggers stay local', async () => {
  const database = tidemark.database()
  const [client] = await database.pair(
    'CREATE TABLE a (id INTEGER PRIMARY KEY, v); CREATE TABLE b (id INTEGER PRIMARY KEY, v)',
  )
  const schema = await database.remote('SELECT type, name, sql FROM sqlite_schema')
  await client.exec('ALTER TABLE a RENAME TO renamed')
  await client.exec('ALTER TABLE b RENAME COLUMN v TO renamed')
  await client.exec('CREATE VIEW c AS SELECT 1')
  await client.exec('CREATE TRIGGER d AFTER INSERT ON b BEGIN SELECT 1; END')
  await client.push()
  expect(await database.remote('SELECT type, name, sql FROM sqlite_schema')).toEqual(schema)
})

test('rows written before their table was renamed: their statements have no columns, and the push is refused whole', async () => {
  const database = tidemark.database()
  const [client] = await database.pair('CREATE TABLE t (id INTEGER PRIMARY KEY, v)')
  await client.exec('INSERT INTO t VALUES (1, 1)')
  await client.exec('ALTER TABLE t RENAME TO u')
  await expect(client.push()).rejects.toThrow('syntax error')
  expect(await database.remote('SELECT * FROM t')).toEqual([])
  expect(await tursoRows(client, 'SELECT * FROM u')).toEqual([[1n, 1n]])
})

test('WITHOUT ROWID tables can be created, pushed and pulled, not written', async () => {
  const database = tidemark.database()
  const client = await database.connect({ experimental: ['without_rowid'] })
  await client.exec('CREATE TABLE t (a TEXT, b INTEGER, v, PRIMARY KEY (a, b)) WITHOUT ROWID')
  await expect(client.exec("INSERT INTO t VALUES ('a', 1, 1)")).rejects.toThrow('CDC on WITHOUT ROWID tables')
  await client.push()
  await database.remote("INSERT INTO t VALUES ('a', 1, 1)")
  await client.pull()
  expect(await tursoContents(client)).toEqual({ t: [['text "a"', 'integer 1', 'integer 1']] })
})

test('UPDATE OR REPLACE: the row that it removes is not pushed, and the push is refused whole', async () => {
  const database = tidemark.database()
  const schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, u UNIQUE); INSERT INTO t VALUES (1, 'a'), (2, 'b')"
  const [client] = await database.pair(schema)
  await client.exec("UPDATE OR REPLACE t SET u = 'a' WHERE id = 2")
  await expect(client.push()).rejects.toThrow('UNIQUE constraint failed: t.u (UPDATE of')
  expect(await database.remote('SELECT id FROM t ORDER BY id')).toEqual([[1n], [2n]])
})

test.each([
  ['CREATE VIRTUAL TABLE new USING fts5(v)', 'Virtual table module not found: fts5'],
  ['CREATE VIRTUAL TABLE new USING rtree(id, low, high)', 'Virtual table module not found: rtree'],
  ['CREATE TABLE new (v, upper AS (upper(v)) STORED)', 'Stored generated columns are not supported'],
  ['CREATE TABLE new (v, upper AS (upper(v)))', 'generated_columns feature is not enabled'],
])('after %s in another client it goes on pushing, and cannot pull', async (sql, message) => {
  const database = tidemark.database()
  const [client] = await database.pair('CREATE TABLE t (id INTEGER PRIMARY KEY, v)')
  await database.remote(sql)
  await client.exec('INSERT INTO t VALUES (1, 1)')
  await client.push()
  await expect(client.pull()).rejects.toThrow(message)
  await client.exec('INSERT INTO t VALUES (2, 2)')
  await client.push()
  expect(await database.remote('SELECT id FROM t ORDER BY id')).toEqual([[1n], [2n]])
})

test('BEGIN CONCURRENT: what it writes is pushed, and no pull works any more', async () => {
  const database = tidemark.database()
  const [client] = await database.pair('CREATE TABLE t (id INTEGER PRIMARY KEY, v)')
  await client.exec("PRAGMA journal_mode = 'mvcc'")
  await client.exec('BEGIN CONCURRENT; INSERT INTO t VALUES (1, 1); COMMIT')
  await client.push()
  await expect(client.pull()).rejects.toThrow('MVCC transaction after remote apply')
  await client.exec('INSERT INTO t VALUES (2, 2)')
  await client.push()
  expect(await database.remote('SELECT id FROM t ORDER BY id')).toEqual([[1n], [2n]])
})
