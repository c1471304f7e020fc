import { withColumnDrops } from './column-drops.ts'
import { withTableRebuilds } from './table-rebuilds.ts'
import { Random } from './random.ts'
import { RESOLUTIONS } from './resolutions.ts'
import type { ResolutionPlan } from './resolutions.ts'
import type { TursoAction, TursoClientPlan } from './turso/turso-plan.ts'

/** What goes wrong during a sync operation. */
export type Fault =
  /** With the n-th request of the operation. */
  | {
      readonly on: 'request'
      readonly nth: number
      readonly what: RequestFault
      /** Where an answer is cut, in thousandths of it. */
      readonly position: number
      readonly seed: number
    }
  /** At the n-th call by which our own code changes files, on the client's or the server's side. */
  | {
      readonly on: 'file'
      readonly side: 'client' | 'server'
      readonly nth: number
      readonly what: FileFault
      readonly seed: number
    }

/**
 * - `refused`: the server never sees it; `lost`: the server does what is asked, the answer never arrives;
 *   `cut`: a part of the answer arrives
 * - `twice`: it arrives twice, one after the other; `stale`: it does not arrive now, but before
 *   the next one; `staler`: before the one after that
 * - `busy`: the server has no time
 * - `write`: while it is under way, the application writes; `crash`: the client dies when the server has answered
 */
export type RequestFault =
  | 'refused'
  | 'lost'
  | 'cut'
  | 'twice'
  | 'stale'
  | 'staler'
  | 'busy'
  | 'write'
  | 'crash'

/**
 * `crash`: the process dies before the call; `power`: its machine does, and what was not synced may be
 * missing or torn; `refused`, `cut`: the call fails, undone or half done, with ENOSPC or EIO; `write`:
 * another program writes just then.
 */
export type FileFault = 'crash' | 'power' | 'refused' | 'cut' | 'write'

export type SyncKind = 'push' | 'pull' | 'sync' | 'checkpoint'

export type Step =
  | {
      readonly kind: 'write' | 'schema' | 'drop column' | 'rebuild' | 'foreign write' | 'foreign schema'
      readonly client: number
      readonly seed: number
    }
  | { readonly kind: SyncKind; readonly client: number; readonly fault: Fault | null }
  | { readonly kind: 'reopen'; readonly client: number; readonly meanwhile: Meanwhile; readonly seed: number }
  /** `crash`: its process dies; `power`: its machine does, and what nobody has synced may be missing or torn. */
  | {
      readonly kind: 'crash' | 'power'
      readonly client: number
      readonly inTransaction: boolean
      readonly seed: number
    }
  | {
      readonly kind: 'foreign checkpoint' | 'copy' | 'back up' | 'restore' | 'second instance' | 'settings'
      readonly client: number
      readonly seed: number
    }
  | { readonly kind: 'settle rejection'; readonly client: number; readonly seed: number }
  | { readonly kind: 'together'; readonly client: number; readonly others: SyncKind; readonly own: SyncKind }
  | { readonly kind: 'server restart' | 'server backup' | 'server restore' }
  | { readonly kind: 'server crash' }
  | { readonly kind: 'server power'; readonly seed: number }
  | { readonly kind: 'server write'; readonly seed: number }
  | { readonly kind: 'turso'; readonly client: number; readonly does: TursoAction }

/** What another program does to a file while its replica is closed. */
export type Meanwhile = 'nothing' | 'write' | 'write, no checkpoint' | 'schema' | 'checkpoint'

export interface ClientPlan {
  readonly durability: 'full' | 'normal'
  readonly detectConflicts: boolean
  readonly pushOperationsThreshold: number | null
  readonly pullBytesThreshold: number | null
  readonly autoCheckpointPages: number
  readonly conflictResolution: ResolutionPlan
  readonly foreignKeys: boolean
  readonly recursiveTriggers: boolean
  readonly onRejected: 'stop' | 'quarantine'
  /** What becomes of a file that is there and no replica. Default `refuse`. */
  readonly existing?: 'adopt' | 'replace'
}

export interface Plan {
  readonly seed: number
  readonly schemaSeed: number
  /**
   * Writers violate each other's constraints on the rows of nobody, so that the server refuses some of their changes.
   */
  readonly isContested: boolean
  /** Writers use statements of the less usual kinds, and change their connections' settings. */
  readonly isDaring: boolean
  readonly clients: readonly ClientPlan[]
  /** Turso's own, counted apart. */
  readonly turso: readonly TursoClientPlan[]
  readonly server: {
    readonly checkpointFrames: number
    readonly historyBytes: number
    readonly segmentBytes: number
    readonly maxWalPages: number
  }
  readonly steps: readonly Step[]
}

const TOGETHER: readonly SyncKind[] = ['push', 'pull', 'sync', 'sync', 'checkpoint']

/** Kinds that are put between the steps that are drawn. */
type Added = 'turso' | 'power' | 'server power' | 'drop column' | 'rebuild' | 'settings'

const OPERATIONS: Readonly<Record<Exclude<Step['kind'], Added>, number>> = {
  write: 40,
  schema: 3,
  push: 10,
  pull: 10,
  sync: 8,
  checkpoint: 4,
  reopen: 5,
  crash: 3,
  'foreign write': 4,
  'foreign schema': 1,
  'foreign checkpoint': 2,
  copy: 1,
  'back up': 2,
  restore: 1,
  'second instance': 2,
  'settle rejection': 2,
  together: 3,
  'server restart': 1,
  'server crash': 2,
  'server backup': 1,
  'server restore': 1,
  'server write': 3,
}

/** Everything that will happen, decided from the seed alone: a step does not depend on what came of those before. */
export function planFor(seed: number): Plan {
  return withTableRebuilds(withDaring(withColumnDrops(withResolutions(withPowerLosses(plainPlanFor(seed))))))
}

/**
 * The plan of the same seed without what is drawn apart: losses of power, dropped columns, tables that are
 * built anew, other ways to decide conflicts, and daring writers.
 */
export function plainPlanFor(seed: number): Plan {
  const random = new Random(seed)
  const clients = Array.from({ length: random.pick([1, 2, 2, 2, 3]) }, () => clientPlan(random))
  const schemaSeed = random.next()
  const isContested = random.chance(40)
  const server = {
    checkpointFrames: random.pick([4, 40, 4000]),
    historyBytes: random.pick([0, 100_000, 1 << 30]),
    segmentBytes: random.pick([20_000, 1 << 20]),
    maxWalPages: random.pick([30, 200, 4000, 4000]),
  }
  const steps = Array.from({ length: random.between(8, 50) }, () => stepOf(random, clients.length))
  return { seed, schemaSeed, isContested, isDaring: false, clients, turso: [], server, steps }
}

/** In percent, how often the power fails right after such a step; after any other 2. */
const POWER_LOSSES: Partial<Record<Step['kind'], number>> = { push: 10, pull: 20, sync: 20, checkpoint: 20 }

/**
 * Power losses between the steps, and clients that do not sync every commit, decided apart: a seed has the
 * same other steps with them and without.
 */
function withPowerLosses(plan: Plan): Plan {
  const random = new Random(plan.seed ^ 0x706f7765)
  const clients = plan.clients.map((client): ClientPlan => {
    return { ...client, durability: random.chance(25) ? 'normal' : 'full' }
  })
  const steps = plan.steps.flatMap((step): Step[] => {
    if (!random.chance(POWER_LOSSES[step.kind] ?? 2)) return [step]
    const lossSeed = random.next()
    if (random.chance(30)) return [step, { kind: 'server power', seed: lossSeed }]
    const client = 'client' in step ? step.client : random.below(clients.length)
    return [step, { kind: 'power', client, inTransaction: random.chance(20), seed: lossSeed }]
  })
  return { ...plan, clients, steps }
}

/** Other ways to decide conflicts, drawn apart for the same reason. */
function withResolutions(plan: Plan): Plan {
  const random = new Random(plan.seed ^ 0x7265736f)
  const clients = plan.clients.map((client): ClientPlan => {
    return random.chance(60) ? client : { ...client, conflictResolution: random.pick(RESOLUTIONS) }
  })
  return { ...plan, clients }
}

/** Daring writers, drawn apart: a seed without them has the same steps. */
function withDaring(plan: Plan): Plan {
  const random = new Random(plan.seed ^ 0x64617265)
  if (random.chance(65)) return plan
  const steps = plan.steps.flatMap((step): Step[] => {
    if (!random.chance(8)) return [step]
    return [{ kind: 'settings', client: random.below(plan.clients.length), seed: random.next() }, step]
  })
  return { ...plan, isDaring: true, steps }
}

function clientPlan(random: Random): ClientPlan {
  return {
    durability: 'full',
    detectConflicts: random.chance(40),
    pushOperationsThreshold: random.chance(25) ? random.between(1, 8) : null,
    pullBytesThreshold: random.chance(25) ? random.between(1, 6) * 4096 : null,
    autoCheckpointPages: random.pick([10, 60, 1000, 1000]),
    conflictResolution: random.chance(80) ? 'last-push-wins' : 'accept-remote',
    foreignKeys: random.chance(70),
    recursiveTriggers: random.chance(20),
    onRejected: random.pick(['stop', 'quarantine']),
  }
}

function stepOf(random: Random, clients: number): Step {
  const kind = random.weighted(OPERATIONS)
  const client = random.below(clients)
  const seed = random.next()
  switch (kind) {
    case 'write':
    case 'schema':
    case 'foreign write':
    case 'foreign schema':
      return { kind, client, seed }
    case 'push':
    case 'pull':
    case 'sync':
    case 'checkpoint':
      return { kind, client, fault: random.chance(45) ? faultOf(random, kind) : null }
    case 'reopen': {
      const meanwhile = random.weighted<Meanwhile>({
        nothing: 6,
        write: 2,
        'write, no checkpoint': 2,
        schema: 1,
        checkpoint: 1,
      })
      return { kind, client, meanwhile, seed }
    }
    case 'crash':
      return { kind, client, inTransaction: random.chance(50), seed }
    case 'foreign checkpoint':
    case 'copy':
    case 'back up':
    case 'restore':
    case 'second instance':
    case 'settle rejection':
      return { kind, client, seed }
    case 'together': {
      const [own, others] = [random.pick(TOGETHER), random.pick(TOGETHER)]
      return { kind, client, own, others }
    }
    case 'server backup':
    case 'server restore':
    case 'server restart':
    case 'server crash':
      return { kind }
    case 'server write':
      return { kind, seed }
  }
}

export function faultOf(random: Random, operation: SyncKind): Fault {
  const seed = random.next()
  if (operation !== 'checkpoint' && random.chance(50)) {
    const what = random.pick<RequestFault>([
      'refused',
      'lost',
      'lost',
      'cut',
      'cut',
      'twice',
      'stale',
      'busy',
      'write',
      'crash',
    ])
    return { on: 'request', nth: random.between(1, 3), what, position: random.below(1000), seed }
  }
  const side = operation !== 'checkpoint' && random.chance(30) ? 'server' : 'client'
  const what = random.pick<FileFault>(
    side === 'client'
      ? ['crash', 'crash', 'power', 'power', 'refused', 'cut', 'write']
      : ['crash', 'power', 'power', 'refused', 'cut'],
  )
  return { on: 'file', side, nth: random.between(1, random.pick([4, 12, 40])), what, seed }
}
