/** Every step that makes something durable, or speaks to the server, is a place to die: before it and after it, on either side. */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

import { describe, expect, it } from 'vitest'

import { MUTATING_CALLS } from '../src/simulator/file-calls.ts'
import { planOf } from '../src/simulator/plan-of-steps.ts'
import type { Fault, FileFault, RequestFault, Step, SyncKind } from '../src/simulator/plan.ts'
import { simulationFolder } from '../src/simulator/run.ts'
import { World } from '../src/simulator/world.ts'

const packages = fileURLToPath(new URL('../../', import.meta.url))

/** `TIDEMARK_CRASH_STRIDE=1` tries every step; the suite every twentieth, the first included. */
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

/** Runs the steps, then one operation with a fault, then all that must hold. False: there was no such step any more. */
async function survives(before: readonly Step[], kind: SyncKind, fault: Fault): Promise<boolean> {
  const plan = planOf([...before, { kind, client: 0, fault }], { server: { checkpointFrames: 4 } })
  const root = simulationFolder()
  const world = new World(plan, root)
  try {
    await world.start()
    for (const [index, step] of plan.steps.entries()) await world.run(step, index)
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
  kind: SyncKind,
  faultAt: (nth: number) => Fault,
  stride: number,
): Promise<number> {
  let nth = 1
  while (await survives(before, kind, faultAt(nth))) nth += stride
  return nth - 1
}

const operations: readonly (readonly [string, readonly Step[], SyncKind])[] = [
  ['push', BEFORE, 'push'],
  ['pull', BEFORE, 'pull'],
  ['sync', BEFORE, 'sync'],
  ['checkpoint', BEFORE, 'checkpoint'],
  ['pull after another program has checkpointed', REBASE, 'pull'],
]

describe.each(operations)('a %s', (name, before, kind) => {
  it.each<FileFault>(['crash', 'power'])('I4: survives a %s at any file call of the client', async (what) => {
    const points = await tryAll(
      before,
      kind,
      (nth) => ({ on: 'file', side: 'client', nth, what, seed: nth }),
      STRIDE,
    )
    expect(points).toBeGreaterThan(2)
  })

  // The others are parts of it.
  if (kind !== 'sync' && before !== REBASE) return

  it.each<FileFault>(['crash', 'power'])('I5: survives a %s at any file call of the server', async (what) => {
    const points = await tryAll(
      before,
      kind,
      (nth) => ({ on: 'file', side: 'server', nth, what, seed: nth }),
      1,
    )
    if (kind === 'sync') expect(points).toBeGreaterThan(0)
  })

  it.each<RequestFault>(['refused', 'lost', 'crash', 'cut', 'twice'])(
    'I3: survives that a request is %s',
    async (what) => {
      const points = await tryAll(
        before,
        kind,
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
const SPOOL = 'server/src/push/spool-push.ts'

it('no write, sync, rename or removal of ours lacks a crash point', () => {
  const missing: string[] = []
  for (const folder of [
    'engine/src',
    'server/src/database',
    'server/src/history',
    'server/src/push',
    'sdk-node/src',
  ]) {
    for (const file of sources(join(packages, folder))) {
      if (relative(packages, file) === SPOOL) continue
      for (const name of importedFrom(readFileSync(file, 'utf8')))
        if (!HARMLESS.has(name) && !(MUTATING_CALLS as readonly string[]).includes(name))
          missing.push(`${relative(packages, file)}: ${name}`)
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
