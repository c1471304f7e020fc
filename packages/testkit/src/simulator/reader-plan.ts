import { faultOf, planFor } from './plan.ts'
import type { Plan, Step } from './plan.ts'
import { Random } from './random.ts'

/**
 * The plan of the same seed, in which the last client is a read replica: where it would write, the server
 * does and it pulls. With nothing pending its pulls keep capture (docs/adr/0015).
 */
export function planWithReader(seed: number): Plan {
  const plan = planFor(seed)
  const random = new Random(seed ^ 0x72656164)
  const reader = plan.clients.length - 1
  const steps = plan.steps.flatMap((step): Step[] => {
    if (!('seed' in step && 'client' in step) || step.client !== reader) return [step]
    if (step.kind === 'drop column' || step.kind === 'rebuild') return []
    if (step.kind === 'reopen') return [{ ...step, meanwhile: 'nothing' }]
    if (!WRITES.has(step.kind)) return [step]
    const fault = random.chance(45) ? faultOf(random, 'pull') : null
    return [
      { kind: 'server write', seed: step.seed },
      { kind: 'pull', client: reader, fault },
    ]
  })
  return { ...plan, steps }
}

const WRITES: ReadonlySet<Step['kind']> = new Set(['write', 'schema', 'foreign write', 'foreign schema'])
