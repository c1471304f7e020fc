import type { HranaBatchResult } from '@tidemark/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pipeline, run, startServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import { CLOSE } from './sql-fixture.ts'

let server: RunningServer

beforeAll(async () => {
  server = await startServer()
})

afterAll(async () => {
  await server.close()
})

type Argument = string | number | null
type Step = string | readonly [sql: string, ...args: Argument[]]

const toHrana = (value: Argument): unknown => {
  if (value === null) return { type: 'null' }
  return typeof value === 'string' ? { type: 'text', value } : { type: 'integer', value: String(value) }
}

async function database(name: string, ...schema: string[]): Promise<string> {
  const url = await server.create(name)
  await run(url, ...schema)
  return url
}

/** A push as Turso's client sends it, of these changes up to `changeId`. */
async function push(
  url: string,
  changes: readonly Step[],
  changeId = 10,
  pullGeneration = 0,
): Promise<HranaBatchResult> {
  const steps: Step[] = [
    'CREATE TABLE IF NOT EXISTS turso_sync_last_change_id (client_id TEXT PRIMARY KEY, pull_gen INTEGER, change_id INTEGER)',
    ...changes,
    [
      'INSERT INTO turso_sync_last_change_id(client_id, pull_gen, change_id) VALUES (?, ?, ?) ON CONFLICT(client_id) DO UPDATE SET pull_gen=excluded.pull_gen, change_id=excluded.change_id',
      'c',
      pullGeneration,
      changeId,
    ],
    'COMMIT',
  ]
  const guarded = steps.map((step) => {
    const [sql, ...args] = typeof step === 'string' ? [step] : step
    return {
      stmt: { sql, args: args.map(toHrana) },
      condition: { type: 'not', cond: { type: 'is_autocommit' } },
    }
  })
  const batch = { steps: [{ stmt: { sql: 'BEGIN IMMEDIATE' } }, ...guarded] }
  const { results } = await pipeline(url, [{ type: 'batch', batch } as never, CLOSE])
  const [result] = results
  if (result?.type !== 'ok' || result.response.type !== 'batch') throw new Error(JSON.stringify(results))
  return result.response.result
}

/** Asks how far the server has the changes of the client that {@link push} stands for. */
async function ask(url: string): Promise<void> {
  const sql = 'SELECT pull_gen, change_id FROM turso_sync_last_change_id WHERE client_id = ?'
  const batch = { steps: [{ stmt: { sql, args: [toHrana('c')] } }] }
  await pipeline(url, [{ type: 'batch', batch } as never, CLOSE])
}

const errorsOf = (result: HranaBatchResult): string[] =>
  result.step_errors.flatMap((error) => (error === null ? [] : [error.message]))

const upsert = 'INSERT INTO "t"("id", "v") VALUES (?,?) ON CONFLICT("id") DO UPDATE SET "v" = excluded."v"'

test('the database’s triggers do not fire for a push; for other statements they do, before and after', async () => {
  const url = await database(
    'triggers',
    'CREATE TABLE t(id INTEGER PRIMARY KEY, v)',
    'CREATE TABLE log(m)',
    'CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.id); END',
    'INSERT INTO t VALUES (1, 0)',
  )
  expect(
    errorsOf(
      await push(url, [
        ['INSERT INTO "log"("m") VALUES (?)', 2],
        [upsert, 2, 'a'],
      ]),
    ),
  ).toEqual([])
  await run(url, 'INSERT INTO t VALUES (3, 0)')
  expect(await run(url, 'SELECT * FROM log')).toEqual([[1], [2], [3]])
})

test('schema changes in a push see the triggers: they go with their table, are renamed, and still do not fire', async () => {
  const url = await database(
    'schema',
    'CREATE TABLE t(id INTEGER PRIMARY KEY, v)',
    'CREATE TABLE log(m)',
    'CREATE TABLE gone(a)',
    'CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.v); END',
    'CREATE TRIGGER tg AFTER INSERT ON gone BEGIN SELECT 1; END',
  )
  const result = await push(url, [
    'DROP table gone',
    'ALTER TABLE t RENAME COLUMN v TO w',
    'ALTER TABLE t ADD COLUMN x',
    'CREATE TABLE IF NOT EXISTS u (id INTEGER PRIMARY KEY);',
    "CREATE TRIGGER tu AFTER INSERT ON u BEGIN INSERT INTO log VALUES ('u'); END",
    ['INSERT INTO "u"("id") VALUES (?)', 1],
    ['INSERT INTO "t"("id", "w", "x") VALUES (?,?,?)', 1, 'b', 'c'],
  ])
  expect(errorsOf(result)).toEqual([])
  expect(await run(url, 'SELECT * FROM log')).toEqual([])
  expect(await run(url, "SELECT name FROM sqlite_schema WHERE type = 'trigger' ORDER BY 1")).toEqual([
    ['tr'],
    ['tu'],
  ])
  await run(url, "INSERT INTO t VALUES (2, 'w', NULL)", 'INSERT INTO u VALUES (2)')
  expect(await run(url, 'SELECT * FROM log')).toEqual([['w'], ['u']])
  expect(await run(url, 'PRAGMA integrity_check')).toEqual([['ok']])
})

test('a push that renames a column, and fails after it, leaves schema and triggers as they were (I5)', async () => {
  const url = await database(
    'undone',
    'CREATE TABLE t(id INTEGER PRIMARY KEY, v NOT NULL)',
    'CREATE TABLE log(m)',
    'CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.v); END',
  )
  const result = await push(url, [
    'ALTER TABLE t RENAME COLUMN v TO w',
    ['INSERT INTO "t"("id", "w") VALUES (?,?)', 1, null],
  ])
  expect(errorsOf(result)).toEqual([
    'NOT NULL constraint failed: t.w (INSERT into "t", row "id" = 1; nothing of the push was applied)',
  ])
  expect(errorsOf(await push(url, [[upsert, 1, 'a']]))).toEqual([])
  await run(url, "INSERT INTO t(id, v) VALUES (2, 'b')")
  expect(await run(url, 'SELECT * FROM log')).toEqual([['b']])
})

test('a schema change that the client repeats, or that another client made before, is not an error', async () => {
  const url = await database(
    'repeated',
    'CREATE TABLE t(id INTEGER PRIMARY KEY, v)',
    'CREATE INDEX ix ON t(v)',
  )
  const twice = [
    'ALTER TABLE t RENAME COLUMN v TO w',
    'ALTER TABLE t RENAME COLUMN v TO w',
    'DROP index ix',
    'DROP index ix',
    'ALTER TABLE t ADD COLUMN x',
    'ALTER TABLE t ADD COLUMN x',
  ]
  expect(errorsOf(await push(url, twice))).toEqual([])
  expect(await run(url, "SELECT sql FROM sqlite_schema WHERE name IN ('t', 'ix')")).toEqual([
    ['CREATE TABLE t(id INTEGER PRIMARY KEY, w, x)'],
  ])
})

test('a column for which there is no room fails its push, to be made again, and nothing of it is applied', async () => {
  const small = await startServer({ maxDatabaseBytes: 40 * 4096 })
  try {
    const url = await small.create('full')
    await run(url, 'CREATE TABLE t(id INTEGER PRIMARY KEY, v)', 'CREATE TABLE filler(x)')
    await push(url, [[upsert, 1, 'first']], 1)
    const fill = 'INSERT INTO filler VALUES (zeroblob(3900))'
    await expect(async () => {
      for (;;) await run(url, fill)
    }).rejects.toThrow('SQLITE_FULL')
    const columns = Array.from({ length: 40 }, (_, i) => `ALTER TABLE t ADD COLUMN ${'long'.repeat(30)}${i}`)
    const changes = [[upsert, 1, 'before'] as const, ...columns, [upsert, 1, 'behind'] as const]
    const { step_errors: errors } = await push(url, changes, 9)
    expect(errors[0]).toMatchObject({ code: 'SQLITE_FULL' })
    expect(await run(url, 'SELECT * FROM t')).toEqual([[1, 'first']])
    await run(url, 'DELETE FROM filler')
    expect(errorsOf(await push(url, changes, 9))).toEqual([])
    expect(await run(url, "SELECT count(*) FROM pragma_table_info('t')")).toEqual([[42]])
  } finally {
    await small.close()
  }
})

test('foreign keys neither act nor hinder: clients do not push what their cascades removed', async () => {
  const url = await database(
    'foreign-keys',
    'CREATE TABLE p(id INTEGER PRIMARY KEY)',
    'CREATE TABLE c(id INTEGER PRIMARY KEY, p REFERENCES p ON DELETE CASCADE)',
    'INSERT INTO p VALUES (1)',
    'INSERT INTO c VALUES (7, 1)',
  )
  expect(errorsOf(await push(url, [['DELETE FROM "p" WHERE "id" = ?', 1]]))).toEqual([])
  expect(await run(url, 'SELECT id FROM c')).toEqual([[7]])
})

test.each<[string, Step, string, string]>([
  [
    'UNIQUE',
    ['INSERT INTO "t"("id","u","n") VALUES (?,?,?)', 5, 'taken', 1],
    'UNIQUE constraint failed: t.u (INSERT into "t", row "id" = 5; ',
    'SQLITE_CONSTRAINT_UNIQUE',
  ],
  [
    'CHECK',
    ['UPDATE "t" SET "n" = ? WHERE "id" = ?', -1, 1],
    'CHECK constraint failed: n > 0 (UPDATE of "t", row "id" = 1; ',
    'SQLITE_CONSTRAINT_CHECK',
  ],
  [
    'a missing table',
    ['INSERT INTO "nope"("a", "b") VALUES (?,?)', 'x', null],
    'no such table: nope (INSERT into "nope", row "a" = \'x\', "b" = NULL; ',
    'SQLITE_ERROR',
  ],
  [
    'a missing column',
    ['DELETE FROM "t" WHERE "z" IS ?', "it's"],
    'no such column: "z" - should this be a string literal in single-quotes? (DELETE from "t", row "z" = \'it\'\'s\'; ',
    'SQLITE_ERROR',
  ],
  [
    'SQL of no known form',
    ['INSERT INTO t VALUES (1, 2, 3)'],
    'UNIQUE constraint failed: t.id (INSERT into "t"; ',
    'SQLITE_CONSTRAINT_PRIMARYKEY',
  ],
  [
    'bad SQL',
    ['INSERT INTO "t"() VALUES (?)', 1],
    'near ")": syntax error (INSERT into "t"; ',
    'SQLITE_ERROR',
  ],
])(
  '%s: the error says which row, nothing is applied, the watermark stays (I5)',
  async (name, step, message, code) => {
    const url = await database(
      `row-${name.toLowerCase().replaceAll(' ', '-')}`,
      'CREATE TABLE t(id INTEGER PRIMARY KEY, u UNIQUE, n CHECK(n > 0))',
      "INSERT INTO t VALUES (1, 'taken', 1)",
    )
    const insert = 'INSERT INTO "t"("id", "u", "n") VALUES (?,?,?)'
    const result = await push(url, [[insert, 2, 'a', 1], step, [insert, 3, 'b', 1]])
    const failed = result.step_errors.findIndex((error) => error !== null)
    expect(failed).toBe(3)
    expect(result.step_errors[failed]).toEqual({
      message: `${message}nothing of the push was applied)`,
      ...(code === 'SQLITE_ERROR' ? { code } : { code: 'SQLITE_CONSTRAINT', extended_code: code }),
    })
    expect(result.step_results.slice(failed)).toEqual([null, null, null, null])
    expect(await run(url, 'SELECT id FROM t')).toEqual([[1]])
    await expect(run(url, 'SELECT * FROM turso_sync_last_change_id')).rejects.toThrow('no such table')
  },
)

test('a push that arrives again, at once or after a later one, is answered as the first time and changes nothing (I3)', async () => {
  const url = await database('again', 'CREATE TABLE t(id INTEGER PRIMARY KEY, v)')
  const first: Step[] = [[upsert, 1, 'first']]
  await push(url, first, 1)
  await run(url, "UPDATE t SET v = 'other client'")
  expect(errorsOf(await push(url, first, 1))).toEqual([])
  await push(url, [[upsert, 2, 'later']], 2)
  expect(errorsOf(await push(url, first, 1))).toEqual([])
  expect(await run(url, 'SELECT v FROM t')).toEqual([['other client'], ['later']])
  expect(await run(url, 'SELECT change_id FROM turso_sync_last_change_id')).toEqual([[2]])
})

test('a push that arrives again is not stopped by the rows that it has brought (I3)', async () => {
  const url = await database('own-rows', 'CREATE TABLE t(id INTEGER PRIMARY KEY, u UNIQUE)')
  const insert = (id: number): Step => ['INSERT INTO "t" VALUES (?, ?)', id, 'a']
  const changes: Step[] = [insert(1), ['UPDATE "t" SET "u" = ? WHERE "id" = ?', 'b', 1], insert(2)]
  await push(url, changes, 4)
  const again = await push(url, changes, 4)
  expect(errorsOf(again)).toEqual([])
  expect(again.step_results.filter((result) => result === null)).toEqual([])
  expect(await run(url, 'SELECT id, u FROM t')).toEqual([
    [1, 'b'],
    [2, 'a'],
  ])
})

describe('a push that a late one has overtaken, since the client asked how far the server is', () => {
  const line = (word: string): Step => ['INSERT INTO "line"("word") VALUES (?)', word]

  test('is refused whole where it has the same changes again (I3)', async () => {
    const url = await database('overtaken', 'CREATE TABLE line(word)')
    await ask(url)
    await push(url, [line('a'), line('b')], 2)
    const refused = await push(url, [line('a'), line('b'), line('c')], 4)
    expect(errorsOf(refused)).toEqual([
      expect.stringContaining('An earlier push of this client has arrived late') as string,
    ])
    expect(refused.step_errors.at(-1)?.code).toBe('SQLITE_BUSY')
    expect(await run(url, 'SELECT word FROM line')).toEqual([['a'], ['b']])
    await ask(url)
    expect(errorsOf(await push(url, [line('c')], 4))).toEqual([])
    expect(await run(url, 'SELECT word FROM line')).toEqual([['a'], ['b'], ['c']])
  })

  test('is told to be made again, not that its own rows are in its way (I3)', async () => {
    const url = await database('in-its-own-way', 'CREATE TABLE t(id INTEGER PRIMARY KEY, u UNIQUE)')
    const insert = (id: number, u: string): Step => ['INSERT INTO "t" VALUES (?, ?)', id, u]
    const changes: Step[] = [
      insert(1, 'a'),
      ['UPDATE "t" SET "u" = ? WHERE "id" = ?', 'b', 1],
      insert(2, 'a'),
    ]
    await ask(url)
    await push(url, changes, 4)
    const refused = await push(url, [...changes, insert(3, 'c')], 6)
    expect(refused.step_errors.filter((error) => error !== null)).toMatchObject([
      { code: 'SQLITE_BUSY', message: expect.stringContaining('has arrived late') as string },
    ])
    expect(await run(url, 'SELECT id, u FROM t')).toEqual([
      [1, 'b'],
      [2, 'a'],
    ])
    await ask(url)
    expect(errorsOf(await push(url, [insert(4, 'a')], 7))).toEqual([
      expect.stringContaining('UNIQUE constraint failed') as string,
    ])
  })

  test('leaves no watermark where a statement has rolled everything back (I3)', async () => {
    const url = await database('rolled-back', 'CREATE TABLE t(id INTEGER PRIMARY KEY, u UNIQUE)')
    const insert = (id: number): Step => ['INSERT OR ROLLBACK INTO "t" VALUES (?, ?)', id, 'a']
    await push(url, [insert(1)], 1)
    expect(errorsOf(await push(url, [insert(2)], 2))).toEqual([
      expect.stringContaining('UNIQUE constraint failed') as string,
    ])
    expect(await run(url, 'SELECT change_id FROM turso_sync_last_change_id')).toEqual([[1]])
  })

  test('is taken where it goes on behind it, and where the client has asked again', async () => {
    const url = await database('not-overtaken', 'CREATE TABLE line(word)')
    await ask(url)
    expect(errorsOf(await push(url, [line('a'), line('b')], 2))).toEqual([])
    expect(errorsOf(await push(url, [line('c')], 3))).toEqual([])
    await ask(url)
    expect(errorsOf(await push(url, [line('c'), line('d')], 5))).toEqual([])
    expect(errorsOf(await push(url, [line('c')], 6, 1))).toEqual([])
    expect(await run(url, "SELECT group_concat(word, '') FROM line")).toEqual([['abccdc']])
  })

  test('is taken where it says the same once more, and has too few changes to have those of before again', async () => {
    const url = await database('once-more', 'CREATE TABLE line(word)')
    await push(url, [line('first')], 1)
    await ask(url)
    // Each is a transaction, whose end has a number too.
    for (const changeId of [3, 5, 7]) expect(errorsOf(await push(url, [line('a')], changeId))).toEqual([])
    expect(errorsOf(await push(url, [line('a'), line('b')], 11))).toEqual([])
    expect(await run(url, "SELECT group_concat(word, '') FROM line")).toEqual([['firstaaaab']])
    // These numbers are enough for one change more, and for all three.
    expect(errorsOf(await push(url, [line('a'), line('b'), line('a')], 13))).toHaveLength(1)
  })

  test('is refused where it may have left some changes out', async () => {
    const url = await database('left-out', 'CREATE TABLE line(word)')
    await push(url, [line('first')], 1)
    await ask(url)
    await push(url, [line('a')], 3)
    expect(errorsOf(await push(url, [line('a')], 9))).toHaveLength(1)
    await ask(url)
    expect(errorsOf(await push(url, [line('a')], 9))).toEqual([])
    await ask(url)
    await push(url, [line('b')], 11)
    expect(errorsOf(await push(url, [line('b')], 13))).toEqual([])
    await ask(url)
    await push(url, [line('c')], 20)
    expect(errorsOf(await push(url, [line('c')], 22))).toHaveLength(1)
  })
})

test.each(['PRAGMA foreign_keys = ON', 'SAVEPOINT s', 'BEGIN', "ATTACH 'x' AS x", 'CREATE TEMP TABLE x(a)'])(
  '%s has no place in a push',
  async (sql) => {
    const url = await database(
      `no-${Math.abs(sql.length * 31 + sql.charCodeAt(0))}`,
      'CREATE TABLE t(id INTEGER PRIMARY KEY, v)',
    )
    expect(errorsOf(await push(url, [[upsert, 1, 1], sql]))).toHaveLength(1)
    expect(await run(url, 'SELECT count(*) FROM t')).toEqual([[0]])
  },
)

test.each([
  ["INSERT INTO word_config VALUES ('x', 1)", 'table word_config may not be modified'],
  ["UPDATE sqlite_schema SET sql = ''", 'table sqlite_master may not be modified'],
  ["INSERT INTO tidemark_push VALUES ('c', x'00', NULL)", 'no such table'],
  ['DROP TABLE sqlite_sequence', 'belongs to the server'],
])('%s: what SQLite and the server keep for themselves is out of reach', async (sql, says) => {
  const url = await database(
    `own-${sql
      .toLowerCase()
      .replaceAll(/[^a-z]/g, '')
      .slice(0, 40)}`,
    'CREATE VIRTUAL TABLE word USING fts5(body)',
  )
  expect(errorsOf(await push(url, [sql]))).toEqual([expect.stringContaining(says)])
})

test('a push cannot hide in a stream’s open transaction', async () => {
  const url = await database('nested', 'CREATE TABLE t(id INTEGER PRIMARY KEY, v)')
  const { baton } = await pipeline(url, [{ type: 'execute', stmt: { sql: 'BEGIN' } } as never])
  const steps = [
    'BEGIN IMMEDIATE',
    'INSERT INTO t VALUES (1, 1)',
    'DELETE FROM turso_sync_last_change_id',
    'COMMIT',
  ]
  const batch = { steps: steps.map((sql) => ({ stmt: { sql } })) }
  const { results } = await pipeline(url, [{ type: 'batch', batch } as never, CLOSE], { baton })
  expect(JSON.stringify(results)).toContain('A push cannot run inside another transaction')
  expect(await run(url, 'SELECT count(*) FROM t')).toEqual([[0]])
})
