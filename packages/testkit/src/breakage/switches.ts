import { plainPlanFor, planFor } from '../simulator/plan.ts'
import type { Fault, Plan, Step } from '../simulator/plan.ts'
import { planOf } from '../simulator/plan-of-steps.ts'

/** A rule that is broken on purpose, by changing one place of a built module when it is loaded. */
export interface Switch {
  readonly breaks: string
  /** The module, below `packages/`, without its ending. */
  readonly module: string
  /** What stands there, and what stands there then. */
  readonly edits: readonly (readonly [string, string])[]
  /** What the simulator does to notice. */
  readonly plan: Plan
}

const WRITE: Step = { kind: 'write', client: 0, seed: 1 }
const PUSH: Step = { kind: 'push', client: 0, fault: null }
const COPY: Step = { kind: 'copy', client: 0, seed: 0 }
const ANSWER_LOST: Fault = { on: 'request', nth: 1, what: 'lost', position: 0, seed: 0 }
const DIES_BEFORE_THE_ANSWER: Fault = { on: 'request', nth: 1, what: 'crash', position: 0, seed: 0 }
/** After the pages came in, before what was pending is back. */
const SOMEBODY_WRITES: Fault = { on: 'file', side: 'client', nth: 12, what: 'write', seed: 1 }
const CHECKPOINT: Step = { kind: 'checkpoint', client: 0, fault: null }
const PULL: Step = { kind: 'pull', client: 0, fault: null }
const SERVER_WRITE: Step = { kind: 'server write', seed: 2 }
/** A power loss with this seed takes all that is not on disk. */
const ALL = 2
const POWER: Step = { kind: 'power', client: 0, inTransaction: false, seed: ALL }
const SERVER_POWER: Step = { kind: 'server power', seed: ALL }
/** After the pulled pages are committed, before what was pending is back. */
const POWER_IN_THE_PULL: Fault = { on: 'file', side: 'client', nth: 12, what: 'power', seed: ALL }
/** A few steps in which most of what is broken shows. */
const SHORT = planFor(44)
const NORMAL = { clients: [{ durability: 'normal' }] } as const
const TWO = { clients: [{}, {}] }

/**
 * Each must be noticed by the simulator; otherwise the simulator would not notice if the rule were broken by mistake.
 */
export const SWITCHES: readonly Switch[] = [
  {
    breaks: 'a push that was applied before is applied again (I3)',
    module: 'engine/dist/apply/open-push',
    edits: [
      [
        'if (record !== null && sameId(record.pushId, header.pushId))',
        'if (record !== null && sameId(record.pushId, header.pushId)) header.previousPushId = header.pushId;\n    if (false)',
      ],
      ['const firstNewId = acknowledgedChangeId(db, header.clientId) + 1;', 'const firstNewId = 0;'],
    ],
    plan: planOf([WRITE, { ...PUSH, fault: ANSWER_LOST }]),
  },
  {
    breaks: 'the fork token is not looked at, so a copied client pushes over its original (I3)',
    module: 'engine/dist/apply/open-push',
    edits: [['if (!sameId(record?.pushId ?? new Uint8Array(), header.previousPushId))', 'if (false)']],
    plan: planOf([WRITE, PUSH, COPY, WRITE, { ...WRITE, client: 1 }, PUSH, { ...PUSH, client: 1 }]),
  },
  {
    breaks: 'each attempt of a push has an id of its own (I3)',
    module: 'sdk-node/dist/sync/push',
    edits: [['attemptedPushId ?? randomBytes', 'randomBytes']],
    plan: planOf(
      [WRITE, { ...WRITE, client: 1 }, { ...PUSH, client: 1 }, { ...PUSH, fault: DIES_BEFORE_THE_ANSWER }],
      TWO,
    ),
  },
  {
    breaks: 'the last change of a batch is not sent',
    module: 'engine/dist/replica/push-source',
    edits: [
      [
        'if (change !== null)',
        'if (change !== null && (captured.changeId < batch.lastChangeId || batch.firstChangeId === batch.lastChangeId))',
      ],
    ],
    plan: SHORT,
  },
  {
    breaks: 'replay ignores what the server has acknowledged, and puts it on top again (I3)',
    module: 'engine/dist/replay/replay-captured',
    edits: [['if (change.changeId <= this.#options.acknowledgedId)', 'if (false)']],
    plan: SHORT,
  },
  {
    breaks: 'what took the write lock rolls back after pages were put under it',
    module: 'engine/dist/replica/connections',
    edits: [
      ["this.#begin(this.#lock, 'taking", "this.#begin(this.work.db, 'taking"],
      ["this.#lock.exec('COMMIT')", "this.work.db.exec('ROLLBACK')"],
    ],
    plan: SHORT,
  },
  {
    breaks: 'a page of the revert set is forgotten (I1)',
    module: 'engine/dist/replica/session',
    edits: [
      [
        'const missing = [...this.base.overlayPages(index)].filter((page) => !this.revert.has(page));',
        'const missing = [...this.base.overlayPages(index)].filter((page) => !this.revert.has(page)).slice(1);',
      ],
    ],
    plan: SHORT,
  },
  {
    breaks: 'a checkpoint saves no base images at all (I1)',
    module: 'engine/dist/replica/checkpoint',
    edits: [['session.seal(index);', 'session.advanceTo(index);']],
    plan: SHORT,
  },
  {
    breaks: 'the schema cookie is not raised when pages are put under live connections',
    module: 'engine/dist/replica/apply-pull',
    edits: [['pageOne?.schemaCookie ?? 0) + 1;', 'pageOne?.schemaCookie ?? 0);']],
    plan: SHORT,
  },
  {
    breaks: 'the pending changes are not on disk before the pulled pages are (I4)',
    module: 'engine/dist/replica/apply-pull',
    edits: [['replay.seal(plan);', '']],
    plan: SHORT,
  },
  {
    breaks: 'what another program commits while a pull is applied is not looked for (I6)',
    module: 'engine/dist/replica/finish-replay',
    edits: [
      ['const hasSlipped = ', 'const hasSlipped = false && '],
      // Between the two commits of a pull nothing happens that the simulator sees; here it can write.
      [
        'const report = session.inReplayTransaction',
        "process.getBuiltinModule('node:fs').rmSync('-', { force: true }); const report = session.inReplayTransaction",
      ],
    ],
    plan: planOf([
      WRITE,
      { kind: 'server write', seed: 2 },
      { kind: 'pull', client: 0, fault: SOMEBODY_WRITES },
    ]),
  },
  {
    breaks: "the user's triggers fire once more where changes are applied",
    module: 'engine/dist/apply/apply-connection',
    edits: [['this.#isBlind = true;\n        this.#blind();', '']],
    plan: planFor(59),
  },
  {
    breaks: 'schema changes of other programs are not captured (I2)',
    module: 'engine/dist/capture/foreign-schema',
    edits: [['export function captureSchema(db) {', 'export function captureSchema(db) { return 0;']],
    plan: planFor(4),
  },
  {
    breaks: 'the history is read without a commit that was acknowledged',
    module: 'server/dist/database/database',
    edits: [
      ['#recordAwaited() {', '#recordAwaited() { return;'],
      ['get history() {', 'get history() { return this.#history;'],
    ],
    plan: planOf([WRITE, PUSH], TWO),
  },
  {
    breaks: 'a client counts one change too many as acknowledged',
    module: 'engine/dist/replica/replica',
    edits: [
      [
        'Math.max(this.info.lastPushedChangeId, push.lastChangeId)',
        'Math.max(this.info.lastPushedChangeId, push.lastChangeId + 1)',
      ],
    ],
    plan: planFor(110),
  },
  {
    breaks: 'a refused transaction disappears instead of being set aside',
    module: 'engine/dist/queue/rejected-changes',
    edits: [['export function putRejected(db, row) {', 'export function putRejected(db, row) { return;']],
    plan: plainPlanFor(160),
  },
  {
    breaks: 'files are renamed into place without having been synced',
    module: 'engine/dist/replica/durable-file',
    edits: [
      [
        'writeFileSync(descriptor, content);\n        fsyncSync(descriptor);',
        'writeFileSync(descriptor, content);',
      ],
    ],
    plan: SHORT,
  },
  {
    breaks: 'pulled pages are not on disk when the pull returns (I4)',
    module: 'engine/dist/wal/inject',
    edits: [['wal.sync();', '']],
    // The first pulls leave room in the WAL, and sync it for that.
    plan: planOf([WRITE, ...[2, 4, 5].flatMap((seed): Step[] => [{ ...SERVER_WRITE, seed }, PULL]), POWER]),
  },
  {
    breaks: 'the pending changes are written and not synced before the pulled pages are committed (I4)',
    module: 'engine/dist/replica/replay-file',
    edits: [['fdatasyncSync(this.#descriptor);', '']],
    plan: planOf([WRITE, SERVER_WRITE, { ...PULL, fault: POWER_IN_THE_PULL }]),
  },
  {
    breaks: 'the file with the pending changes is synced, and its name is not (I4)',
    module: 'engine/dist/replica/replay-file',
    edits: [['syncDirectoryOf(this.#path);', '']],
    plan: planOf([WRITE, SERVER_WRITE, { ...PULL, fault: POWER_IN_THE_PULL }]),
  },
  {
    breaks:
      'changes are sent before they are on disk, so that a power loss has their ids given out again (I3)',
    module: 'engine/dist/replica/push-source',
    edits: [['session.wal.sync();', ';']],
    plan: planOf([WRITE, PUSH, WRITE, PUSH, POWER, { ...WRITE, seed: 3 }], NORMAL),
  },
  {
    breaks: 'the sync state is not synced',
    module: 'engine/dist/replica/info-file',
    edits: [['fdatasyncSync(descriptor);\n            this.#synced = text;', 'this.#synced = text;']],
    plan: planOf([WRITE, PUSH, POWER]),
  },
  {
    breaks: 'a removed file may come back',
    module: 'engine/dist/replica/durable-file',
    edits: [['try {\n        fsyncSync(descriptor);', 'try {']],
    plan: planOf([WRITE, SERVER_WRITE, PULL, PUSH, POWER]),
  },
  {
    breaks: 'the base images are not on disk before a checkpoint overwrites them (I1)',
    module: 'engine/dist/replica/revert-file',
    edits: [['this.#file.sync();', '']],
    plan: planOf([WRITE, PUSH, WRITE, CHECKPOINT, POWER]),
  },
  {
    breaks: 'the history is not on disk before a checkpoint takes the WAL away (I5)',
    module: 'server/dist/history/segmented-log',
    edits: [['fdatasyncSync(descriptorOf(last));', ';']],
    plan: planOf([WRITE, PUSH, SERVER_WRITE, SERVER_POWER], { server: { checkpointFrames: 4 } }),
  },
]
