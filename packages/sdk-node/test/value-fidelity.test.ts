import { expect, test } from 'vitest'
import type { Database } from '../src/index.ts'
import { SyncServer } from './sync-server.ts'

/** Every value of a column with its storage class and its exact bytes. */
function exactValues(db: Database, table: string, column: string): unknown[] {
  return db
    .prepare(
      `SELECT typeof(${column}) AS type, ${column} AS value, hex(CAST(${column} AS BLOB)) AS bytes, quote(${column}) AS text
       FROM ${table} ORDER BY rowid`,
    )
    .safeIntegers()
    .all()
}

test('every value goes through client, server and other client unchanged', async () => {
  await using server = new SyncServer()
  const a = await server.client('a.db')
  a.exec('CREATE TABLE v (value); CREATE TABLE typed (i INTEGER, r REAL, t TEXT, b BLOB, n NUMERIC)')
  const insert = a.prepare('INSERT INTO v VALUES (?)')
  const values = [
    null,
    0n,
    -1n,
    9_223_372_036_854_775_807n,
    -9_223_372_036_854_775_808n,
    9_007_199_254_740_993n,
    1,
    0.1,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.MAX_VALUE,
    Number.MIN_VALUE,
    '',
    'nul \0 inside',
    'Straße – 日本語 – 👩‍🚀 – \uFFFD',
    Buffer.alloc(0),
    Buffer.from([0]),
    Buffer.from([0xff, 0xfe, 0x00]),
  ]
  for (const value of values) insert.run(value)
  // −0.0 keeps its sign only as a REAL without affinity; NaN is NULL for SQLite; TEXT that is no UTF-8 comes
  // from SQL alone.
  insert.run(-0)
  insert.run(Number.NaN)
  a.exec(`INSERT INTO v VALUES (CAST(x'c328ff' AS TEXT)), (zeroblob(70000))`)
  a.prepare('INSERT INTO typed VALUES (?, ?, ?, ?, ?)').run(5, 5n, 5, '5', '5.0')
  await a.push()

  const b = await server.client('b.db')
  expect(exactValues(b, 'v', 'value')).toEqual(exactValues(a, 'v', 'value'))
  expect(
    Object.is(
      b
        .prepare('SELECT value FROM v WHERE rowid = ?')
        .pluck()
        .get(values.length + 1),
      -0,
    ),
  ).toBe(true)
  expect(
    b
      .prepare('SELECT value FROM v WHERE rowid = ?')
      .pluck()
      .get(values.length + 2),
  ).toBeNull()
  for (const column of ['i', 'r', 't', 'b', 'n']) {
    expect(exactValues(b, 'typed', column)).toEqual(exactValues(a, 'typed', column))
  }

  const before = exactValues(b, 'v', 'value').toReversed()
  b.exec(
    'CREATE TEMP TABLE turned AS SELECT value FROM v ORDER BY rowid DESC; UPDATE v SET value = (SELECT t.value FROM turned t WHERE t.rowid = v.rowid)',
  )
  expect(exactValues(b, 'v', 'value')).toEqual(before)
  await b.push()
  await a.pull()
  expect(exactValues(a, 'v', 'value')).toEqual(before)
})

test('a blob of 50 MB', async () => {
  await using server = new SyncServer()
  const a = await server.client('a.db')
  a.exec('CREATE TABLE big (id INTEGER PRIMARY KEY, content BLOB)')
  const content = Buffer.alloc(50 * 1024 * 1024)
  for (let offset = 0; offset < content.length; offset += 4)
    content.writeUInt32LE((offset * 2_654_435_761) % 0xffff_ffff, offset)
  a.prepare('INSERT INTO big VALUES (1, ?), (2, zeroblob(1))').run(content)
  await a.push()
  const b = await server.client('b.db')
  expect((b.prepare('SELECT content FROM big WHERE id = 1').pluck().get() as Buffer).equals(content)).toBe(
    true,
  )
  expect(b.prepare('SELECT content FROM big WHERE id = 2').pluck().get()).toEqual(Buffer.from([0]))
})

test('NULL in keys, quoted and Unicode names, a column called rowid, 300 columns', async () => {
  await using server = new SyncServer()
  const a = await server.client('a.db')
  const columns = Array.from({ length: 300 }, (_, index) => `c${index}`)
  a.exec(`
    CREATE TABLE pairs (x TEXT, y INTEGER, note TEXT, PRIMARY KEY (x, y));
    CREATE TABLE "Straße; ""quoted"" 名" ("schlüssel ä" TEXT PRIMARY KEY, "select" INT, "'" INT);
    CREATE TABLE shadowed (rowid TEXT PRIMARY KEY, other INT);
    CREATE TABLE wide (id INTEGER PRIMARY KEY, ${columns.join(', ')});
    CREATE TABLE bare (note TEXT);
    INSERT INTO pairs VALUES (NULL, NULL, 'a'), (NULL, 1, 'b'), ('k', NULL, 'c'), ('k', 1, 'd');
    INSERT INTO "Straße; ""quoted"" 名" VALUES ('ß', 1, 2), ('', 3, 4);
    INSERT INTO shadowed VALUES ('one', 1), ('two', 2);
    INSERT INTO wide (id, ${columns.join(', ')}) VALUES (1, ${columns.map((_, index) => index).join(', ')});
    INSERT INTO bare VALUES ('same'), ('same'), (NULL)`)
  await a.push()
  const b = await server.client('b.db')
  b.exec(`
    UPDATE pairs SET note = note || '!' WHERE x IS NULL;
    DELETE FROM pairs WHERE x = 'k' AND y IS NULL;
    UPDATE "Straße; ""quoted"" 名" SET "'" = 9, "schlüssel ä" = 'ss' WHERE "select" = 1;
    UPDATE shadowed SET rowid = 'three' WHERE other = 2;
    UPDATE wide SET c299 = 'last', c0 = NULL;
    DELETE FROM bare WHERE rowid = 2`)
  await b.push()
  await a.pull()
  expect(a.prepare('SELECT * FROM pairs ORDER BY note').raw().all()).toEqual([
    [null, null, 'a!'],
    [null, 1, 'b!'],
    ['k', 1, 'd'],
  ])
  expect(a.prepare('SELECT * FROM "Straße; ""quoted"" 名" ORDER BY 2').raw().all()).toEqual([
    ['ss', 1, 9],
    ['', 3, 4],
  ])
  expect(a.prepare('SELECT * FROM shadowed ORDER BY other').raw().all()).toEqual([
    ['one', 1],
    ['three', 2],
  ])
  expect(a.prepare('SELECT c0, c1, c299 FROM wide').raw().get()).toEqual([null, 1, 'last'])
  expect(a.prepare('SELECT * FROM bare').raw().all()).toEqual([['same'], [null]])
})
