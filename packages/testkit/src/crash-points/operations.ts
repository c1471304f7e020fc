import { repairClient } from '../simulator/damaged-base.ts'
import type { Plan, Step } from '../simulator/plan.ts'
import {
  addClient,
  adoptFile,
  bootstrap,
  checkAdopted,
  closeClient,
  crash,
  createAlone,
  loseAnswer,
  loseBaseOfRebuild,
  openClient,
  pushByAnother,
  pushMuch,
  rebuildJournal,
  replaceFile,
  syncing,
  writeElsewhere,
  writeMuch,
} from './client-operations.ts'
import { dieAt, failAt, serverDiesAt } from './interruption.ts'
import type { Operation } from './operation.ts'
import {
  addDatabase,
  askGeneration,
  createDatabase,
  deleteDatabase,
  growGeneration,
  leaveUnfinished,
  openCatalog,
  startServer,
  stopServer,
  tearHistory,
} from './server-operations.ts'

/** There is something to push, to pull and to checkpoint. */
const BEFORE: readonly Step[] = [
  { kind: 'write', client: 0, seed: 1 },
  { kind: 'sync', client: 0, fault: null },
  { kind: 'write', client: 0, seed: 2 },
  { kind: 'checkpoint', client: 0, fault: null },
  { kind: 'server write', seed: 3 },
  { kind: 'write', client: 0, seed: 4 },
]

/** Both have changes of their own, under one name. */
const COPIED: readonly Step[] = [
  { kind: 'write', client: 0, seed: 1 },
  { kind: 'sync', client: 0, fault: null },
  { kind: 'copy', client: 0, seed: 0 },
  { kind: 'write', client: 0, seed: 2 },
  { kind: 'push', client: 0, fault: null },
  { kind: 'write', client: 1, seed: 3 },
]

/** After another program has checkpointed the closed file, the base is fetched again. */
const REBASE: readonly Step[] = [...BEFORE, { kind: 'reopen', client: 0, meanwhile: 'write', seed: 5 }]

/**
 * With nothing pending a pull keeps capture: one commit, and `-info` stays behind it until the next operation
 * that saves it.
 */
const QUIET: readonly Step[] = [
  { kind: 'write', client: 0, seed: 1 },
  { kind: 'sync', client: 0, fault: null },
  { kind: 'server write', seed: 2 },
  { kind: 'pull', client: 0, fault: null },
  { kind: 'server write', seed: 3 },
]

/** The checkpoint after the last write leaves no images to revert. */
const SEALED: readonly Step[] = [...BEFORE, { kind: 'checkpoint', client: 0, fault: null }]

/** Hardly any history is kept, and a segment has room for a few pages. */
const SHORT_HISTORY: Partial<Plan['server']> = { historyBytes: 0, segmentBytes: 20_000 }

const PUBLISHED = 'engine/src/wal/inject.ts: injectPages: publishHeader'
const WRITTEN = 'engine/src/wal/inject.ts: injectPages: wal.sync'
const REPLAYED = 'engine/src/replica/finish-replay.ts: discardPullFiles: removeDurably'
const STAGED = 'engine/src/replica/apply-pull.ts: injectUnderLock.beforeCommit: replay.seal'
/** A record of the history without its beginning. */
const APPENDING = 'server/src/history/record.ts: appendRecord: log.write (3)'
/** A history whose oldest part is out of use and still there. */
const DROPPING = 'server/src/history/history.ts: History.compact: log.dropBefore'
/** A segment of the history without its header. */
const BEGINNING = 'server/src/history/segmented-log.ts: SegmentedLog.begin: writeFully'

export const OPERATIONS: readonly Operation[] = [
  { name: 'sync', before: BEFORE, run: syncing('sync'), asks: true },
  { name: 'push', before: BEFORE, run: syncing('push') },
  { name: 'pull', before: BEFORE, run: syncing('pull') },
  { name: 'pull with nothing pending', before: QUIET, run: syncing('pull') },
  {
    name: 'pull with nothing pending, after a checkpoint',
    before: [...QUIET, { kind: 'checkpoint', client: 0, fault: null }],
    peculiarities: { clients: [{ durability: 'normal' }] },
    run: syncing('pull'),
  },
  {
    name: 'pull that a power loss may take',
    before: BEFORE,
    peculiarities: { clients: [{ durability: 'normal' }] },
    run: syncing('pull'),
  },
  { name: 'checkpoint', before: BEFORE, run: syncing('checkpoint') },
  {
    name: 'pull after another program has checkpointed',
    before: REBASE,
    run: syncing('pull'),
    asks: true,
  },
  { name: 'reset of a damaged base', before: BEFORE, run: repairClient },
  { name: 'close', before: BEFORE, run: closeClient },
  { name: 'bootstrap', before: BEFORE, run: bootstrap, asks: true },
  { name: 'first sync', before: BEFORE, prepare: addClient, run: syncing('sync', 1) },
  { name: 'bootstrap in the place of another file', before: BEFORE, run: replaceFile },
  { name: 'adoption of another file', before: BEFORE, run: adoptFile, check: checkAdopted },
  {
    name: 'push after one of another process',
    before: BEFORE,
    prepare: pushByAnother,
    run: syncing('push'),
  },
  { name: 'opening after a crash', before: BEFORE, prepare: crash, run: openClient },
  {
    name: 'opening after a crash in a download',
    before: BEFORE,
    prepare: async (world, client) => {
      await pushMuch(world, client)
      await dieAt(client, 'pull', STAGED)
    },
    run: openClient,
  },
  {
    name: 'opening after a crash in an injection',
    before: SEALED,
    prepare: dyingAt(PUBLISHED),
    run: openClient,
  },
  {
    name: 'opening after a crash behind a replay',
    before: BEFORE,
    prepare: dyingAt(REPLAYED),
    run: openClient,
  },
  {
    name: 'opening after a crash in an injection and a write of another program',
    before: BEFORE,
    prepare: async (world, client) => {
      await dieAt(client, 'pull', PUBLISHED)
      writeElsewhere(world, client, { isCheckpointed: false })
    },
    run: openClient,
  },
  {
    name: 'opening after a crash in an injection and a checkpoint of another program',
    before: BEFORE,
    prepare: async (world, client) => {
      await dieAt(client, 'pull', PUBLISHED)
      writeElsewhere(world, client, { isCheckpointed: true })
    },
    run: openClient,
  },
  {
    name: 'pull that finds out what another program has written',
    before: BEFORE,
    prepare: async (world, client) => {
      await dieAt(client, 'pull', PUBLISHED)
      writeElsewhere(world, client, { isCheckpointed: true })
      await client.open()
    },
    run: syncing('pull'),
  },
  {
    name: 'pull after one that has failed before its pages were seen',
    before: BEFORE,
    prepare: async (_, client) => failAt(client, 'pull', WRITTEN),
    run: syncing('pull'),
  },
  {
    name: 'push to a server that keeps little',
    before: BEFORE,
    peculiarities: { server: SHORT_HISTORY },
    run: syncing('push'),
  },
  {
    name: 'push to a server that has just started',
    before: [...BEFORE, { kind: 'server restart' }],
    run: syncing('push'),
  },
  {
    name: 'start of a server that has died',
    before: BEFORE,
    peculiarities: { server: SHORT_HISTORY },
    prepare: async ({ server }, client) => serverDiesAt(server, client, APPENDING),
    run: startServer,
  },
  {
    name: 'start of a server that has died as a segment began',
    before: BEFORE,
    peculiarities: { server: SHORT_HISTORY },
    prepare: async ({ server }, client) => serverDiesAt(server, client, BEGINNING),
    run: startServer,
  },
  {
    name: 'start of a server that has died as it let go of history',
    before: BEFORE,
    peculiarities: { server: SHORT_HISTORY },
    prepare: async ({ server }, client) => serverDiesAt(server, client, DROPPING),
    run: startServer,
  },
  {
    name: 'end of a server',
    before: BEFORE,
    peculiarities: { server: { ...SHORT_HISTORY, checkpointFrames: 4000 } },
    run: stopServer,
  },
  { name: 'push of many pages', before: BEFORE, prepare: writeMuch, run: syncing('push') },
  {
    name: 'push of a table that is built anew',
    before: BEFORE,
    prepare: rebuildJournal,
    run: syncing('push'),
  },
  {
    name: 'sync of a table that is built anew and whose base nobody knows',
    before: BEFORE,
    peculiarities: { server: SHORT_HISTORY },
    prepare: loseBaseOfRebuild,
    run: syncing('sync'),
  },
  { name: 'pull of many pages', before: BEFORE, prepare: pushMuch, run: syncing('pull') },
  {
    name: 'start of a server with a damaged end of its history',
    before: BEFORE,
    peculiarities: { server: { checkpointFrames: 4000 } },
    prepare: tearHistory,
    run: startServer,
  },
  { name: 'creation of a database', before: BEFORE, run: createDatabase },
  { name: 'deletion of a database', before: BEFORE, prepare: addDatabase, run: deleteDatabase },
  {
    name: 'opening of a catalog after a crash in a creation',
    before: BEFORE,
    prepare: leaveUnfinished,
    run: openCatalog,
  },
  { name: 'first answer to a replica of libSQL', before: BEFORE, run: askGeneration },
  {
    name: 'answer to a replica of libSQL that begins a generation',
    before: BEFORE,
    prepare: growGeneration,
    run: askGeneration,
  },
  {
    name: 'push of a copied file',
    before: COPIED,
    run: syncing('push', 1),
  },
  { name: 'pull of a push whose answer was lost', before: BEFORE, prepare: loseAnswer, run: syncing('pull') },
  {
    name: 'checkpoint after a pull that a power loss may take',
    before: [...QUIET, { kind: 'pull', client: 0, fault: null }],
    peculiarities: { clients: [{ durability: 'normal' }] },
    run: syncing('checkpoint'),
  },
  { name: 'creation of a file without a server', before: BEFORE, run: createAlone },
]

function dyingAt(site: string): NonNullable<Operation['prepare']> {
  return async (_, client) => dieAt(client, 'pull', site)
}
