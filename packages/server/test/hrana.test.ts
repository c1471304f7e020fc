import type { HranaPipelineResponse } from '@tidemark/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { execute, pipeline, postJson, resultOf, rowsOf, run, startServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import { CLOSE, createWithItems, SQL_TEST_SETTINGS } from './sql-fixture.ts'

let server: RunningServer

beforeAll(async () => {
  server = await startServer(SQL_TEST_SETTINGS)
})

afterAll(async () => {
  await server.close()
})

const withItems = (name: string): Promise<string> => createWithItems(server, name)

describe('pipeline: statements', () => {
  test('a result has columns with declared types, rows and what was written', async () => {
    const database = await withItems('results')
    const { results } = await pipeline(database, [
      execute('INSERT INTO item (body) VALUES (?), (?)', [{ type: 'text', value: 'two' }, { type: 'null' }]),
      execute('SELECT id, body, id * 1.5 AS x FROM item WHERE id > :low', []),
      execute('UPDATE item SET body = 3 WHERE id = 3 RETURNING id'),
      CLOSE,
    ])
    expect(resultOf(results[0])).toMatchObject({
      affected_row_count: 2,
      last_insert_rowid: '3',
      cols: [],
      rows: [],
    })
    expect(results[1]).toMatchObject({ type: 'error', error: { code: 'ARGS_INVALID' } })
    expect(resultOf(results[2])).toMatchObject({
      affected_row_count: 1,
      rows: [[{ type: 'integer', value: '3' }]],
    })
    const [read] = (
      await pipeline(database, [execute('SELECT id, body, id * 1.5 AS x FROM item WHERE id = 2'), CLOSE])
    ).results
    expect(resultOf(read)).toMatchObject({
      cols: [
        { name: 'id', decltype: 'INTEGER' },
        { name: 'body', decltype: '' },
        { name: 'x', decltype: null },
      ].map(({ name }) => ({ name })),
      rows: [
        [
          { type: 'integer', value: '2' },
          { type: 'text', value: 'two' },
          { type: 'float', value: 3 },
        ],
      ],
      affected_row_count: 0,
    })
  })

  test.each([
    { type: 'integer', value: '9223372036854775807' },
    { type: 'integer', value: '-9223372036854775808' },
    { type: 'float', value: 0.1 },
    { type: 'float', value: 5e-324 },
    { type: 'text', value: '' },
    { type: 'text', value: 'a\u0000b “ü” 𝄞' },
    { type: 'blob', base64: '' },
    { type: 'blob', base64: 'AAECAw==' },
    { type: 'null' },
  ])('the value %j comes back as it was sent', async (value) => {
    const database = await server.create(`value-${crypto.randomUUID()}`)
    const { results } = await pipeline(database, [execute('SELECT ?', [value]), CLOSE])
    expect(resultOf(results[0]).rows[0]![0]).toEqual(value)
  })

  test.each([
    ['?', [1], {}],
    ['?1', [1], {}],
    ['?2', [0, 1], {}],
    [':a', [], { a: 1 }],
    ['@a', [], { '@a': 1 }],
    ['$a', [], { $a: 1 }],
    [":a + 0 * length('?:b@c')", [], { ':a': 1 }],
    ['?2 + 0 * ?', [7, 1, 0], {}],
  ] as const)('parameters: %s', async (sql, args, named) => {
    const database = `${server.url}/db/parameters`
    await server.create('parameters').catch(() => {})
    const integer = (value: number) => ({ type: 'integer', value: String(value) })
    const stmt = {
      sql: `SELECT ${sql}`,
      args: args.map(integer),
      named_args: Object.entries(named).map(([name, value]) => ({ name, value: integer(value) })),
    }
    const { body } = await postJson<HranaPipelineResponse>(`${database}/v3/pipeline`, {
      requests: [{ type: 'execute', stmt }, CLOSE],
    })
    expect(rowsOf(body.results[0])).toEqual([[1]])
  })

  test('an error has SQLite’s message and code, and does not stop the requests after it', async () => {
    const database = await withItems('errors')
    const { results } = await pipeline(database, [
      execute('SELECT * FROM nowhere'),
      execute("INSERT INTO item VALUES (9, 'one')"),
      execute('SELECT 1; SELECT 2'),
      execute('SELECT 7'),
      CLOSE,
    ])
    expect(results[0]).toMatchObject({ error: { code: 'SQLITE_ERROR', message: 'no such table: nowhere' } })
    expect(results[1]).toMatchObject({
      error: { code: 'SQLITE_CONSTRAINT', extended_code: 'SQLITE_CONSTRAINT_UNIQUE' },
    })
    expect(results[2]).toMatchObject({ type: 'error' })
    expect(rowsOf(results[3])).toEqual([[7]])
  })

  test('sequence, describe, stored SQL and autocommit', async () => {
    const database = await server.create('requests')
    const { results } = await pipeline(database, [
      {
        type: 'sequence',
        sql: "CREATE TABLE t (a INT, b TEXT); INSERT INTO t VALUES (1, 'x;y'); -- a comment\nCREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; SELECT 2; END;",
        sql_id: null,
      },
      { type: 'describe', sql: 'SELECT a, b FROM t WHERE a = ? AND b = :b', sql_id: null },
      { type: 'store_sql', sql_id: 7, sql: 'SELECT b FROM t' },
      { type: 'execute', stmt: { sql: null, sql_id: 7, args: [], named_args: [], want_rows: true } },
      { type: 'close_sql', sql_id: 7 },
      { type: 'execute', stmt: { sql: null, sql_id: 7, args: [], named_args: [], want_rows: true } },
      { type: 'get_autocommit' },
      execute('BEGIN'),
      { type: 'get_autocommit' },
      CLOSE,
    ])
    expect(results[0]).toMatchObject({ type: 'ok' })
    expect(results[1]).toMatchObject({
      response: {
        result: {
          params: [{ name: null }, { name: ':b' }],
          cols: [
            { name: 'a', decltype: 'INT' },
            { name: 'b', decltype: 'TEXT' },
          ],
          is_explain: false,
          is_readonly: true,
        },
      },
    })
    expect(rowsOf(results[3])).toEqual([['x;y']])
    expect(results[5]).toMatchObject({ error: { code: 'SQL_STORE_MISSING' } })
    expect(results[6]).toMatchObject({ response: { is_autocommit: true } })
    expect(results[8]).toMatchObject({ response: { is_autocommit: false } })
  })

  test.each([
    "ATTACH '/tmp/x.db' AS x",
    "/* hidden */ attach database ':memory:' as x",
    'DETACH main',
    'VACUUM',
    "VACUUM INTO '/tmp/x.db'",
    "SELECT load_extension('x')",
    'PRAGMA journal_mode = DELETE',
    'PRAGMA main.journal_mode(DELETE)',
    'PRAGMA wal_checkpoint(TRUNCATE)',
    'PRAGMA writable_schema = 1',
    'PRAGMA locking_mode = EXCLUSIVE',
    'PRAGMA page_size = 1024',
    'PRAGMA busy_timeout = 1000',
    'PRAGMA wal_autocheckpoint = 1',
    'PRAGMA trusted_schema = 1',
    'PRAGMA database_list',
    'SELECT file FROM "pragma_database_list"',
    'PRAGMA max_page_count = 1',
    'PRAGMA "temp_store_directory" = \'/tmp\'',
    "CREATE VIRTUAL TABLE x USING zipfile('/etc/passwd')",
  ])('%s is refused', async (sql) => {
    await server.create('refused').catch(() => {})
    const { results } = await pipeline(`${server.url}/db/refused`, [execute(sql), CLOSE])
    expect(results[0]).toMatchObject({ type: 'error' })
    expect(await run(`${server.url}/db/refused`, 'PRAGMA journal_mode')).toEqual([['wal']])
  })

  test.each([
    'PRAGMA table_info(item)',
    'PRAGMA user_version',
    'PRAGMA user_version = 7',
    'PRAGMA foreign_keys = ON',
    'REINDEX',
    'ANALYZE',
    'PRAGMA optimize',
    'EXPLAIN QUERY PLAN SELECT 1',
  ])('%s is allowed', async (sql) => {
    await server.create('allowed').catch(() => {})
    const { results } = await pipeline(`${server.url}/db/allowed`, [execute(sql), CLOSE])
    expect(results[0]).toMatchObject({ type: 'ok' })
  })

  test('a connection never waits for a lock, and leaves checkpoints to the server', async () => {
    const database = await server.create('pragmas')
    expect(await run(database, 'PRAGMA busy_timeout')).toEqual([[0]])
    const settings = ['foreign_keys', 'recursive_triggers', 'trusted_schema', 'synchronous'] as const
    const values = await Promise.all(
      settings.map(async (name) => (await run(database, `PRAGMA ${name}`))[0]![0]),
    )
    expect(values).toEqual([1, 0, 0, 1])
  })

  test('an answer larger than the limit is refused, and the next request is served', async () => {
    const database = await server.create('large')
    const rows = 'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c'
    const { results } = await pipeline(database, [execute(rows), execute('SELECT 1'), CLOSE])
    expect(results[0]).toMatchObject({ error: { code: 'TIDEMARK_LIMIT' } })
    expect(rowsOf(results[1])).toEqual([[1]])
  })
})

describe('POST /v3/cursor', () => {
  test('rows come as lines, and the stream stays open', async () => {
    const database = await withItems('cursor')
    const response = await fetch(`${database}/v3/cursor`, {
      method: 'POST',
      body: JSON.stringify({
        batch: {
          steps: [
            { stmt: { sql: 'BEGIN' } },
            { stmt: { sql: 'SELECT id FROM item' } },
            { stmt: { sql: 'SELECT nope' } },
          ],
        },
      }),
    })
    const lines = (await response.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines.map(({ type }) => type)).toEqual([
      undefined,
      'step_begin',
      'step_end',
      'step_begin',
      'row',
      'step_end',
      'step_error',
    ])
    const { baton } = lines[0] as { baton: string }
    const { results } = await pipeline(database, [{ type: 'get_autocommit' }, CLOSE], { baton })
    expect(results[0]).toMatchObject({ response: { is_autocommit: false } })
  })

  test('a request that is no batch is refused before the first line', async () => {
    const database = await withItems('cursor-refused')
    const { status } = await postJson(`${database}/v3/cursor`, { batch: 7 })
    expect(status).toBe(400)
  })
})

describe('versions', () => {
  test.each([
    ['/v2', 200],
    ['/v3', 200],
    ['/v3-protobuf', 404],
    ['/v4', 404],
  ])('GET %s answers %i', async (path, status) => {
    await server.create('versions').catch(() => {})
    expect((await fetch(`${server.url}/db/versions${path}`)).status).toBe(status)
  })

  test.each([
    '',
    '{',
    'null',
    '[]',
    '{"requests": 7}',
    '{"requests": [{"type": "explode"}]}',
    '{"baton": 7}',
  ])('the body %s is refused', async (body) => {
    await server.create('bodies').catch(() => {})
    const { status } = await postJson(`${server.url}/db/bodies/v2/pipeline`, body)
    expect(status).toBe(400)
  })
})
