import type { Client } from './client.ts'
import { watching } from './file-calls.ts'
import { fileFault } from './file-fault.ts'
import type { Line } from './network.ts'
import { textOf } from './outcomes.ts'
import type { Fault } from './plan.ts'
import type { World } from './world.ts'

export interface Attempt {
  /** Null: it has succeeded. */
  readonly error: unknown
  /** The fault has met its step. */
  readonly hasFired: boolean
}

/**
 * Runs an operation with a fault in it. The server is up again afterwards.
 *
 * @param client whose file calls can be struck; null: only the server's
 */
export async function attempt(
  world: World,
  line: Line,
  client: Client | null,
  fault: Fault | null,
  operate: () => Promise<unknown>,
): Promise<Attempt> {
  line.arm(fault)
  let error: unknown = null
  const file = fault?.on === 'file' ? fileFault(client, fault, world) : null
  try {
    await (file === null ? operate() : watching(file.watch, operate))
  } catch (caught) {
    error = caught
  }
  const hasFired = (file?.hasFired ?? false) || line.struckPath !== null
  world.hasStruck ||= hasFired
  world.struckPath ??= line.struckPath
  line.arm(null)
  if (error !== null) world.log.push(`    ${textOf(error)}`)
  if (!world.server.isUp) await world.server.start()
  return { error, hasFired }
}
