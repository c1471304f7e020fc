/**
 * Every step that makes something durable, or speaks to the server, is a place to die: before it and after
 * it, on either side.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { describe, expect, it } from 'vitest'

import { allCuts, chooseCuts, waysOf } from '../src/crash-points/cuts.ts'
import { NEVER, survives } from '../src/crash-points/operation.ts'
import type { Operation } from '../src/crash-points/operation.ts'
import { OPERATIONS } from '../src/crash-points/operations.ts'
import { callSites, wayToDisk } from '../src/crash-points/way-to-disk.ts'
import type { RequestFault } from '../src/simulator/plan.ts'

/** `TIDEMARK_CRASH_STRIDE=1` tries every manner at every file call; the suite every call site in some of them. */
const IS_EXHAUSTIVE = process.env['TIDEMARK_CRASH_STRIDE'] === '1'
/** The soak tries tens of times as many steps, on whatever machine. */
const TIMEOUT_MS = IS_EXHAUSTIVE ? 7_200_000 : 600_000

/** Ways to disk that have been cut. */
const known = new Set<string>()
/** Call sites that were struck, and paths of requests. */
const struck = new Set<string>()

/**
 * Power losses on either side right after an operation has returned: what it has promised is on disk. Each
 * takes something else of what is not.
 */
const LOSSES = IS_EXHAUSTIVE ? 12 : 1

function thenLosingPower(operation: Operation, seed: number): Operation {
  return {
    ...operation,
    run: async (world, client, fault) => {
      await operation.run(world, client, fault)
      if (!world.server.isUp) await world.server.start()
      for (const index of world.clients.keys())
        await world.run({ kind: 'power', client: index, inTransaction: false, seed }, 100 + index)
      await world.run({ kind: 'server power', seed }, 200)
    },
  }
}

describe.each(OPERATIONS)('a $name', (operation) => {
  it(
    'I3, I4, I5: survives the end of a process, of the power and of the disk at each of its call sites',
    async () => {
      const ways = await waysOf(operation)
      expect(ways.client.length + ways.server.length).toBeGreaterThan(0)
      for (const side of ['client', 'server'] as const) {
        for (const cut of IS_EXHAUSTIVE ? allCuts(ways[side]) : chooseCuts(ways[side], known)) {
          const { hasStruck } = await survives(operation, { on: 'file', side, ...cut }, (_, isStruck) => {
            if (isStruck) for (const site of wayToDisk()) struck.add(site)
          })
          expect(hasStruck, `${side}, ${JSON.stringify(cut)}`).toBe(true)
        }
      }
    },
    TIMEOUT_MS,
  )

  it(
    'I4, I5: survives a power loss after its last call, on either side',
    async () => {
      for (let seed = 1; seed <= LOSSES; seed++) await survives(thenLosingPower(operation, seed), NEVER)
    },
    TIMEOUT_MS,
  )

  if (operation.asks !== true) return

  it.each<RequestFault>(['refused', 'lost', 'crash', 'cut', 'twice'])(
    'I3: survives that a request is %s',
    async (what) => {
      for (let nth = 1; ; nth++) {
        const { hasStruck, struckPath } = await survives(operation, {
          on: 'request',
          nth,
          what,
          position: 500,
          seed: nth,
        })
        if (!hasStruck) {
          expect(nth).toBeGreaterThan(1)
          return
        }
        struck.add(struckPath!.replace('/db/it', ''))
      }
    },
    TIMEOUT_MS,
  )
})

/** Call sites that none of `OPERATIONS` comes to: where they are cut, or why that does no harm. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  [
    'engine/src/replica/bootstrap.ts: BootstrapWriter.abort: removeFile',
    'of a download that has failed nothing is used',
  ],
  [
    'engine/src/replica/changes-file.ts: PullStage.abort: removeFile',
    'of a download that has failed nothing is used',
  ],
  [
    'engine/src/replica/repair-base.ts: injectUnderLock: removeFile',
    'only behind a failure: the next opening removes it',
  ],
  [
    'engine/src/replica/info-file.ts: InfoFile.write: fdatasyncSync',
    'behind another process that was killed: engine/src/replica/info-file.test',
  ],
  [
    'engine/src/wal/wal-file.ts: WalFile.flushAhead: fdatasync',
    'brings forward what the sync behind it does in any case: nothing rests on it',
  ],
  [
    'engine/src/replica/checkpoint.ts: checkpoint: session.save (2)',
    'only where a reader holds the checkpoint back: testkit/regressions (seed 30187)',
  ],
  [
    'engine/src/replica/push-source.ts: openPushSource: session.wal.sync',
    'only where commits are not synced: testkit/breakage, “changes are sent before they are on disk”',
  ],
  [
    'engine/src/replica/open-replica.ts: ensureCapture: session.wal.sync',
    'only where commits are not synced: testkit/regressions, “a power loss before a pull is sealed …”',
  ],
  [
    'engine/src/replica/open-replica.ts: ensureCapture: syncDirectoryOf',
    'only where commits are not synced: the same',
  ],
  [
    'engine/src/replica/refresh.ts: recordMainFile: session.save',
    'only behind a checkpoint that nobody recorded: testkit/regressions, “the base is known …”',
  ],
  [
    'engine/src/wal/wal-index.ts: appendToBlock: writeFully',
    'a WAL of 4,063 frames; zeros at the end of an index that the next to open the file makes anew',
  ],
  [
    'server/src/catalog/catalog.ts: Catalog.create: renameSync (2)',
    'only where the disk fails: catalog.test.ts; after a death the database is there, whole',
  ],
  [
    'server/src/catalog/catalog.ts: Catalog.create: rmSync',
    'only where the disk fails; what it leaves is cleared away at the next start',
  ],
  ['server/src/create-server.ts: start: rmSync', 'bodies of pushes that nobody has answered'],
  ['server/src/create-server.ts: start: mkdirSync', 'a folder for such bodies'],
  ['server/src/database/database.ts: Database.close: rmSync', 'a damaged history: server/test/damage'],
  ['server/src/database/recover.ts: beginAnew: rmSync', 'a damaged history: server/test/damage'],
  ['server/src/history/history.ts: beginHistory: appendRecord', 'a history without a commit is begun again'],
  [
    'server/src/history/segmented-log.ts: SegmentedLog.open: syncDirectory',
    'a history without a commit is begun again',
  ],
  ['server/src/history/history.ts: beginHistory: log.sync', 'a history without a commit is begun again'],
  [
    'server/src/history/record.ts: appendRecord: log.truncate',
    'only behind a failure: the next opening cuts the same off',
  ],
  [
    'server/src/history/segmented-log.ts: SegmentedLog.begin: rmSync',
    'only where the disk fails: segmented-log.test.ts',
  ],
  ['server/src/pull/chunk-file.ts: ChunkFile.constructor: openSync', 'a cache without a name'],
  ['server/src/pull/chunk-file.ts: ChunkFile.constructor: rmSync', 'a cache without a name'],
  ['server/src/pull/chunk-file.ts: ChunkFile.append: writeSync', 'a cache without a name'],
  ['server/src/push/body-spool.ts: BodySpool.keepInFile: open', 'a body that nobody reads after a crash'],
  ['server/src/push/body-spool.ts: BodySpool.remove: rm', 'a body that nobody reads after a crash'],
  ['server/src/worker/watchdog-thread.ts: end: writeSync', 'a pipe'],
  ['sdk-node/src/sync/open-local.ts: localFile.remove: rmSync', 'a temporary folder'],
  [
    'sdk-node/src/sync/remember-remote.ts: isOtherKind: replica.updateInfo',
    'forgets what the next request finds out',
  ],
  ['sdk-node/src/sync/turso/batch-body.ts: Spool.remove: rmSync', 'a temporary folder'],
  ['sdk-node/src/sync/turso/batch-body.ts: Spool.flush: openSync', 'a temporary folder'],
  ['sdk-node/src/sync/turso/batch-body.ts: Spool.flush: writeSync', 'a temporary folder'],
])

it('each call that changes a file is cut by the tests above, or named', () => {
  expect(new Set(callSites().filter((site) => !struck.has(site)))).toEqual(new Set(ELSEWHERE.keys()))
})

/** Requests that none of `OPERATIONS` makes, by their module: the tests that strike them, with a server of Turso's. */
const REQUESTS_ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['sync/turso/sql-pipeline.ts: /v2/pipeline', 'tests/interop/turso-server/{once,kill}'],
  ['sync/turso/turso-pull.ts: /pull-updates', 'tests/interop/turso-server/{once,kill}'],
])

it('each kind of request is struck by the tests above, or named', () => {
  const sdk = fileURLToPath(new URL('../../sdk-node/src', import.meta.url))
  const requests = readdirSync(sdk, { recursive: true, encoding: 'utf8' })
    .filter((module) => module.endsWith('.ts') && !module.endsWith('.test.ts'))
    .flatMap((module) =>
      [...readFileSync(join(sdk, module), 'utf8').matchAll(/'(\/[a-z0-9/-]*[a-z])'/g)].map(([, path]) => ({
        place: `${module}: ${path}`,
        isStruck: struck.has(path!) && !module.startsWith('sync/turso/'),
      })),
    )
  expect(requests.length).toBeGreaterThan(4)
  const others = requests.flatMap(({ place, isStruck }) => (isStruck ? [] : place))
  expect(new Set(others)).toEqual(new Set(REQUESTS_ELSEWHERE.keys()))
})
