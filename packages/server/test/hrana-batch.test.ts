import type { HranaBatchResult, HranaPipelineResponse } from '@tidemark/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postJson, run, startServer } from './running-server.ts'
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
    expect(result.step_errors[3]).toMatchObject({
      code: 'SQLITE_CONSTRAINT',
      extended_code: 'SQLITE_CONSTRAINT_UNIQUE',
    })
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
