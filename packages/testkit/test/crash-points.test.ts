/** Every step that makes something durable, or speaks to the server, is a place to die: before it and after it, on either side. */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

import { describe, expect, it } from 'vitest'

import type { Client } from '../src/simulator/client.ts'
import { repairClient } from '../src/simulator/damaged-base.ts'
import { observing } from '../src/simulator/file-calls.ts'
import { planOf } from '../src/simulator/plan-of-steps.ts'
import type { Fault, FileFault, RequestFault, Step, SyncKind } from '../src/simulator/plan.ts'
import { simulationFolder } from '../src/simulator/run.ts'
import { syncClient } from '../src/simulator/sync-operation.ts'
import { World } from '../src/simulator/world.ts'

const packages = fileURLToPath(new URL('../../', import.meta.url))

/** `TIDEMARK_CRASH_STRIDE=1` tries every step; the suite every twentieth, the first included, and all of a pull with nothing pending, which has few. */
const STRIDE = Number(process.env['TIDEMARK_CRASH_STRIDE'] ?? '20')

/** What has been done before the operation that is cut: it has something to push, to pull and to checkpoint. */
const BEFORE: readonly Step[] = [
  { kind: 'write', client: 0, seed: 1 },
  { kind: 'sync', client: 0, fault: null },
  { kind: 'write', client: 0, seed: 2 },
  { kind: 'checkpoint', client: 0, fault: null },
  { kind: 'server write', seed: 3 },
  { kind: 'write', client: 0, seed: 4 },
]

/** After another program has checkpointed the closed file, the base is fetched again. */
const REBASE: readonly Step[] = [...BEFORE, { kind: 'reopen', client: 0, meanwhile: 'write', seed: 5 }]

/** With nothing pending a pull keeps capture: one commit, and `-info` stays behind it until the next operation that saves it. */
const QUIET: readonly Step[] = [
  { kind: 'write', client: 0, seed: 1 },
  { kind: 'sync', client: 0, fault: null },
  { kind: 'server write', seed: 2 },
  { kind: 'pull', client: 0, fault: null },
  { kind: 'server write', seed: 3 },
]

/** Meets no step. */
const NEVER: Fault = { on: 'file', side: 'client', nth: Infinity, what: 'crash', seed: 0 }

/** Something that is cut off at each of its steps. */
type Operation = (world: World, client: Client, fault: Fault) => Promise<void>

/** Runs the steps, then one operation with a fault, then all that must hold. False: there was no such step any more. */
async function survives(
  before: readonly Step[],
  operate: Operation,
  fault: Fault,
  onStart: (world: World) => void = () => {},
): Promise<boolean> {
  const plan = planOf(before, { server: { checkpointFrames: 4 } })
  const root = simulationFolder()
  const world = new World(plan, root)
  try {
    await world.start()
    for (const [index, step] of plan.steps.entries()) await world.run(step, index)
    onStart(world)
    await operate(world, world.clients[0]!, fault)
    await world.settle()
    return world.hasStruck
  } catch (cause) {
    throw new Error(`${JSON.stringify(fault)}\n${world.log.join('\n')}`, { cause })
  } finally {
    await world.close()
    rmSync(root, { recursive: true })
  }
}

async function tryAll(
  before: readonly Step[],
  operate: Operation,
  faultAt: (nth: number) => Fault,
  stride: number,
): Promise<number> {
  let nth = 1
  while (await survives(before, operate, faultAt(nth))) nth += stride
  return nth - 1
}

const syncing =
  (kind: SyncKind): Operation =>
  async (world, client, fault) =>
    syncClient(world, client, kind, fault)

const operations: readonly (readonly [string, readonly Step[], Operation])[] = [
  ['push', BEFORE, syncing('push')],
  ['pull', BEFORE, syncing('pull')],
  ['pull with nothing pending', QUIET, syncing('pull')],
  ['sync', BEFORE, syncing('sync')],
  ['checkpoint', BEFORE, syncing('checkpoint')],
  ['pull after another program has checkpointed', REBASE, syncing('pull')],
  ['reset of a damaged base', BEFORE, repairClient],
]

/** Power losses on either side right after an operation has returned: what it has promised is on disk. Each takes something else of what is not. */
const LOSSES = STRIDE === 1 ? 12 : 2

const thenLosingPower =
  (operate: Operation, seed: number): Operation =>
  async (world, client, fault) => {
    await operate(world, client, fault)
    await world.run({ kind: 'power', client: 0, inTransaction: false, seed }, 100)
    await world.run({ kind: 'server power', seed }, 101)
  }

describe.each(operations)('a %s', (name, before, operate) => {
  it('I4, I5: survives a power loss after its last call, on either side', async () => {
    for (let seed = 1; seed <= LOSSES; seed++) await survives(before, thenLosingPower(operate, seed), NEVER)
  })

  it.each<FileFault>(['crash', 'power'])('I4: survives a %s at any file call of the client', async (what) => {
    const points = await tryAll(
      before,
      operate,
      (nth) => ({ on: 'file', side: 'client', nth, what, seed: nth }),
      before === QUIET ? 1 : STRIDE,
    )
    expect(points).toBeGreaterThan(2)
  })

  // The others are parts of it.
  if (name !== 'sync' && before !== REBASE) return

  it.each<FileFault>(['crash', 'power'])('I5: survives a %s at any file call of the server', async (what) => {
    const points = await tryAll(
      before,
      operate,
      (nth) => ({ on: 'file', side: 'server', nth, what, seed: nth }),
      1,
    )
    if (name === 'sync') expect(points).toBeGreaterThan(0)
  })

  it.each<RequestFault>(['refused', 'lost', 'crash', 'cut', 'twice'])(
    'I3: survives that a request is %s',
    async (what) => {
      const points = await tryAll(
        before,
        operate,
        (nth) => ({ on: 'request', nth, what, position: 500, seed: nth }),
        1,
      )
      expect(points, name).toBeGreaterThan(0)
    },
  )
})

/** Calls of `node:fs` that change no content of a file that counts. */
const HARMLESS = new Set([
  'constants',
  'openAsBlob',
  'openSync',
  'closeSync',
  'readSync',
  'fstatSync',
  'statSync',
  'existsSync',
  'readFileSync',
  'readdirSync',
  'readlinkSync',
  'mkdirSync',
  'mkdtempSync',
])

/** A push that is received waits in a file of its own, which nobody reads after a crash. */
const SPOOL = 'server/src/push/body-spool.ts'

/** Steps that none of `operations` has: where they are cut off, or why that does no harm. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['engine/src/replica/bootstrap.ts: fsyncSync', 'nothing is pending yet: begun anew'],
  ['engine/src/replica/bootstrap.ts: renameSync', 'nothing is pending yet: begun anew'],
  ['engine/src/replica/write-database.ts: fsyncSync', 'a copy, begun anew each time'],
  ['server/src/database/database.ts: rmSync', 'a damaged history: server/test/damage'],
  ['server/src/database/recover.ts: rmSync', 'a damaged history: server/test/damage'],
  [
    'server/src/history/segmented-log.ts: fsyncSync',
    'a segment is full: killed at random in server/test/crash',
  ],
  [
    'server/src/history/segmented-log.ts: ftruncateSync',
    'after a crash: killed at random in server/test/crash',
  ],
  ['server/src/history/segmented-log.ts: rmSync', 'retention: killed at random in server/test/crash'],
  ['sdk-node/src/sync/open-local.ts: rmSync', 'a temporary folder'],
  ['sdk-node/src/sync/turso/batch-body.ts: rmSync', 'a temporary folder'],
  ['sdk-node/src/sync/turso/batch-body.ts: writeSync', 'a temporary folder'],
])

it('no write, sync, rename or removal of ours lacks a crash point', async () => {
  const reached = new Set<string>()
  for (const [, before, operate] of operations) {
    await survives(before, operate, NEVER, ({ volatile }) =>
      observing((call, args) => {
        volatile.observe(call, args)
        reached.add(`${callerOf(new Error('who calls').stack!)}: ${call}`)
      }),
    )
  }
  const missing: string[] = []
  for (const folder of [
    'engine/src',
    'server/src/database',
    'server/src/history',
    'server/src/push',
    'sdk-node/src',
  ]) {
    for (const file of sources(join(packages, folder))) {
      const module = relative(packages, file)
      if (module === SPOOL) continue
      for (const name of importedFrom(readFileSync(file, 'utf8'))) {
        const point = `${module}: ${name}`
        if (!HARMLESS.has(name) && !reached.has(point) && !ELSEWHERE.has(point)) missing.push(point)
      }
    }
  }
  expect(missing).toEqual([])
})

it('no kind of request lacks a crash point', () => {
  const dialect = readFileSync(join(packages, 'sdk-node/src/sync/tidemark-dialect.ts'), 'utf8')
  const paths = [...dialect.matchAll(/'(\/[a-z-]+)'/g)].map((match) => match[1])
  // `operations` push, pull, and ask for page hashes.
  expect(new Set(paths)).toEqual(new Set(['/push-changes', '/pull-updates', '/page-hashes']))
})

/** The module that is nearest in a stack and not one of the simulator's, as its source below `packages/`. */
function callerOf(stack: string): string | null {
  const [, name, module] = /packages\/(?!testkit)([^/]+)\/(?:dist|src)\/(\S+)\.[jt]s/.exec(stack) ?? []
  return name === undefined ? null : `${name}/src/${module}.ts`
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
}

/** Names that a module imports from `node:fs`; types are not calls. */
function importedFrom(source: string): string[] {
  return [...source.matchAll(/import \{([^}]*)\} from 'node:fs(?:\/promises)?'/g)].flatMap((match) =>
    match[1]!
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  )
}
