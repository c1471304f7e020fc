import type { ClientPlan, Plan, Step } from './plan.ts'
import type { TursoClientPlan } from './turso/turso-plan.ts'

const tursoClient: TursoClientPlan = { pushOperationsThreshold: null, pullBytesThreshold: null }

const client: ClientPlan = {
  durability: 'full',
  detectConflicts: false,
  pushOperationsThreshold: null,
  pullBytesThreshold: null,
  autoCheckpointPages: 1000,
  conflictResolution: 'last-push-wins',
  foreignKeys: true,
  recursiveTriggers: false,
  onRejected: 'stop',
}

/** What a plan has that is not as usual. */
export interface Peculiarities {
  readonly clients?: readonly Partial<ClientPlan>[]
  readonly turso?: readonly Partial<TursoClientPlan>[]
  readonly server?: Partial<Plan['server']>
  readonly schemaSeed?: number
  readonly isContested?: boolean
  readonly isDaring?: boolean
}

/** A plan of given steps, with everything else as usual: one client, on a server that keeps everything. */
export function planOf(steps: readonly Step[], peculiarities: Peculiarities = {}): Plan {
  const { clients = [{}], turso = [], server, schemaSeed = 1 } = peculiarities
  const { isContested = false, isDaring = false } = peculiarities
  return {
    seed: 0,
    schemaSeed,
    isContested,
    isDaring,
    clients: clients.map((different) => ({ ...client, ...different })),
    turso: turso.map((different) => ({ ...tursoClient, ...different })),
    server: {
      checkpointFrames: 4000,
      historyBytes: 1 << 30,
      segmentBytes: 1 << 20,
      maxWalPages: 4000,
      ...server,
    },
    steps,
  }
}
