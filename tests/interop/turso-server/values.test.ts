import type { Database } from '@tidemark/sdk-node'
import { expect, test } from 'vitest'
import { TursoSite } from './turso-site.ts'

/** Every value of a column with its storage class and its exact bytes. */
function exactValues(db: Database, table: string): unknown[] {
  return db
    .prepare(
      `SELECT id, typeof(value) AS type, value, hex(CAST(value AS BLOB)) AS bytes FROM ${table} ORDER BY id`,
    )
    .safeIntegers()
    .all()
}

/** Doubles of random bits, and decimal fractions of all lengths. */
function manyReals(): number[] {
  const view = new DataView(new ArrayBuffer(8))
  const reals: number[] = []
  for (let i = 0; i < 1500; i += 1) {
    view.setUint32(0, Math.random() * 2 ** 32)
    view.setUint32(4, Math.random() * 2 ** 32)
    const bits = view.getFloat64(0)
    if (!Number.isNaN(bits)) reals.push(bits)
    reals.push(Math.random(), Math.round(Math.random() * 1e15) * 10 ** (Math.round(Math.random() * 60) - 30))
  }
  return reals
}

test('every value arrives as it is, in rows and in the identity of rows', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec('CREATE TABLE v (id INTEGER PRIMARY KEY, value); CREATE TABLE bare (id, value)')
  const values = [
    null,
    0n,
    -1n,
    9_223_372_036_854_775_807n,
    -9_223_372_036_854_775_808n,
    9_007_199_254_740_993n,
    1,
    0.1,
    -0,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.MAX_VALUE,
    Number.MIN_VALUE,
    2.225_073_858_507_201e-308,
    '',
    'nul \0 inside',
    `quotes ' " \\ and \u{1f469}‍\u{1f680}, \u2028 and \uFFFD`,
    Buffer.alloc(0),
    Buffer.from([0, 0xff, 0xfe]),
    Buffer.alloc(300_000, 'blob'),
    'text '.repeat(100_000),
    ...manyReals(),
  ]
  const insert = a.prepare('INSERT INTO v VALUES (?, ?)')
  const insertBare = a.prepare('INSERT INTO bare VALUES (?, ?)')
  a.transaction(() => {
    for (const [id, value] of values.entries()) {
      insert.run(BigInt(id), value)
      insertBare.run(BigInt(id), value)
    }
  })()
  await a.push()
  const b = await site.client('b.db')
  expect(exactValues(b, 'v')).toEqual(exactValues(a, 'v'))
  expect(exactValues(b, 'bare')).toEqual(exactValues(a, 'bare'))
  expect(Object.is((exactValues(b, 'v')[8] as { value: number }).value, -0)).toBe(true)
  // Rows without a key are found by all of their values.
  a.exec(`UPDATE bare SET value = 'x' WHERE id < 100; DELETE FROM bare WHERE id BETWEEN 100 AND 200`)
  await a.push()
  await b.pull()
  expect(exactValues(b, 'bare')).toEqual(exactValues(a, 'bare'))
  expect(exactValues(b, 'bare').slice(0, 101)).toHaveLength(101)
})

test("the same doubles, sent as Turso's client sends them, arrive changed", async () => {
  await using site = await TursoSite.start()
  const turso = await site.turso('turso.db')
  await turso.exec('CREATE TABLE v (id INTEGER PRIMARY KEY, value)')
  const values = [1.808918976578314e96, 8.688385639580518e-91, 0.1]
  const insert = (await turso.prepare('INSERT INTO v (value) VALUES (?)')) as {
    run(value: number): Promise<unknown>
  }
  for (const value of values) await insert.run(value)
  await turso.push()
  const a = await site.client('a.db')
  const arrived = a.prepare('SELECT value FROM v ORDER BY id').pluck().all()
  expect(arrived).not.toEqual(values)
  expect(arrived[2]).toBe(0.1)
  await turso.close()
})

test('text that is not UTF-8 is refused before anything is sent, since tursodb would change it', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec('CREATE TABLE v (id INTEGER PRIMARY KEY, value)')
  await a.push()
  a.exec(`INSERT INTO v VALUES (1, 'fine'), (2, CAST(x'c328ff' AS TEXT))`)
  await expect(a.push()).rejects.toMatchObject({
    name: 'RejectedError',
    table: 'v',
    key: [2n],
    message: expect.stringContaining('not UTF-8') as string,
  })
  expect(await site.sql('SELECT count(*) FROM v')).toEqual([['0']])
})

test('names of all kinds, and a table with hundreds of columns', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  const columns = Array.from({ length: 500 }, (_, index) => `c${index}`)
  a.exec(`CREATE TABLE "it's a ""table""" ("a b" TEXT PRIMARY KEY, "select", "ü");
    CREATE TABLE shadow (rowid TEXT, x); CREATE TABLE wide (${columns.join()})`)
  a.exec(`INSERT INTO "it's a ""table""" VALUES ('k', 1, 2); INSERT INTO shadow VALUES ('r', 1), ('s', 1)`)
  a.prepare(`INSERT INTO wide VALUES (${columns.map(() => '?').join()})`).run(...columns)
  await a.push()
  a.exec(
    `UPDATE "it's a ""table""" SET "ü" = 3; UPDATE shadow SET x = 2 WHERE rowid = 's'; UPDATE wide SET c499 = 'new'`,
  )
  await a.push()
  const b = await site.client('b.db')
  expect(b.prepare(`SELECT * FROM "it's a ""table"""`).all()).toEqual([{ 'a b': 'k', select: 1, ü: 3 }])
  expect(b.prepare('SELECT * FROM shadow ORDER BY x').all()).toEqual([
    { rowid: 'r', x: 1 },
    { rowid: 's', x: 2 },
  ])
  expect(b.prepare('SELECT c0, c499 FROM wide').all()).toEqual([{ c0: 'c0', c499: 'new' }])
})
