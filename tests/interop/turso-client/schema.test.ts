import { expect, test } from 'vitest'
import { expectConverged, tidemarkOfTheRun, tursoRows } from '../peers/turso-client.ts'

const tidemark = tidemarkOfTheRun()

const SCHEMA = "SELECT sql FROM sqlite_schema WHERE tbl_name = 't' AND sql IS NOT NULL ORDER BY type, name"

test('a table and its index, created and dropped', async () => {
  const database = tidemark.database()
  const alice = await database.connect()
  const bob = await database.connect()
  await alice.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE UNIQUE INDEX t_a ON t (a)')
  await alice.exec("INSERT INTO t VALUES (1, 'x')")
  await alice.push()
  await bob.pull()
  await expect(bob.exec("INSERT INTO t VALUES (2, 'x')")).rejects.toThrow('UNIQUE')
  await bob.exec('DROP INDEX t_a')
  await bob.exec("INSERT INTO t VALUES (2, 'x')")
  await bob.push()
  expect((await expectConverged(database.remote, [alice, bob]))['t']).toHaveLength(2)
  expect(await database.remote(SCHEMA)).toHaveLength(1)
  await alice.exec('DROP TABLE t')
  await alice.push()
  expect(await expectConverged(database.remote, [alice, bob])).toEqual({})
})

test('a column, added and dropped, with rows before and after', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair(
    'CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (1, 1)',
  )
  await alice.exec('ALTER TABLE t ADD COLUMN b TEXT DEFAULT 7; INSERT INTO t VALUES (2, 2, 2)')
  await alice.push()
  await bob.pull()
  expect(await tursoRows(bob, 'SELECT * FROM t ORDER BY id')).toEqual([
    [1n, 1n, '7'],
    [2n, 2n, '2'],
  ])
  await bob.exec('ALTER TABLE t DROP COLUMN a')
  await bob.push()
  const held = await expectConverged(database.remote, [alice, bob])
  expect(held['t']).toEqual([
    ['integer 1', 'text "7"'],
    ['integer 2', 'text "2"'],
  ])
})

test('the same table and column, created by two clients, are one', async () => {
  const database = tidemark.database()
  const alice = await database.connect()
  const bob = await database.connect()
  for (const [id, client] of [alice, bob].entries()) {
    await client.exec(
      `CREATE TABLE t (id INTEGER PRIMARY KEY, a); CREATE INDEX t_a ON t (a); INSERT INTO t VALUES (${id}, 'before')`,
    )
    await client.exec(`ALTER TABLE t ADD COLUMN b; INSERT INTO t VALUES (${id + 10}, 'after', ${id})`)
  }
  await alice.push()
  await bob.push()
  expect((await expectConverged(database.remote, [alice, bob]))['t']).toHaveLength(4)
})

test('rows of a table that another client has dropped: the push is refused, with SQLite’s message', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair('CREATE TABLE t (id INTEGER PRIMARY KEY, a)')
  await alice.exec('DROP TABLE t')
  await alice.push()
  await bob.exec('INSERT INTO t VALUES (1, 1)')
  await expect(bob.push()).rejects.toThrow('no such table: t')
  expect(await tursoRows(bob, 'SELECT * FROM t')).toEqual([[1n, 1n]])
})

/** Column definitions of a table with the columns `id` and `v`, and two values of `id`. */
const KEYS: Readonly<Record<string, readonly [string, string, string]>> = {
  by_text: ['(id TEXT PRIMARY KEY, v)', "'a'", "'b'"],
  by_blob: ['(id BLOB PRIMARY KEY, v)', "x'00ff'", "x''"],
  by_real: ['(id REAL PRIMARY KEY, v)', '1.5', '-0.25'],
  by_any: ['(id PRIMARY KEY, v)', "'1'", '1'],
  by_rowid: ['(id INTEGER PRIMARY KEY, v)', '-9223372036854775808', '9223372036854775807'],
  by_autoincrement: ['(id INTEGER PRIMARY KEY AUTOINCREMENT, v)', '7', '9'],
  by_strict: ['(id INT PRIMARY KEY, v ANY) STRICT', '7', '9'],
  by_nocase: ['(id TEXT COLLATE NOCASE PRIMARY KEY, v)', "'a'", "'b'"],
}

test('rows are updated and deleted by keys of all kinds', async () => {
  const database = tidemark.database()
  const keys = Object.entries(KEYS)
  const [alice, bob] = await database.pair(
    keys.map(([name, [columns]]) => `CREATE TABLE ${name} ${columns}`).join(';'),
  )
  for (const [name, [, first, second]] of keys)
    await alice.exec(`INSERT INTO ${name} VALUES (${first}, 1), (${second}, 2)`)
  await alice.push()
  await bob.pull()
  for (const [name, [, first, second]] of keys)
    await bob.exec(
      `UPDATE ${name} SET v = 'new' WHERE id = ${first}; DELETE FROM ${name} WHERE id = ${second}`,
    )
  await bob.push()
  const held = await expectConverged(database.remote, [alice, bob])
  for (const [name] of keys) expect([name, held[name]!.map((row) => row[1])]).toEqual([name, ['text "new"']])
})

test('rows by a key of several columns are updated and deleted', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair('CREATE TABLE t (a TEXT, v, b INTEGER, PRIMARY KEY (b, a))')
  await alice.exec("INSERT INTO t VALUES ('x', 1, 1), ('x', 2, 2), ('y', 3, 1)")
  await alice.push()
  await bob.pull()
  await bob.exec("UPDATE t SET v = 'new' WHERE a = 'x' AND b = 2; DELETE FROM t WHERE a = 'y'")
  await bob.push()
  expect(await expectConverged(database.remote, [alice, bob])).toEqual({
    t: [
      ['text "x"', 'integer 1', 'integer 1'],
      ['text "x"', 'text "new"', 'integer 2'],
    ],
  })
})

test('rows without a key are updated and deleted by their rowid', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair('CREATE TABLE t (v)')
  await alice.exec('INSERT INTO t VALUES (1), (1), (2), (3)')
  await alice.push()
  await bob.pull()
  await bob.exec("UPDATE t SET v = 'new' WHERE rowid = 2; DELETE FROM t WHERE v = 3")
  await bob.push()
  expect((await expectConverged(database.remote, [alice, bob]))['t']?.flat()).toEqual([
    'integer 1',
    'integer 2',
    'text "new"',
  ])
})

test('a generated column is computed on both sides', async () => {
  const database = tidemark.database()
  const alice = await database.connect({ experimental: ['generated_columns'] })
  await alice.exec(
    'CREATE TABLE t (id INTEGER PRIMARY KEY, v, twice AS (v * 2)); INSERT INTO t (id, v) VALUES (1, 4)',
  )
  await alice.push()
  expect(await database.remote('SELECT v, twice FROM t')).toEqual([[4n, 8n]])
  await expectConverged(database.remote, [alice])
})

test('names and types that need quotes', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair(
    'CREATE TABLE "select 1" (id INTEGER PRIMARY KEY, "order by" TEXT, "ümlaut" BLOB, "a?b" INT)',
  )
  await alice.exec(`INSERT INTO "select 1" VALUES (1, 'x', x'01', 1)`)
  await alice.push()
  await bob.pull()
  await bob.exec(`UPDATE "select 1" SET "order by" = 'y', "a?b" = 2`)
  await bob.push()
  expect(await database.remote('SELECT * FROM "select 1"')).toEqual([[1n, 'y', new Uint8Array([1]), 2n]])
  await alice.pull()
  expect(await tursoRows(alice, 'SELECT "order by" FROM "select 1"')).toEqual([['y']])
})
