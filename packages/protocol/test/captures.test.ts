/**
 * What peers were seen to send, read by this package's decoders. The files are written by
 * `tests/interop/captures`, which runs the real programs; random names in them are zeros.
 */
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  decodePullRequest,
  initProtocol,
  PAGE_SIZE,
  parseCursorRequest,
  parsePipelineRequest,
  PullDecoder,
} from '../src/index.ts'
import type { HranaBatch, HranaPipelineRequest } from '../src/index.ts'

interface Captured {
  readonly path: string
  readonly body: unknown
  readonly answer: { readonly status: number; readonly body: unknown }
}

beforeAll(initProtocol)

function capture(name: string): Captured[] {
  const text = readFileSync(new URL(`captures/${name}.json`, import.meta.url), 'utf8')
  return (JSON.parse(text) as { exchanges: Captured[] }).exchanges
}

function bytes(body: unknown): Uint8Array {
  return Buffer.from(body as string, 'base64')
}

function pipelines(exchanges: readonly Captured[]): HranaPipelineRequest[] {
  return exchanges
    .filter(({ path }) => path.endsWith('/pipeline'))
    .map(({ body }) => parsePipelineRequest(body))
}

function batches(exchanges: readonly Captured[]): HranaBatch[] {
  return pipelines(exchanges)
    .flatMap(({ requests }) => requests)
    .flatMap((request) => (request.type === 'batch' ? [request.batch] : []))
}

describe('Turso’s client', () => {
  const exchanges = capture('turso-sync-client')

  test('pulls all raw pages, later those after its revision', () => {
    const pulls = exchanges.filter(({ path }) => path.endsWith('/pull-updates'))
    const requests = pulls.map(({ body }) => decodePullRequest(bytes(body)))
    expect(requests[0]).toEqual({
      encoding: 'raw',
      serverRevision: '',
      clientRevision: '',
      longPollTimeoutMs: 0,
      pageSelector: null,
      serverQuery: null,
    })
    expect(requests.slice(1).every(({ clientRevision }) => clientRevision !== '')).toBe(true)
  })

  test('pushes one batch in a transaction, its steps conditioned on the transaction being open', () => {
    const pushes = batches(exchanges).filter(({ steps }) => steps.length > 1)
    expect(pushes).toHaveLength(2)
    for (const { steps } of pushes) {
      const [begin, ...rest] = steps
      expect(begin).toMatchObject({ condition: null, stmt: { sql: 'BEGIN IMMEDIATE' } })
      expect(rest.at(-1)!.stmt.sql).toBe('COMMIT')
      expect(rest.at(-2)!.stmt.sql).toMatch(/^INSERT INTO turso_sync_last_change_id/)
      for (const { condition } of rest)
        expect(condition).toEqual({ type: 'not', cond: { type: 'is_autocommit' } })
    }
  })

  test('asks for its watermark before it pushes', () => {
    const [first] = batches(exchanges)
    expect(first!.steps[0]!.stmt.sql).toMatch(/SELECT pull_gen, change_id FROM turso_sync_last_change_id/)
  })
})

describe('Turso’s client for the network', () => {
  test('sends pipelines and cursors that are understood', () => {
    const exchanges = capture('serverless-client')
    expect(pipelines(exchanges).length).toBeGreaterThan(0)
    const cursors = exchanges.filter(({ path }) => path.endsWith('/cursor'))
    expect(cursors.map(({ body }) => parseCursorRequest(body).batch.steps[0]!.stmt.sql)).toEqual([
      'INSERT INTO t VALUES (?, ?)',
      'SELECT * FROM t',
    ])
  })
})

describe('libSQL’s client', () => {
  test('chains the steps of a batch by success and keeps an interactive transaction by its baton', () => {
    const exchanges = capture('libsql-client')
    const [batch] = batches(exchanges)
    expect(batch!.steps.map(({ condition }) => condition)).toEqual([
      null,
      { type: 'ok', step: 0 },
      { type: 'ok', step: 1 },
      { type: 'ok', step: 2 },
      { type: 'not', cond: { type: 'ok', step: 3 } },
    ])
    const withBaton = pipelines(exchanges).filter(({ baton }) => baton !== null)
    expect(withBaton.flatMap(({ requests }) => requests.map(({ type }) => type))).toContain('close')
  })
})

describe('Turso’s server', () => {
  const exchanges = capture('turso-server')

  test('answers pulls with a header and raw pages', () => {
    const pulls = exchanges.filter(({ path }) => path.endsWith('/pull-updates'))
    const sizes = pulls.map(({ answer }) => {
      const decoder = new PullDecoder({ oldImage: () => null })
      const [header, ...pages] = decoder.push(bytes(answer.body))
      decoder.end()
      expect(header).toMatchObject({ type: 'header', header: { encoding: 'raw' } })
      for (const page of pages) expect(page).toMatchObject({ image: { byteLength: PAGE_SIZE } })
      return pages.length
    })
    expect(sizes[0]).toBe(0)
    expect(sizes[1]).toBeGreaterThan(1)
  })

  test('answers a missing watermark table with a message that says so', () => {
    const first = exchanges.find(({ path }) => path.endsWith('/pipeline'))
    expect(JSON.stringify(first!.answer.body)).toMatch(/no such table: turso_sync_last_change_id/)
  })
})

describe('an embedded replica of libSQL’s client', () => {
  test('reads a generation’s export and then frames by number, and writes over SQL', () => {
    const exchanges = capture('libsql-replica')
    const paths = exchanges.map(({ path }) => path.replace('/db/replica', ''))
    expect(paths.slice(0, 4)).toEqual(['/info', '/info', '/export/0', '/sync/0/1/129'])
    const requests = pipelines(exchanges).flatMap((pipeline) => pipeline.requests.map(({ type }) => type))
    expect(requests).toEqual(['describe', 'batch', 'get_autocommit', 'close'])
  })
})
