import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Plan } from './plan.ts'
import { World } from './world.ts'

export interface Failure {
  readonly error: unknown
  /** Everything that happened, line by line. */
  readonly log: readonly string[]
  /** Index of the step that failed; the number of steps: it was found at the end. */
  readonly step: number
}

/** A new folder, in memory where there is such a place: what is tested is not the disk. */
export function simulationFolder(): string {
  return mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'tidemark-simulation-'))
}

/** Runs a plan, or those steps of it that are in `kept`. Null: everything is as it must be. */
export async function runPlan(plan: Plan, kept: ReadonlySet<number> | null = null): Promise<Failure | null> {
  const root = simulationFolder()
  const world = new World(plan, root)
  let index = 0
  try {
    await world.start()
    for (; index < plan.steps.length; index++)
      if (kept === null || kept.has(index)) await world.run(plan.steps[index]!, index)
    await world.settle()
    return null
  } catch (error) {
    return { error, log: world.log, step: index }
  } finally {
    try {
      await world.close()
    } finally {
      rmSync(root, { recursive: true, force: true })
    }
  }
}
