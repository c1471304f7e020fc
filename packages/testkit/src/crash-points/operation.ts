import { rmSync } from 'node:fs'

import type { Client } from '../simulator/client.ts'
import type { FaultScene } from '../simulator/file-fault.ts'
import { planOf } from '../simulator/plan-of-steps.ts'
import type { Peculiarities } from '../simulator/plan-of-steps.ts'
import type { Fault, Step } from '../simulator/plan.ts'
import { simulationFolder } from '../simulator/run.ts'
import { World } from '../simulator/world.ts'

/** Something that is cut off at each of its steps. */
export interface Operation {
  readonly name: string
  /** What has been done before. */
  readonly before: readonly Step[]
  /** Default: everything as usual. */
  readonly peculiarities?: Peculiarities
  /** The same, for what is no step of a plan. */
  readonly prepare?: (world: World, client: Client) => Promise<void>
  /** Leaves everybody able to sync, and throws where the fault has done harm. */
  readonly run: (world: World, client: Client, fault: Fault) => Promise<void>
  /** Its requests are struck too; those of the others are like its. */
  readonly asks?: true
  /** What else must hold when all have synced. */
  readonly check?: (world: World) => void
}

/** Strikes nowhere. */
export const NEVER: Fault = { on: 'file', side: 'client', nth: Infinity, what: 'crash', seed: 0 }

/** Whether a fault has met its step, and of a request its path. */
export interface Struck {
  readonly hasStruck: boolean
  readonly struckPath: string | null
}

/**
 * Runs an operation with a fault, then all that must hold.
 *
 * @param onFileCall told of each file call of the operation
 */
export async function survives(
  { before, peculiarities = {}, prepare, run, check }: Operation,
  fault: Fault,
  onFileCall: FaultScene['onFileCall'] = null,
): Promise<Struck> {
  const { server, ...others } = peculiarities
  const plan = planOf(before, { server: { checkpointFrames: 4, ...server }, ...others })
  const root = simulationFolder()
  const world = new World(plan, root)
  try {
    await world.start()
    for (const [index, step] of plan.steps.entries()) await world.run(step, index)
    const client = world.clients[0]!
    await prepare?.(world, client)
    world.onFileCall = onFileCall
    await run(world, client, fault)
    world.onFileCall = null
    await world.settle()
    check?.(world)
    return world
  } catch (cause) {
    throw new Error(`${JSON.stringify(fault)}\n${world.log.join('\n')}`, { cause })
  } finally {
    await world.close()
    rmSync(root, { recursive: true })
  }
}
