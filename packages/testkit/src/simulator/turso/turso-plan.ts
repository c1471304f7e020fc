import { planFor } from '../plan.ts'
import type { Fault, Plan, RequestFault, Step } from '../plan.ts'
import { Random } from '../random.ts'

/** What one of Turso's clients does in a step. */
export type TursoAction =
  | { readonly kind: 'write'; readonly seed: number }
  | { readonly kind: 'push' | 'pull'; readonly fault: Fault | null }
  | { readonly kind: 'checkpoint' | 'reopen' }

export interface TursoClientPlan {
  readonly pushOperationsThreshold: number | null
  readonly pullBytesThreshold: number | null
}

const ACTIONS: Readonly<Record<TursoAction['kind'], number>> = {
  write: 12,
  push: 6,
  pull: 6,
  checkpoint: 1,
  reopen: 2,
}

const REQUEST_FAULTS: readonly RequestFault[] = [
  'refused',
  'lost',
  'lost',
  'cut',
  'cut',
  'twice',
  'stale',
  'staler',
  'staler',
  'busy',
]

/**
 * What takes acknowledged changes back from the server: Turso's clients do not push again what was
 * acknowledged. And what they have no part in.
 */
const LEFT_OUT: ReadonlySet<Step['kind']> = new Set([
  'server backup',
  'server restore',
  'drop column',
  'rebuild',
])

/** The plan of the same seed, and among its steps those of one or two of Turso's clients. */
export function planWithTurso(seed: number): Plan {
  const plan = planFor(seed)
  const random = new Random(seed ^ 0x74757273)
  const turso = Array.from({ length: random.pick([1, 1, 2]) }, () => ({
    pushOperationsThreshold: random.chance(25) ? random.between(1, 8) : null,
    pullBytesThreshold: random.chance(25) ? random.between(1, 6) * 4096 : null,
  }))
  const steps = plan.steps.filter(({ kind }) => !LEFT_OUT.has(kind))
  for (let i = random.between(8, 40); i > 0; i--) {
    const step = { kind: 'turso', client: random.below(turso.length), does: actionOf(random) } as const
    steps.splice(random.between(0, steps.length), 0, step)
  }
  return { ...plan, turso, steps }
}

function actionOf(random: Random): TursoAction {
  const kind = random.weighted(ACTIONS)
  switch (kind) {
    case 'write':
      return { kind, seed: random.next() }
    case 'push':
    case 'pull':
      return { kind, fault: random.chance(45) ? faultOf(random) : null }
    case 'checkpoint':
    case 'reopen':
      return { kind }
  }
}

/** The client's own file calls are not seen, so only the server's can be struck. */
function faultOf(random: Random): Fault {
  const seed = random.next()
  if (random.chance(70)) {
    const what = random.pick(REQUEST_FAULTS)
    return { on: 'request', nth: random.between(1, 3), what, position: random.below(1000), seed }
  }
  const what = random.pick(['crash', 'power', 'power', 'refused', 'cut'] as const)
  return { on: 'file', side: 'server', nth: random.between(1, random.pick([4, 12])), what, seed }
}
