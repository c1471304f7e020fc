import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { VERDICT_DESCRIPTOR } from '../src/worker/descriptors.ts'
import { KilledServer } from './killed-server.ts'
import { execute, pipeline, run, temporaryDirectory } from './running-server.ts'

/** Of a worker: about six databases. */
const MAX_FILES = 64
const DATABASES = 9

let data: string
let server: KilledServer

beforeEach(async () => {
  data = temporaryDirectory()
  server = await KilledServer.start(data, { workers: 1, logLevel: 'silent' }, MAX_FILES)
})

afterEach(async () => {
  await server.end()
  rmSync(data, { recursive: true, force: true })
})

const url = (index: number): string => `http://127.0.0.1:${server.port}/db/n${index}`

test('a worker that may open no more files closes databases that nobody uses', async () => {
  for (let index = 0; index < DATABASES; index += 1)
    await run(url(index), 'CREATE TABLE t (x)', `INSERT INTO t VALUES (${index})`)
  for (let index = 0; index < DATABASES; index += 1)
    expect(await run(url(index), 'SELECT x FROM t')).toEqual([[index]])
})

test('where all are in use, 503 says what to do, and it goes on once one is not', async () => {
  const batons: string[] = []
  let refused: Response | null = null
  for (let index = 0; refused === null && index < DATABASES; index += 1) {
    const answer = await begin(index)
    if (answer.ok) batons.push(((await answer.json()) as { baton: string }).baton)
    else refused = answer
  }
  expect(refused?.status).toBe(503)
  expect(refused!.headers.get('retry-after')).toBe('10')
  expect(await refused!.text()).toMatch(/as many files open as it may.*ulimit -n.*TIDEMARK_TOO_MANY_FILES/)
  const next = batons.length
  expect(next).toBeGreaterThan(1)
  await pipeline(url(0), [{ type: 'close' }], { baton: batons[0]! })
  expect(await run(url(next), 'SELECT 1')).toEqual([[1]])
})

test('a process that may open no more files is watched as before', async () => {
  const watched = withFewFiles(new URL('watched-without-descriptors.ts', import.meta.url))
  const verdict = (watched.stdio as readonly unknown[])[VERDICT_DESCRIPTOR] as Readable
  expect(JSON.parse(await text(verdict))).toEqual({ reason: 'memory', callId: 0, begun: [] })
})

test('where no worker can be started for want of descriptors, 503 says so, and it goes on once there are some', async () => {
  const child = withFewFiles(
    new URL('workers-without-descriptors.ts', import.meta.url),
    mkdtempSync(join(data, 'alone-')),
  )
  expect(JSON.parse(await text(child.stdout!))).toEqual(['TIDEMARK_TOO_MANY_FILES', 'served'])
})

test('what queries are run with is loaded once there are descriptors for it', async () => {
  const child = withFewFiles(new URL('queries-without-descriptors.ts', import.meta.url))
  expect(JSON.parse(await text(child.stdout!))).toEqual([false, true])
})

/** A program beside this one that may open few files, with a pipe for a verdict. */
function withFewFiles(script: URL, ...args: readonly string[]): ChildProcess {
  const command = [
    '-c',
    `ulimit -n ${MAX_FILES} && exec "$0" "$@"`,
    process.execPath,
    fileURLToPath(script),
    ...args,
  ]
  return spawn('sh', command, { stdio: ['ignore', 'pipe', 'inherit', 'ignore', 'ignore', 'pipe'] })
}

/** Leaves a transaction open. */
async function begin(index: number): Promise<Response> {
  const body = JSON.stringify({ requests: [execute('BEGIN')] })
  return fetch(`${url(index)}/v3/pipeline`, { method: 'POST', body })
}
