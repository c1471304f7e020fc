import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BusyError } from '@tidemark/protocol'
import type { HranaPipelineResponse } from '@tidemark/protocol'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { databaseEvents } from '../../test/database-events.ts'
import { Database } from '../database/database.ts'
import { PushTarget } from '../push/push-target.ts'
import { RecentPushes } from '../push/recent-pushes.ts'
import type { HranaSettings } from './hrana-settings.ts'
import { ResponseBudget } from './response-budget.ts'
import { runCursor } from './run-cursor.ts'
import { runPipeline } from './run-pipeline.ts'
import { SqlMemory } from './sql-memory.ts'
import type { StatementGuard } from './statement-guard.ts'
import { StreamRegistry } from './stream-registry.ts'

const MIB = 1024 * 1024
const LONG_MS = 60_000
const STORED_SQL_BYTES = 200
const CALLER = { access: 'write', party: 'somebody' } as const

let root: string
let database: Database
let target: PushTarget
let settings: HranaSettings
let memory: SqlMemory
let registry: StreamRegistry
let problems: string[]

beforeEach(async () => {
  problems = []
  root = mkdtempSync(join(tmpdir(), 'tidemark-pipeline-'))
  database = await Database.open(
    root,
    'ffeeddccbbaa99887766554433221100',
    {
      durability: 'normal',
      maxDatabaseBytes: 64 * MIB,
      retention: { bytes: 64 * MIB, ageMs: Infinity },
      segmentBytes: MIB,
      checkpointFrames: 1000,
      lockWaitMs: 2000,
    },
    databaseEvents({ onProblem: (message) => problems.push(message) }),
  )
  const push = {
    maxPushBytes: MIB,
    maxBlockBytes: MIB,
    maxWalPages: 1000,
    turnWaitMs: LONG_MS,
    arrivalWaitMs: LONG_MS,
    applyTimeoutMs: LONG_MS,
  }
  settings = {
    foreignKeys: true,
    statementTimeoutMs: LONG_MS,
    turnWaitMs: LONG_MS,
    transactionTimeoutMs: LONG_MS,
    transactionIdleTimeoutMs: LONG_MS,
    streamIdleTimeoutMs: LONG_MS,
    maxStreams: 8,
    maxResponseBytes: MIB,
  }
  target = new PushTarget(database, 'id', push, new RecentPushes())
  memory = new SqlMemory('stored SQL', STORED_SQL_BYTES)
  registry = new StreamRegistry(target, settings, memory)
})

afterEach(() => {
  registry.close()
  database.close()
  rmSync(root, { recursive: true, force: true })
})

const guard: StatementGuard = {
  run: (_, statement) => statement(),
  begin: () => {},
  signal: new AbortController().signal,
}

/** Of a worker that runs as many requests as it can. */
const guardOfBusyWorker: StatementGuard = {
  ...guard,
  begin: () => {
    throw new BusyError('Too many SQL requests are running at the same time')
  },
}

const newBudget = (): ResponseBudget => new ResponseBudget(MIB, new SqlMemory('answers', MIB))

async function send(baton: string | null, sql: string, by = guard): Promise<HranaPipelineResponse> {
  return sendAll(baton, [{ type: 'execute', stmt: { sql } }], by)
}

async function sendAll(
  baton: string | null,
  requests: readonly unknown[],
  by = guard,
): Promise<HranaPipelineResponse> {
  const body = Buffer.from(JSON.stringify({ baton, requests }))
  return JSON.parse(await runPipeline(registry, body, newBudget(), CALLER, by)) as HranaPipelineResponse
}

test('a request that comes to a busy worker leaves its stream as it was, which can go on', async () => {
  const { baton } = await send(null, 'BEGIN IMMEDIATE')
  await expect(send(baton, 'COMMIT', guardOfBusyWorker)).rejects.toThrow(BusyError)
  const body = Buffer.from(JSON.stringify({ baton, batch: { steps: [] } }))
  const cursor = runCursor(registry, body, newBudget(), CALLER, guardOfBusyWorker)
  await expect(cursor.next()).rejects.toThrow(BusyError)
  expect(await send(baton, 'COMMIT')).toMatchObject({ baton: null, results: [{ type: 'ok' }] })
  expect(database.turns.isHeld).toBe(false)
  expect(registry.hasOpenStreams).toBe(false)
})

test('a commit that the history could not take is no failed statement, and the operator hears of it', async () => {
  await send(null, 'CREATE TABLE t (x)')
  const before = database.history.head
  const append = vi.spyOn(database.history, 'append').mockImplementationOnce(() => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  })
  const { results } = await send(null, 'INSERT INTO t VALUES (1)')
  expect(results).toMatchObject([{ type: 'error', error: { code: 'TIDEMARK_OUTCOME_UNKNOWN' } }])
  expect(problems).toEqual([expect.stringContaining('the history cannot be written')])
  append.mockRestore()
  // Who reads brings it.
  expect(database.history.head).toBe(before + 1)
  await send(null, 'INSERT INTO t VALUES (2)')
  expect(database.history.head).toBe(before + 2)
  expect(await send(null, 'SELECT count(*) FROM t')).toMatchObject({
    results: [{ response: { result: { rows: [[{ value: '2' }]] } } }],
  })
})

test('SQL that writes is refused before it runs while the history cannot be written; what reads goes on', async () => {
  await send(null, 'CREATE TABLE t (x)')
  const append = vi.spyOn(database.history, 'append').mockImplementation(() => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  })
  await send(null, 'INSERT INTO t VALUES (1)')
  const refused = { results: [{ type: 'error', error: { code: 'SQLITE_FULL' } }] }
  for (const sql of ['INSERT INTO t VALUES (2)', 'BEGIN IMMEDIATE', 'DROP TABLE t'])
    expect(await send(null, sql)).toMatchObject({ baton: null, ...refused })
  const count = { results: [{ response: { result: { rows: [[{ value: '1' }]] } } }] }
  expect(await send(null, 'SELECT count(*) FROM t')).toMatchObject(count)
  append.mockRestore()
  expect(await send(null, 'INSERT INTO t VALUES (2)')).toMatchObject({ results: [{ type: 'ok' }] })
})

test('all streams together store so much SQL, and a stream that ends gives back what it had', async () => {
  const store = (length: number) => ({ type: 'store_sql', sql_id: 1, sql: 'x'.repeat(length) })
  const refused = { results: [{ type: 'error', error: { code: 'SQLITE_BUSY' } }] }
  const first = await sendAll(null, [store(60)])
  const second = await sendAll(null, [store(40)])
  expect(await sendAll(null, [store(1)])).toMatchObject({ baton: null, ...refused })
  // What a number has is gone where its next text finds no room.
  const third = await sendAll(second.baton, [store(41)])
  expect(third).toMatchObject({ baton: null, ...refused })
  await sendAll(first.baton, [{ type: 'close' }, store(1)])
  for (let round = 0; round < 2; round++) {
    const { baton, results } = await sendAll(null, [store(10), store(100)])
    expect(results).toMatchObject([{ type: 'ok' }, { type: 'ok' }])
    await sendAll(baton, [{ type: 'close_sql', sql_id: 1 }])
  }
  expect(registry.hasOpenStreams).toBe(false)
})

test('a few connections of the process have a large cache, the others a small one, until those have ended', () => {
  const sizes = (): unknown[] =>
    Array.from({ length: 70 }, () => many.take(null).connection.pragma('cache_size', { simple: true }))
  const newRegistry = (): StreamRegistry =>
    new StreamRegistry(target, { ...settings, maxStreams: 100 }, memory)
  let many = newRegistry()
  const [large, small] = [Array.from({ length: 64 }, () => -2048), Array.from({ length: 6 }, () => -256)]
  expect(sizes()).toEqual([...large, ...small])
  many.close()
  many = newRegistry()
  expect(sizes()).toEqual([...large, ...small])
  many.close()
})

test('a connection whose counters cannot be set back is not for another stream, and nobody hears of it', async () => {
  const { baton } = await sendAll(null, [
    { type: 'execute', stmt: { sql: 'CREATE TABLE t (x)' } },
    { type: 'store_sql', sql_id: 1, sql: 'x' },
  ])
  const stream = registry.take(baton)
  vi.spyOn(stream.connection, 'exec').mockImplementation(() => {
    throw new Error('disk I/O error')
  })
  registry.end(stream)
  expect(stream.connection.open).toBe(false)
})

/** Half a millisecond, at least. */
const LONG =
  'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 5000) SELECT count(*) FROM c'
const MANY = 100

function repeated(sql: string): [string, readonly unknown[]][] {
  const stmt = { sql, want_rows: false }
  return [
    ['requests of a pipeline', Array.from({ length: MANY }, () => ({ type: 'execute', stmt }))],
    [
      'steps of a batch',
      [{ type: 'batch', batch: { steps: Array.from({ length: MANY }, () => ({ stmt })) } }],
    ],
    ['statements of a script', [{ type: 'sequence', sql: `${sql};`.repeat(MANY) }]],
  ]
}

test.each(repeated(LONG))('others have their turn between the %s', async (_, requests) => {
  let turns = 0
  const others = (): void => {
    turns += 1
    next = setImmediate(others)
  }
  let next = setImmediate(others)
  const { results } = await sendAll(null, requests)
  clearImmediate(next)
  expect(results.every(({ type }) => type === 'ok')).toBe(true)
  expect(turns).toBeGreaterThan(3)
})

test.each(repeated('SELECT 1'))(
  'what is left of the %s is not run for a client that is gone',
  async (_, requests) => {
    const gone = new AbortController()
    let ran = 0
    const leaving: StatementGuard = {
      ...guard,
      run: (_allowance, statement) => {
        ran += 1
        if (ran === 20) gone.abort()
        return statement()
      },
      signal: gone.signal,
    }
    await sendAll(null, requests, leaving)
    // Each is prepared, then run.
    expect(ran).toBeLessThan(MANY)
  },
)
