/** What the simulator has found, each as the shortest plan that still showed it. */
import { expect, it } from 'vitest'

import { planOf } from '../src/simulator/plan-of-steps.ts'
import type { Peculiarities } from '../src/simulator/plan-of-steps.ts'
import { plainPlanFor } from '../src/simulator/plan.ts'
import type { Step } from '../src/simulator/plan.ts'
import { runPlan } from '../src/simulator/run.ts'

interface Found extends Peculiarities {
  readonly title: string
  readonly steps: readonly Step[]
}

const TURSO_WRITE: Step = { kind: 'turso', client: 0, does: { kind: 'write', seed: 1 } }

const found: readonly Found[] = [
  {
    title:
      'copies of a replica whose push may have arrived do not take each other’s changes for their own (I3)',
    steps: [
      { kind: 'write', client: 0, seed: 1 },
      { kind: 'push', client: 0, fault: null },
      { kind: 'write', client: 0, seed: 2 },
      { kind: 'push', client: 0, fault: { on: 'request', nth: 1, what: 'busy', position: 0, seed: 0 } },
      { kind: 'crash', client: 0, inTransaction: false, seed: 0 },
      { kind: 'copy', client: 0, seed: 0 },
      { kind: 'write', client: 0, seed: 3 },
      { kind: 'write', client: 1, seed: 3 },
      { kind: 'push', client: 0, fault: null },
      { kind: 'push', client: 1, fault: null },
    ],
  },
  {
    title:
      'a push that was applied, then asked for a checkpoint under the same id, is not taken for a fork (I3)',
    server: { maxWalPages: 30 },
    steps: [
      { kind: 'write', client: 0, seed: 3273498937 },
      { kind: 'push', client: 0, fault: null },
      { kind: 'write', client: 0, seed: 1284799712 },
      // The answer has come, and is not on disk yet.
      { kind: 'push', client: 0, fault: { on: 'request', nth: 2, what: 'crash', position: 0, seed: 0 } },
      { kind: 'schema', client: 0, seed: 4085925926 },
      { kind: 'write', client: 0, seed: 1284799712 },
      { kind: 'write', client: 0, seed: 1284799712 },
    ],
  },
  {
    title: 'an update that cannot be put back on the new base does not block the queue for ever',
    schemaSeed: 217749119,
    server: { checkpointFrames: 4, maxWalPages: 200 },
    steps: [
      { kind: 'write', client: 0, seed: 3672796990 },
      { kind: 'copy', client: 0, seed: 0 },
      { kind: 'schema', client: 0, seed: 2210597809 },
      { kind: 'second instance', client: 0, seed: 1762048598 },
      { kind: 'copy', client: 0, seed: 0 },
    ],
  },
  {
    title: 'a base is found again while others push to a server that keeps no history',
    schemaSeed: 4081435855,
    isContested: true,
    clients: [
      { detectConflicts: true, foreignKeys: false, onRejected: 'quarantine' },
      { foreignKeys: false },
    ],
    server: { checkpointFrames: 4, historyBytes: 0, segmentBytes: 20_000 },
    steps: [
      { kind: 'foreign checkpoint', client: 0, seed: 1407164945 },
      { kind: 'foreign checkpoint', client: 0, seed: 3267452697 },
      { kind: 'reopen', client: 1, meanwhile: 'write', seed: 3663990624 },
      { kind: 'server crash' },
      { kind: 'reopen', client: 0, meanwhile: 'nothing', seed: 854130235 },
      { kind: 'write', client: 0, seed: 2846843956 },
      { kind: 'together', client: 1, own: 'pull', others: 'push' },
    ],
  },
  {
    title: 'a Turso client’s push that arrives after the client has asked again is not applied twice (I3)',
    turso: [{}],
    steps: [
      TURSO_WRITE,
      {
        kind: 'turso',
        client: 0,
        does: { kind: 'push', fault: { on: 'request', nth: 2, what: 'staler', position: 0, seed: 0 } },
      },
      { ...TURSO_WRITE, does: { kind: 'write', seed: 2 } },
    ],
  },
  {
    title:
      'a Turso client’s push that is told to ask again, and doubled by the network, is not applied twice (I3)',
    turso: [{}],
    steps: [
      TURSO_WRITE,
      {
        kind: 'turso',
        client: 0,
        does: { kind: 'push', fault: { on: 'request', nth: 2, what: 'staler', position: 0, seed: 0 } },
      },
      { ...TURSO_WRITE, does: { kind: 'write', seed: 2 } },
      {
        kind: 'turso',
        client: 0,
        does: { kind: 'push', fault: { on: 'request', nth: 2, what: 'twice', position: 0, seed: 0 } },
      },
    ],
  },
  {
    title: 'a Turso client that pulls after a push on a full disk does not push the same again (I3)',
    turso: [{}],
    steps: [
      TURSO_WRITE,
      { kind: 'server write', seed: 1 },
      // The commit is in the database and does not get into the history. The odd seed makes the client pull next.
      {
        kind: 'turso',
        client: 0,
        does: { kind: 'push', fault: { on: 'file', side: 'server', nth: 1, what: 'refused', seed: 1 } },
      },
    ],
  },
  {
    title: 'a delete does not take another row that has got the rowid of the deleted one',
    schemaSeed: 2523575734,
    isContested: true,
    clients: [
      { detectConflicts: true, autoCheckpointPages: 60, foreignKeys: false, onRejected: 'quarantine' },
      { detectConflicts: true, onRejected: 'quarantine' },
    ],
    server: { checkpointFrames: 4000, historyBytes: 0, maxWalPages: 4000 },
    steps: [
      { kind: 'schema', client: 0, seed: 3723996859 },
      { kind: 'write', client: 1, seed: 137629663 },
      { kind: 'push', client: 1, fault: null },
      { kind: 'write', client: 1, seed: 1401829870 },
      { kind: 'second instance', client: 0, seed: 3703252120 },
      {
        kind: 'push',
        client: 1,
        fault: { on: 'file', side: 'client', nth: 6, what: 'refused', seed: 2986571089 },
      },
      { kind: 'write', client: 0, seed: 1753301673 },
    ],
  },
  {
    title:
      'a revision keeps its name when a power loss takes the first commit of a process out of the history',
    steps: [{ kind: 'server restart' }, { kind: 'server write', seed: 1 }, { kind: 'server power', seed: 2 }],
  },
  {
    title: 'a power loss while old history is dropped leaves no gap in it',
    server: { checkpointFrames: 4, historyBytes: 0, segmentBytes: 20_000 },
    steps: [
      ...[1, 2, 3].map((seed): Step => ({ kind: 'server write', seed })),
      { kind: 'server power', seed: 5 },
    ],
  },
  {
    title:
      'the first commit after a restored backup does not get the name of a lost one, though the server dies with it',
    clients: [{}, {}],
    steps: [
      { kind: 'server backup' },
      { kind: 'server write', seed: 2 },
      { kind: 'pull', client: 1, fault: null },
      { kind: 'server restore' },
      { kind: 'write', client: 0, seed: 5 },
      // Committed, and not in the history yet.
      { kind: 'push', client: 0, fault: { on: 'file', side: 'server', nth: 3, what: 'crash', seed: 1 } },
      { kind: 'pull', client: 1, fault: null },
    ],
  },
  {
    title: 'what a client has pushed since the revision that a server is restored to is pushed again',
    steps: [
      { kind: 'server backup' },
      { kind: 'write', client: 0, seed: 1 },
      { kind: 'push', client: 0, fault: null },
      { kind: 'server restore' },
    ],
  },
  {
    title:
      'a server that has dropped all but the end of its history knows after a restart that it was checkpointed',
    schemaSeed: 1049747254,
    server: { checkpointFrames: 4, historyBytes: 0, segmentBytes: 20_000 },
    steps: [
      { kind: 'server write', seed: 3481982433 },
      { kind: 'server write', seed: 2028505742 },
      { kind: 'server restart' },
    ],
  },
  {
    title: 'a power loss before a pull is sealed is no damage, though capture was never synced',
    clients: [{ durability: 'normal' }],
    steps: [
      { kind: 'write', client: 0, seed: 1 },
      { kind: 'server write', seed: 1 },
      { kind: 'pull', client: 0, fault: { on: 'file', side: 'client', nth: 9, what: 'power', seed: 3 } },
    ],
  },
  {
    title: 'the base is known after a checkpoint that could not be recorded, once another operation has run',
    steps: [
      { kind: 'write', client: 0, seed: 1 },
      {
        kind: 'checkpoint',
        client: 0,
        fault: { on: 'file', side: 'client', nth: 11, what: 'refused', seed: 1 },
      },
      { kind: 'write', client: 0, seed: 2 },
      { kind: 'power', client: 0, inTransaction: false, seed: 3 },
    ],
  },
  {
    title:
      'a push whose commit could not be recorded behind its answer is not taken for lost by the pull after it',
    steps: [
      { kind: 'write', client: 0, seed: 1 },
      { kind: 'push', client: 0, fault: null },
      { kind: 'write', client: 0, seed: 3 },
      { kind: 'push', client: 0, fault: { on: 'file', side: 'server', nth: 1, what: 'refused', seed: 0 } },
      { kind: 'pull', client: 0, fault: null },
    ],
  },
  {
    title: 'a row that REPLACE removes is captured also where a cascade takes the row that came in its place',
    schemaSeed: 61530781,
    isDaring: true,
    clients: [{ conflictResolution: 'failing function', foreignKeys: false }],
    steps: [
      { kind: 'write', client: 0, seed: 40466343 },
      { kind: 'reopen', client: 0, meanwhile: 'schema', seed: 809808163 },
      { kind: 'reopen', client: 0, meanwhile: 'write, no checkpoint', seed: 1897508523 },
    ],
  },
]

/** Plans that could not be shortened. */
const SEEDS: readonly (readonly [string, number])[] = [
  ['a push that meets many refused changes may checkpoint before each', 30187],
  ['a -replay that a power loss brings back takes nothing back that was pushed', 222736],
  ['two copies of a replica that give a row the same new key do not wait for each other for ever', 224031],
  ['changes to a column that a restored server does not have yet stay pending', 60229],
  ['what follows to a row that refers to itself is not captured before its cause', 1120337],
  ['who closes a replica and opens it again does not find its background checkpoint in the way', 830105],
  ['a conflict in a table whose columns come and go is decided about by columns that it has', 2600143],
]

it.each(SEEDS)('%s (seed %s)', async (_, seed) => {
  const failure = await runPlan(plainPlanFor(seed))
  expect(failure?.error, failure?.log.join('\n')).toBeUndefined()
})

it.each(found)('$title', async ({ steps, ...peculiarities }) => {
  const failure = await runPlan(planOf(steps, peculiarities))
  expect(failure?.error, failure?.log.join('\n')).toBeUndefined()
})
