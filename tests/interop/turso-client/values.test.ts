import { expect, test } from 'vitest'
import {
  expectConverged,
  tidemarkOfTheRun,
  tursoContents,
  tursoRows,
  tursoRun,
} from '../peers/turso-client.ts'
import { tagged } from '../peers/table-contents.ts'

const tidemark = tidemarkOfTheRun()

const VALUE = 'CREATE TABLE value (id INTEGER PRIMARY KEY, v)'

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte)
const UNICODE = 'ü€😀\u{10FFFF}\uFEFF\u2028'
const ESCAPED = '{"a":"\\u0000\\"\n"}'

/** What it is, the value as given to the client, and what SQLite makes of it. */
const VALUES: readonly [string, unknown, string][] = [
  ['the largest integer', 2n ** 63n - 1n, 'integer 9223372036854775807'],
  ['the smallest integer', -(2n ** 63n), 'integer -9223372036854775808'],
  ['an integer beyond 2^53', 9_007_199_254_740_993n, 'integer 9007199254740993'],
  ['the largest double', Number.MAX_VALUE, 'real 1.7976931348623157e+308'],
  ['the smallest double', Number.MIN_VALUE, 'real 5e-324'],
  ['a double with all digits', 0.1 + 0.2, 'real 0.30000000000000004'],
  ['NaN, which is NULL in SQLite', Number.NaN, 'null'],
  ['null', null, 'null'],
  ['an empty text', '', 'text ""'],
  ['a text with NUL', 'a\0b\0', String.raw`text "a\u0000b\u0000"`],
  ['a text from all over Unicode', UNICODE, tagged(UNICODE)],
  ['a text that looks like JSON', ESCAPED, tagged(ESCAPED)],
  ['an empty blob', new Uint8Array(0), 'blob '],
  ['a blob of all bytes', ALL_BYTES, tagged(ALL_BYTES)],
]

test('values at their extremes arrive as they are, inserted and updated', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair('CREATE TABLE value (what TEXT PRIMARY KEY, v)')
  for (const [what, value] of VALUES) {
    await tursoRun(alice, 'INSERT INTO value VALUES (?, ?)', `insert ${what}`, value)
    await tursoRun(alice, "INSERT INTO value VALUES (?, 'to be replaced')", `update ${what}`)
  }
  await alice.push()
  for (const [what, value] of VALUES)
    await tursoRun(alice, 'UPDATE value SET v = ? WHERE what = ?', value, `update ${what}`)
  await alice.push()
  const held = (await expectConverged(database.remote, [alice, bob]))['value']
  expect(new Map(held as [string, string][])).toEqual(
    new Map(
      VALUES.flatMap(([what, , expected]) =>
        ['insert', 'update'].map((how) => [tagged(`${how} ${what}`), expected] as const),
      ),
    ),
  )
})

test('negative zero keeps its sign on the way to the server, to other clients, and in the server’s answers', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair(VALUE)
  await alice.exec('INSERT INTO value VALUES (1, -0.0)')
  await alice.push()
  const held = await expectConverged(database.remote, [alice, bob])
  expect(held).toEqual({ value: [['integer 1', 'real -0']] })
})

test('a whole float stays a float, and a text of digits a text', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair(VALUE)
  await alice.exec("INSERT INTO value VALUES (1, 1.0), (2, '1'), (3, 1), (4, 1e15), (5, -1.0)")
  await alice.push()
  expect(await expectConverged(database.remote, [alice, bob])).toEqual({
    value: [
      ['integer 1', 'real 1'],
      ['integer 2', 'text "1"'],
      ['integer 3', 'integer 1'],
      ['integer 4', 'real 1000000000000000'],
      ['integer 5', 'real -1'],
    ],
  })
})

test('an infinity in a push is refused by its row, and nothing is lost on either side', async () => {
  const database = tidemark.database()
  const [alice] = await database.pair(VALUE)
  await alice.exec('INSERT INTO value VALUES (1, 1.5); INSERT INTO value VALUES (7, -9e999)')
  await expect(alice.push()).rejects.toThrow(
    /INSERT INTO.*value.*\(7, ±Infinity\) is an infinity, which JSON cannot carry.*-9e999/,
  )
  expect(await database.remote('SELECT * FROM value')).toEqual([])
  await alice.pull()
  expect(await tursoRows(alice, 'SELECT * FROM value ORDER BY id')).toEqual([
    [1n, 1.5],
    [7n, -Infinity],
  ])
})

test('transform can send infinities as literals, which arrive with their sign', async () => {
  const database = tidemark.database()
  const [, bob] = await database.pair(VALUE)
  const alice = await database.connect({
    transform: ({ after }) => {
      const { id, v } = after as { id: number; v: number }
      if (Number.isFinite(v)) return null
      const sql = `INSERT INTO value VALUES (?, ${v > 0 ? '9e999' : '-9e999'})`
      return { operation: 'rewrite', stmt: { sql, values: [id] } }
    },
  })
  await alice.exec('INSERT INTO value VALUES (1, 9e999), (2, -9e999), (3, 3.5)')
  await alice.push()
  await alice.pull()
  await bob.pull()
  const expected = [
    ['integer 1', 'real Infinity'],
    ['integer 2', 'real -Infinity'],
    ['integer 3', 'real 3.5'],
  ]
  for (const client of [alice, bob]) expect(await tursoContents(client)).toEqual({ value: expected })
})

test('rows of some megabytes cross in both directions', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair(VALUE)
  const blob = Buffer.alloc(2_000_000, 'tidemark')
  await tursoRun(alice, 'INSERT INTO value VALUES (1, ?)', blob)
  await tursoRun(alice, 'INSERT INTO value VALUES (2, ?)', 'ü'.repeat(500_000))
  await alice.push()
  await bob.pull()
  await tursoRun(bob, 'UPDATE value SET v = ? WHERE id = 2', blob.subarray(1))
  await bob.push()
  await alice.pull()
  expect(await tursoRows(alice, 'SELECT id, length(v), typeof(v) FROM value ORDER BY id')).toEqual([
    [1n, 2_000_000n, 'blob'],
    [2n, 1_999_999n, 'blob'],
  ])
  const [[held]] = (await tursoRows(alice, 'SELECT v FROM value WHERE id = 2')) as [[Uint8Array]]
  expect(Buffer.compare(held, blob.subarray(1))).toBe(0)
})

test('a row of a hundred columns', async () => {
  const database = tidemark.database()
  const columns = Array.from({ length: 100 }, (_, index) => `c${index}`)
  const [alice, bob] = await database.pair(
    `CREATE TABLE wide (id INTEGER PRIMARY KEY, ${columns.join(', ')})`,
  )
  await tursoRun(alice, `INSERT INTO wide VALUES (1${', ?'.repeat(100)})`, ...columns)
  await alice.push()
  await alice.exec("UPDATE wide SET c99 = 'last', c0 = NULL")
  await alice.push()
  const held = await expectConverged(database.remote, [alice, bob])
  expect(held['wide']![0]!.slice(-2)).toEqual(['text "c98"', 'text "last"'])
})
