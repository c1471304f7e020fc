import type { HranaPipelineResponse } from '@tidemark/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { execute, pipeline, postJson, run, startServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import { CLOSE, createWithItems, SQL_TEST_SETTINGS } from './sql-fixture.ts'

const MAX_SQL_BYTES = 4_000_000
let server: RunningServer
let database: string

beforeAll(async () => {
  server = await startServer({ ...SQL_TEST_SETTINGS, maxSqlBytes: MAX_SQL_BYTES })
  database = await createWithItems(server, 'hostile')
})

afterAll(async () => {
  await server.close()
})

interface Refusal {
  readonly error?: { readonly code: string }
}

/** Sends a body to the pipeline as it is. */
async function send(body: string): Promise<{ readonly status: number; readonly code: string | undefined }> {
  const answer = await postJson<Refusal>(`${database}/v3/pipeline`, body)
  return { status: answer.status, code: answer.body.error?.code }
}

function batchOf(steps: readonly unknown[]): string {
  return JSON.stringify({ requests: [{ type: 'batch', batch: { steps } }, CLOSE] })
}

const step = { stmt: { sql: 'SELECT 1' } }

function nested(depth: number): unknown {
  let cond: unknown = { type: 'is_autocommit' }
  for (let level = 0; level < depth; level++) cond = { type: 'not', cond }
  return cond
}

describe('batches', () => {
  test('thousands of steps run, and others are served meanwhile', async () => {
    const many = postJson<HranaPipelineResponse>(
      `${database}/v3/pipeline`,
      batchOf(Array.from({ length: 20_000 }, () => ({ stmt: { sql: 'SELECT 1', want_rows: false } }))),
    )
    let isDone = false
    void many.then(() => (isDone = true))
    expect(await run(database, 'SELECT count(*) FROM item')).toEqual([[1]])
    expect(isDone).toBe(false)
    const [result] = (await many).body.results
    expect(result).toMatchObject({ type: 'ok' })
  })

  test.each([
    ['itself', [{ ...step, condition: { type: 'ok', step: 0 } }], 400],
    ['a later step', [{ ...step, condition: { type: 'error', step: 1 } }, step], 400],
    ['a step before the first', [step, { ...step, condition: { type: 'ok', step: -1 } }], 400],
    ['half a step', [step, { ...step, condition: { type: 'ok', step: 0.5 } }], 400],
    ['a step by name', [step, { ...step, condition: { type: 'ok', step: '__proto__' } }], 400],
    ['nothing, far too deep', [{ ...step, condition: nested(65) }], 413],
    ['nothing, 1,000 deep', [{ ...step, condition: nested(1000) }], 413],
  ])('a condition that refers to %s is refused before anything runs', async (_, steps, status) => {
    const insert = { stmt: { sql: "INSERT INTO item VALUES (77, 'never')" } }
    expect((await send(batchOf([...steps, insert]))).status).toBe(status)
    expect(await run(database, 'SELECT count(*) FROM item WHERE id = 77')).toEqual([[0]])
  })

  test('wide conditions are bounded over the whole batch', async () => {
    const conds = Array.from({ length: 300 }, () => ({ type: 'is_autocommit' }))
    const wide = { ...step, condition: { type: 'or', conds } }
    expect((await send(batchOf([wide]))).status).toBe(200)
    const flat = `{"type":"or","conds":[${'{"type":"and"},'.repeat(200_000)}{"type":"and"}]}`
    expect((await send(batchOf([{ ...step, condition: 0 }]).replace(':0}', `:${flat}}`))).status).toBe(200)
  })
})

describe('JSON', () => {
  test.each([
    ['arrays, a million deep', '['.repeat(1_000_000), 400],
    ['objects, 100,000 deep', `${'{"requests":'.repeat(100_000)}1${'}'.repeat(100_000)}`, 400],
    [
      'a deep value where one is expected',
      `{"requests":[{"type":"execute","stmt":{"sql":"SELECT ?","args":${'['.repeat(1000)}${']'.repeat(1000)}}}]}`,
      400,
    ],
    ['a number for a name', '{"requests":[{"type":1e999}]}', 400],
    ['a prototype', '{"__proto__":{"requests":[{"type":"close"}]},"requests":"x"}', 400],
    ['bytes that are not UTF-8 text', `\u0000{"requests":[]}`, 400],
    ['more bytes than are accepted', `{"requests":[],"x":"${'x'.repeat(MAX_SQL_BYTES)}"}`, 413],
  ])('%s', async (_, body, status) => {
    const answer = await send(body)
    expect(answer.status).toBe(status)
    expect(answer.code).toMatch(/^TIDEMARK_/)
  })

  test('of a key that comes twice the last one counts', async () => {
    const body = '{"requests":[{"type":"execute","type":"close"}],"baton":"x","baton":null}'
    expect((await send(body)).status).toBe(200)
  })
})

describe('statements', () => {
  test.each([
    ['brackets that never close', '['.repeat(1_000_000), 'SQLITE_ERROR'],
    ['parentheses, nested', `SELECT ${'('.repeat(100_000)}`, 'SQLITE_ERROR'],
    ['an expression, too deep', `SELECT ${'1+'.repeat(50_000)}1`, 'SQLITE_ERROR'],
    ['a compound, too long', `SELECT 1${' UNION ALL SELECT 1'.repeat(1000)}`, 'SQLITE_ERROR'],
    ['parameters, too many', `SELECT ${'?,'.repeat(40_000)}?`, 'ARGS_INVALID'],
    ['a parameter, too high', 'SELECT ?99999999999999999999', 'SQLITE_ERROR'],
    ['nothing but white space', ' '.repeat(1_000_000), 'SQL_NO_STATEMENT'],
  ])('%s', async (_, sql, code) => {
    const { results } = await pipeline(database, [execute(sql), execute('SELECT 1'), CLOSE])
    expect(results[0]).toMatchObject({ type: 'error', error: { code } })
    expect(results[1]).toMatchObject({ type: 'ok' })
    expect(await run(database, 'SELECT count(*) FROM item')).toEqual([[1]])
  })

  test('what follows a NUL is not run', async () => {
    await run(database, 'SELECT 1\u0000; DELETE FROM item')
    expect(await run(database, 'SELECT count(*) FROM item')).toEqual([[1]])
  })

  test.each([
    ['an integer of a million digits', { type: 'integer', value: '9'.repeat(1_000_000) }],
    ['an infinity', { type: 'float', value: null }],
    ['what is not base64', { type: 'blob', base64: '*'.repeat(100_000) }],
  ])('the argument %s is refused', async (_, value) => {
    const { results } = await pipeline(database, [execute('SELECT ?', [value]), CLOSE])
    expect(results[0]).toMatchObject({ type: 'error' })
  })

  test('no argument becomes an address that is called', async () => {
    const { results } = await pipeline(database, [
      execute("SELECT fts3_tokenizer('simple', ?)", [{ type: 'blob', base64: 'QUFBQUFBQUE=' }]),
      execute('CREATE VIRTUAL TABLE text USING fts3 (body, tokenize=simple)'),
      CLOSE,
    ])
    expect(results.map(({ type }) => type)).toEqual(['error', 'ok', 'ok'])
  })

  test('a large argument is taken', async () => {
    const text = 'x'.repeat(2_000_000)
    const { results } = await pipeline(database, [
      execute('SELECT length(?)', [{ type: 'text', value: text }]),
      CLOSE,
    ])
    expect(results[0]).toMatchObject({ response: { result: { rows: [[{ value: '2000000' }]] } } })
  })

  test.each(['', 'SELEC', '\u0000', 'SELECT 1; SELECT 2', 'PRAGMA writable_schema = 1', '['.repeat(100_000)])(
    'describing %j says what is wrong with it',
    async (sql) => {
      const { results } = await pipeline(database, [{ type: 'describe', sql, sql_id: null }, CLOSE])
      expect(results[0]).toMatchObject({ type: 'error', error: { code: expect.any(String) as string } })
    },
  )

  test('stored SQL is bounded in number and in size', async () => {
    const store = (sqlId: number, sql: string) => ({ type: 'store_sql', sql_id: sqlId, sql }) as const
    const many = Array.from({ length: 1001 }, (_, id) => store(id, 'SELECT 1'))
    const { results } = await pipeline(database, [...many, CLOSE])
    expect(results[999]).toMatchObject({ type: 'ok' })
    expect(results[1000]).toMatchObject({ error: { code: 'TIDEMARK_LIMIT' } })
    const large = 'x'.repeat(3_500_000)
    let baton: string | null = null
    const kinds: string[] = []
    for (let id = 0; id < 6; id++) {
      const answer: HranaPipelineResponse = await pipeline(database, [store(id, large)], { baton })
      baton = answer.baton
      kinds.push(answer.results[0]!.type)
    }
    expect(kinds).toEqual(['ok', 'ok', 'ok', 'ok', 'error', 'error'])
    const replaced = await pipeline(database, [{ type: 'close_sql', sql_id: 0 }, store(9, large), CLOSE], {
      baton,
    })
    expect(replaced.results[1]).toMatchObject({ type: 'ok' })
  })

  test('stored SQL is bounded over all streams, by database too; a stream that ends frees what it had', async () => {
    // An eighth of this is for stored SQL: 50 MB, 25 MB of one database. Each of these may take 8 MB.
    const store = { type: 'store_sql', sql_id: 1, sql: 'x'.repeat(4_000_000) } as const
    const small = await startServer({ workers: 1, maxWorkerBytes: 400_000_000 })
    try {
      const [url, others] = [await small.create('storing'), await small.create('others')]
      const stored = async (to: string) => pipeline(to, [store])
      const answers: HranaPipelineResponse[] = []
      for (let count = 0; count < 4; count++) answers.push(await stored(url))
      const kinds = answers.map(({ results }) => results[0]!.type)
      expect(kinds).toEqual(['ok', 'ok', 'ok', 'error'])
      expect(answers[3]!.results[0]).toMatchObject({ error: { code: 'SQLITE_BUSY' } })
      expect((await stored(others)).results[0]).toMatchObject({ type: 'ok' })
      await pipeline(url, [CLOSE], { baton: answers[0]!.baton })
      expect((await stored(url)).results[0]).toMatchObject({ type: 'ok' })
    } finally {
      await small.close()
    }
  })
})

describe.each(['cursor', 'pipeline'])('POST /v3/%s with slow readers', (endpoint) => {
  /** An answer of 40 MB: more than sockets hold. */
  const sql =
    'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) SELECT hex(zeroblob(10000)) FROM n'

  /** Resolves when the answer begins. */
  async function ask(url: string, signal: AbortSignal): Promise<Response> {
    const stmt = { sql }
    const body = { batch: { steps: [{ stmt }] }, requests: [{ type: 'execute', stmt }, CLOSE] }
    return fetch(`${url}/v3/${endpoint}`, { method: 'POST', body: JSON.stringify(body), signal })
  }

  test('what they have not taken is bounded, by database too; who leaves frees it', async () => {
    // A quarter of this is for answers: 100 MB, 50 MB of one database.
    const small = await startServer({
      workers: 1,
      maxWorkerBytes: 400_000_000,
      maxSqlResponseBytes: 50_000_000,
    })
    try {
      const [url, others] = [await small.create('slow'), await small.create('others')]
      const leaving = new AbortController()
      const unread = await ask(url, leaving.signal)
      const { signal } = new AbortController()
      const lengthOf = async (from: string): Promise<number> =>
        (await (await ask(from, signal)).arrayBuffer()).byteLength
      const refused = await (await ask(url, signal)).text()
      expect(refused.slice(-200)).toContain('SQLITE_BUSY')
      expect(await run(url, 'SELECT 1')).toEqual([[1]])
      expect(await lengthOf(others)).toBeGreaterThan(40_000_000)
      leaving.abort()
      expect(unread.status).toBe(200)
      await expect.poll(async () => lengthOf(url), { timeout: 10_000 }).toBeGreaterThan(40_000_000)
    } finally {
      await small.close()
    }
  })
})
