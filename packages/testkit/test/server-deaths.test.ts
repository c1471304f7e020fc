/**
 * A real server, killed by SIGKILL at each step that makes something durable or answers somebody, and started
 * again on the same folder.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { callSites } from '../src/crash-points/way-to-disk.ts'
import { deathsAt, withSequel } from '../src/server-deaths/deaths.ts'
import { Lifetimes } from '../src/server-deaths/lifetimes.ts'
import { LIVES } from '../src/server-deaths/lives.ts'

/** `pnpm soak:crashes` tries every step; the suite one in each life. */
const STRIDE = Number(process.env['TIDEMARK_CRASH_STRIDE'] ?? '250')

/** Call sites and answers that are steps of a life. */
const reached = new Set<string>()

let lifetimes: Lifetimes

beforeAll(async () => {
  lifetimes = await Lifetimes.prepare()
})

afterAll(() => {
  lifetimes[Symbol.dispose]()
})

describe.concurrent.each(LIVES)('$name', (life) => {
  it('I3, I5: what a killed server has acknowledged is there, once, and its clients converge', async () => {
    const lifetime = await lifetimes.begin(life)
    const steps = await lifetime.steps()
    for (const { sites } of steps) for (const site of sites) reached.add(site)
    const deaths = deathsAt(steps)
    const first = Math.floor(((LIVES.indexOf(life) + 0.5) / LIVES.length) * Math.min(STRIDE, deaths.length))
    for (let index = first; index < deaths.length; index += STRIDE)
      expect(await lifetime.survive(withSequel(deaths[index]!, index))).toBeGreaterThan(0)
  }, 7_200_000)
})

/** Call sites that are in none of `LIVES`: who cuts them, or why that does no harm. */
const CALLS_ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['server/src/history/load-history.ts: addIntact: log.truncate', 'a power loss: test/crash-points'],
  ['server/src/history/record.ts: appendRecord: log.truncate', 'a disk that fails: test/crash-points'],
  [
    'server/src/history/segmented-log.ts: SegmentedLog.begin: rmSync',
    'only where the disk fails: segmented-log.test.ts',
  ],
  ['server/src/pull/chunk-file.ts: ChunkFile.constructor: openSync', 'a cache without a name'],
  ['server/src/pull/chunk-file.ts: ChunkFile.constructor: rmSync', 'a cache without a name'],
  [
    'server/src/catalog/catalog.ts: Catalog.create: renameSync (2)',
    'only where the disk fails: catalog.test.ts; after a death the database is there, whole',
  ],
  [
    'server/src/catalog/catalog.ts: Catalog.create: rmSync',
    'only where the disk fails; what it leaves is cleared away at the next start',
  ],
  ['server/src/pull/chunk-file.ts: ChunkFile.append: writeSync', 'a cache without a name'],
  ['server/src/push/body-spool.ts: BodySpool.keepInFile: open', 'a body that nobody reads after a crash'],
  ['server/src/push/body-spool.ts: BodySpool.remove: rm', 'a body that nobody reads after a crash'],
  ['server/src/worker/watchdog-thread.ts: end: writeSync', 'a pipe'],
])

/** Answers that are in none of `LIVES`. */
const ANSWERS_ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['GET /admin/v1/databases/:name', 'changes nothing'],
  ['GET /health', 'changes nothing'],
  ['GET /health/live', 'changes nothing'],
  ['GET /health/ready', 'changes nothing'],
  ['GET /metrics', 'changes nothing'],
  ['GET version', 'changes nothing'],
  ['POST /page-hashes', 'changes nothing'],
  ['POST /v3/cursor', 'runs SQL as a pipeline does'],
])

it('each call of the server that changes a file is a step at which it is killed, or named', () => {
  const calls = callSites().filter((site) => site.startsWith('server/src/'))
  expect(new Set(calls.filter((site) => !reached.has(site)))).toEqual(new Set(CALLS_ELSEWHERE.keys()))
})

it('each answer of the server is a step at which it is killed, or named', () => {
  const server = fileURLToPath(new URL('../../server/src', import.meta.url))
  const routes = readdirSync(server, { recursive: true, encoding: 'utf8' })
    .filter((module) => module.endsWith('.ts') && !module.endsWith('.test.ts'))
    .flatMap((module) => [...readFileSync(join(server, module), 'utf8').matchAll(ROUTE)])
    .map(([, method, url]) => `${method} ${url}`)
  expect(routes.length).toBeGreaterThan(10)
  expect(new Set(routes.filter((route) => !reached.has(route)))).toEqual(new Set(ANSWERS_ELSEWHERE.keys()))
})

const ROUTE = /method: '(\w+)',\s*url: [`']?([^`',]+)/g
