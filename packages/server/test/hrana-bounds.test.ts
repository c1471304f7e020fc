import { statSync } from 'node:fs'
import { join } from 'node:path'
import { FRAME_SIZE } from '@tidemark/protocol'
import type { HranaRequest, HranaResult } from '@tidemark/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { execute, pipeline, postJson, run, startServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import { CLOSE, createWithItems, SQL_TEST_SETTINGS } from './sql-fixture.ts'

const CHECKPOINT_FRAMES = 8
const MAX_BYTES = SQL_TEST_SETTINGS.maxSqlResponseBytes
/** More than a third of an answer. */
const LONG_NAME = 'x'.repeat(400_000)

let server: RunningServer

beforeAll(async () => {
  server = await startServer({
    ...SQL_TEST_SETTINGS,
    checkpointFrames: CHECKPOINT_FRAMES,
    transactionIdleTimeoutMs: 60_000,
  })
})

afterAll(async () => {
  await server.close()
})

/** The same statement many times, as short as a request can say it. */
function repeated(sql: string, times: number, wantRows = true): HranaRequest[] {
  const stmt = { sql: null, sql_id: 1, args: [], named_args: [], want_rows: wantRows }
  const steps = Array.from({ length: times }, () => ({ condition: null, stmt }))
  return [{ type: 'store_sql', sql_id: 1, sql }, { type: 'batch', batch: { steps } }, CLOSE]
}

function batchResult(result: HranaResult | undefined): {
  readonly answered: number
  readonly messages: readonly string[]
} {
  if (result?.type !== 'ok' || result.response.type !== 'batch') throw new Error(JSON.stringify(result))
  const { step_results: results, step_errors: errors } = result.response.result
  return {
    answered: results.filter((one) => one !== null).length,
    messages: errors.flatMap((error) => (error === null ? [] : [error.message])),
  }
}

describe('an answer is bounded (I7)', () => {
  test.each([true, false])('by the names of its columns, with rows: %s', async (wantRows) => {
    const database = await createWithItems(server, `columns-${wantRows}`)
    const sql = `SELECT 1 AS "${LONG_NAME}"`
    const { results } = await pipeline(database, repeated(sql, 50, wantRows))
    const { answered, messages } = batchResult(results[1])
    expect([answered, messages.length]).toEqual([2, 48])
    expect(messages[0]).toContain('larger than')
  })

  test('by its errors, which quote the statement', async () => {
    const database = await createWithItems(server, 'errors')
    const { body } = await postJson<{ results: HranaResult[] }>(`${database}/v3/pipeline`, {
      requests: repeated(`SELECT [${'x'.repeat(3000)}] FROM item`, 1000),
    })
    expect(JSON.stringify(body).length).toBeLessThan(2 * MAX_BYTES)
    const { messages } = batchResult(body.results[1])
    expect(messages[0]).toMatch(/^no such column: x+…$/)
    expect(messages.at(-1)).toContain('too large')
  })

  test('by descriptions', async () => {
    const database = await createWithItems(server, 'descriptions')
    const describeIt: HranaRequest = { type: 'describe', sql: null, sql_id: 1 }
    const { results } = await pipeline(database, [
      { type: 'store_sql', sql_id: 1, sql: `SELECT :${LONG_NAME}` },
      ...Array.from({ length: 10 }, () => describeIt),
      CLOSE,
    ])
    expect(results.filter(({ type }) => type === 'error').length).toBeGreaterThan(7)
  })

  test('by the names of columns in a cursor', async () => {
    const database = await createWithItems(server, 'cursor-columns')
    const stmt = { sql: `SELECT 1 AS "${LONG_NAME}"` }
    const response = await fetch(`${database}/v3/cursor`, {
      method: 'POST',
      body: JSON.stringify({ batch: { steps: Array.from({ length: 5 }, () => ({ stmt })) } }),
    })
    const lines = (await response.text()).trim().split('\n')
    expect(lines.filter((line) => line.includes('"step_error"'))).toHaveLength(3)
  })
})

test('transactions that only read are ended when they keep the WAL from beginning anew for too long', async () => {
  const database = await createWithItems(server, 'readers')
  const listed = await fetch(`${server.url}/admin/v1/databases/readers`)
  const { id } = (await listed.json()) as { readonly id: string }
  const READ = [execute('BEGIN'), execute('SELECT count(*) FROM item')]
  const ended: unknown[] = []
  let reader = (await pipeline(database, READ)).baton
  for (let round = 0; round < 120; round++) {
    // There is always one that has begun before the last commit.
    const next = (await pipeline(database, READ)).baton
    await run(
      database,
      `UPDATE item SET body = '${round}' WHERE id = 1`,
      'INSERT INTO item VALUES (NULL, randomblob(9000))',
    )
    await pipeline(database, [execute('SELECT 1'), CLOSE], { baton: reader }).catch((error: unknown) =>
      ended.push(error),
    )
    reader = next
  }
  const frames = statSync(join(server.data, 'databases', id, 'main.db-wal')).size / FRAME_SIZE
  expect(frames).toBeLessThan(CHECKPOINT_FRAMES * 24)
  expect(String(ended[0])).toContain('the stream has timed out')
  expect(ended.length).toBeLessThan(40)
})

test.each(['CREATE TEMP TABLE x (y)', 'CREATE TABLE temp.x AS SELECT 1 AS y'])(
  'temporary tables take no more of the disk than the database may: %s',
  async (create) => {
    const small = await startServer({ maxDatabaseBytes: 100 * 4096 })
    try {
      const database = await small.create('quota')
      const fill = `WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 200)
        INSERT INTO x SELECT zeroblob(4000) FROM c`
      const { results } = await pipeline(database, [execute(create), execute(fill), CLOSE])
      expect(results).toMatchObject([{ type: 'ok' }, { error: { code: 'SQLITE_FULL' } }, { type: 'ok' }])
    } finally {
      await small.close()
    }
  },
)
