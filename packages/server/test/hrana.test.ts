import type { HranaBatchResult, HranaPipelineResponse, HranaRequest } from '@tidemark/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { execute, pipeline, postJson, resultOf, rowsOf, run, startServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

let server: RunningServer

beforeAll(async () => {
  server = await startServer({
    statementTimeoutMs: 2000,
    turnWaitMs: 300,
    transactionIdleTimeoutMs: 400,
    streamIdleTimeoutMs: 400,
    maxSqlResponseBytes: 1_000_000,
    maxStreams: 8,
  })
})

afterAll(async () => {
  await server.close()
})

const CLOSE: HranaRequest = { type: 'close' }

async function withItems(name: string): Promise<string> {
  const database = await server.create(name)
  await run(
    database,
    'CREATE TABLE item (id INTEGER PRIMARY KEY, body UNIQUE)',
    "INSERT INTO item VALUES (1, 'one')",
  )
  return database
}

interface Step {
  readonly sql: string
  readonly condition?: unknown
}

async function batch(database: string, steps: readonly Step[]): Promise<HranaBatchResult> {
  const body = {
    requests: [
      { type: 'batch', batch: { steps: steps.map(({ sql, condition }) => ({ stmt: { sql }, condition })) } },
      CLOSE,
    ],
  }
  const answer = await postJson<HranaPipelineResponse>(`${database}/v2/pipeline`, body)
  const [result] = answer.body.results
  if (result?.type !== 'ok' || result.response.type !== 'batch') throw new Error(JSON.stringify(answer.body))
  return result.response.result
}

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
    expect(results[1]).toMatchObject({ error: { code: 'SQLITE_CONSTRAINT_UNIQUE' } })
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

  test('an answer larger than the limit is refused, and the next request is served', async () => {
    const database = await server.create('large')
    const rows = 'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c'
    const { results } = await pipeline(database, [execute(rows), execute('SELECT 1'), CLOSE])
    expect(results[0]).toMatchObject({ error: { code: 'TIDEMARK_LIMIT' } })
    expect(rowsOf(results[1])).toEqual([[1]])
  })
})

describe('pipeline: batches', () => {
  test('steps run where their conditions are met; both arrays are as long as the steps', async () => {
    const database = await withItems('conditions')
    const result = await batch(database, [
      { sql: 'SELECT 1' },
      { sql: 'SELECT nope' },
      { sql: 'SELECT 3', condition: { type: 'ok', step: 0 } },
      { sql: 'SELECT 4', condition: { type: 'ok', step: 1 } },
      { sql: 'SELECT 5', condition: { type: 'error', step: 1 } },
      { sql: 'SELECT 6', condition: { type: 'not', cond: { type: 'is_autocommit' } } },
      {
        sql: 'SELECT 7',
        condition: { type: 'and', conds: [{ type: 'ok', step: 0 }, { type: 'is_autocommit' }] },
      },
      { sql: 'SELECT 8', condition: { type: 'or', conds: [] } },
      { sql: 'SELECT 9', condition: { type: 'error', step: 3 } },
    ])
    const ran = result.step_results.map((step) => step !== null)
    expect(ran).toEqual([true, false, true, false, true, false, true, false, false])
    expect(result.step_errors.map((error) => error !== null).indexOf(true)).toBe(1)
    expect(result.step_errors).toHaveLength(9)
  })

  test('a batch of a Turso client’s push in which a row fails is undone as a whole (I5)', async () => {
    const database = await withItems('turso-push')
    const inTransaction = { type: 'not', cond: { type: 'is_autocommit' } }
    const watermark = 'turso_sync_last_change_id (client_id, pull_gen, change_id)'
    const steps = [
      { sql: 'BEGIN IMMEDIATE' },
      ...[
        'CREATE TABLE IF NOT EXISTS turso_sync_last_change_id (client_id TEXT PRIMARY KEY, pull_gen INTEGER, change_id INTEGER)',
        "INSERT INTO item VALUES (2, 'two')",
        "INSERT INTO item VALUES (3, 'one')",
        "INSERT INTO item VALUES (4, 'four')",
        `INSERT INTO ${watermark} VALUES ('c', 0, 4) ON CONFLICT (client_id) DO UPDATE SET change_id = 4`,
        'COMMIT',
      ].map((sql) => ({ sql, condition: inTransaction })),
    ]
    const result = await batch(database, steps)
    expect(result.step_errors[3]).toMatchObject({ code: 'SQLITE_CONSTRAINT_UNIQUE' })
    expect(result.step_results.slice(4)).toEqual([null, null, null])
    expect(await run(database, 'SELECT id FROM item')).toEqual([[1]])
    await expect(run(database, 'SELECT * FROM turso_sync_last_change_id')).rejects.toThrow('no such table')
  })

  test('in such a push, adding a column that is there already is tolerated', async () => {
    const database = await withItems('turso-alter')
    const inTransaction = { type: 'not', cond: { type: 'is_autocommit' } }
    const result = await batch(database, [
      { sql: 'BEGIN IMMEDIATE' },
      ...[
        'CREATE TABLE IF NOT EXISTS turso_sync_last_change_id (client_id TEXT PRIMARY KEY, pull_gen INTEGER, change_id INTEGER)',
        'ALTER TABLE item ADD COLUMN body TEXT',
        "INSERT INTO item VALUES (2, 'two')",
        "INSERT INTO turso_sync_last_change_id VALUES ('c', 0, 2)",
        'COMMIT',
      ].map((sql) => ({ sql, condition: inTransaction })),
    ])
    expect(result.step_results.at(-1)).not.toBeNull()
    expect(await run(database, 'SELECT count(*) FROM item')).toEqual([[2]])
  })

  test.each([
    ['a condition on a later step', [{ stmt: { sql: 'SELECT 1' }, condition: { type: 'ok', step: 5 } }]],
    ['a condition of no known type', [{ stmt: { sql: 'SELECT 1' }, condition: { type: 'maybe' } }]],
    ['a step without a statement', [{}]],
    ['too many steps', Array.from({ length: 100_001 }, () => ({ stmt: { sql: 'SELECT 1' } }))],
  ])('%s: the request is refused', async (_, steps) => {
    await server.create('hostile-batch').catch(() => {})
    const { status } = await postJson(`${server.url}/db/hostile-batch/v3/pipeline`, {
      requests: [{ type: 'batch', batch: { steps } }],
    })
    expect([400, 413]).toContain(status)
  })

  test('conditions nested too deep: the request is refused', async () => {
    await server.create('deep').catch(() => {})
    const depth = 100_000
    const condition = `${'{"type":"not","cond":'.repeat(depth)}{"type":"is_autocommit"}${'}'.repeat(depth)}`
    const steps = `[{"stmt":{"sql":"SELECT 1"},"condition":${condition}}]`
    const body = `{"requests":[{"type":"batch","batch":{"steps":${steps}}}]}`
    const { status } = await postJson(`${server.url}/db/deep/v3/pipeline`, body)
    expect(status).toBe(413)
  })

  test('thousands of steps do not keep others waiting for the batch to end', async () => {
    const database = await withItems('many-steps')
    const steps = Array.from({ length: 20_000 }, () => ({ sql: 'SELECT count(*) FROM item' }))
    let isDone = false
    const long = batch(database, steps).then(() => {
      isDone = true
      return null
    })
    expect(await run(database, 'SELECT 1')).toEqual([[1]])
    expect(isDone).toBe(false)
    await long
  })
})

describe('pipeline: streams', () => {
  test('a transaction spans requests and is invisible to others until it commits', async () => {
    const database = await withItems('interactive')
    const first = await pipeline(database, [execute('BEGIN'), execute("INSERT INTO item VALUES (2, 'two')")])
    expect(first.baton).not.toBeNull()
    expect(await run(database, 'SELECT count(*) FROM item')).toEqual([[1]])
    const second = await pipeline(database, [execute('COMMIT'), CLOSE], { baton: first.baton })
    expect(second.baton).toBeNull()
    expect(await run(database, 'SELECT count(*) FROM item')).toEqual([[2]])
  })

  test('a baton is good for one request, and only for its database', async () => {
    const database = await withItems('batons')
    const other = await server.create('batons-of-others')
    const { baton } = await pipeline(database, [execute('BEGIN')])
    await expect(pipeline(other, [execute('SELECT 1')], { baton })).rejects.toThrow('baton')
    const next = await pipeline(database, [execute('SELECT 1')], { baton })
    expect(next.baton).not.toBe(baton)
    await expect(pipeline(database, [execute('SELECT 1')], { baton })).rejects.toThrow('baton')
    await pipeline(database, [CLOSE], { baton: next.baton })
    await expect(pipeline(database, [execute('SELECT 1')], { baton: next.baton })).rejects.toThrow('baton')
    for (const forged of ['', 'x', 'A'.repeat(100_000), '__proto__']) {
      await expect(pipeline(database, [execute('SELECT 1')], { baton: forged })).rejects.toThrow('baton')
    }
  })

  test('a stream that is closed rolls its transaction back', async () => {
    const database = await withItems('rollback')
    const { baton } = await pipeline(database, [execute('BEGIN IMMEDIATE'), execute('DELETE FROM item')])
    await pipeline(database, [CLOSE], { baton })
    expect(await run(database, 'SELECT count(*) FROM item')).toEqual([[1]])
  })

  test('a transaction that is left open loses the turn; the next writer gets it', async () => {
    const database = await withItems('abandoned')
    const { baton } = await pipeline(database, [execute('BEGIN IMMEDIATE'), execute('DELETE FROM item')])
    const busy = await pipeline(database, [execute("INSERT INTO item VALUES (2, 'two')"), CLOSE])
    expect(busy.results[0]).toMatchObject({ error: { code: 'TIDEMARK_BUSY' } })
    await expect
      .poll(
        async () =>
          (await pipeline(database, [execute("INSERT INTO item VALUES (2, 'two')"), CLOSE])).results[0]?.type,
      )
      .toBe('ok')
    expect(await run(database, 'SELECT count(*) FROM item')).toEqual([[2]])
    await expect(pipeline(database, [execute('COMMIT')], { baton })).rejects.toThrow('baton')
  })

  test('readers do not wait for a writer’s transaction', async () => {
    const database = await withItems('readers')
    const { baton } = await pipeline(database, [execute('BEGIN IMMEDIATE'), execute('DELETE FROM item')])
    expect(await run(database, 'SELECT count(*) FROM item')).toEqual([[1]])
    await pipeline(database, [CLOSE], { baton })
  })

  test('settings of one stream do not reach another', async () => {
    const database = await withItems('settings')
    await pipeline(database, [
      execute('PRAGMA foreign_keys = ON'),
      execute('CREATE TEMP TABLE mine (x)'),
      CLOSE,
    ])
    expect(await run(database, 'PRAGMA foreign_keys')).toEqual([[0]])
    await expect(run(database, 'SELECT * FROM mine')).rejects.toThrow('no such table')
  })

  test('streams left open are bounded, and their places come back', async () => {
    const database = await withItems('bounded')
    const open = await Promise.all(
      Array.from({ length: 8 }, async () => pipeline(database, [execute('SELECT 1')])),
    )
    expect(open).toHaveLength(8)
    await expect(pipeline(database, [execute('SELECT 1')])).rejects.toThrow('streams')
    await expect.poll(async () => run(database, 'SELECT 1').catch(() => null)).toEqual([[1]])
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
