import type { Plan } from './plan.ts'
import { runPlan } from './run.ts'
import type { Failure } from './run.ts'

export interface Shrunk {
  /** Steps that are needed for the failure. */
  readonly steps: readonly number[]
  readonly failure: Failure
}

/** Leaves out steps while the plan still fails, larger pieces first, for at most `budgetMs`. */
export async function shrink(plan: Plan, failure: Failure, budgetMs: number): Promise<Shrunk> {
  const until = performance.now() + budgetMs
  let best: Shrunk = { steps: plan.steps.map((_, index) => index).slice(0, failure.step + 1), failure }
  for (let size = Math.ceil(best.steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < best.steps.length && performance.now() < until;) {
      const steps = [...best.steps.slice(0, start), ...best.steps.slice(start + size)]
      const again = await runPlan(plan, new Set(steps))
      if (again === null) start += size
      else best = { steps, failure: again }
    }
  }
  return best
}
