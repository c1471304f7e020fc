import { BusyError } from '@tidemark/protocol'
import { CheckpointNeededError } from '@tidemark/sdk-node'

import { checkClient } from './checks.ts'
import type { Client } from './client.ts'
import type { Step, SyncKind } from './plan.ts'
import { Random } from './random.ts'
import type { World } from './world.ts'

/** Another object on the same file, as another process would have it. */
export async function useSecondInstance(world: World, client: Client, seed: number): Promise<void> {
  const random = new Random(seed)
  const other = await client.second()
  try {
    for (let i = random.between(1, 3); i > 0; i--) {
      const kind = random.pick<SyncKind>(['push', 'pull', 'sync', 'checkpoint'])
      world.log.push(`    the other one: ${kind}`)
      client.rejections = 0
      await other[kind]().catch((error: unknown) => {
        world.log.push(`    ${String(error)}`)
        // The client's object holds its base, and lets go of it only when it does something itself.
        if (error instanceof BusyError || error instanceof CheckpointNeededError) return
        if (!world.isExpected(error, false)) throw error
      })
      if (client.rejections > 0) client.own = null
      checkClient(client)
      if (random.chance(50)) world.writes.onClient(client, other, client.writer, random.next(), `o${i}`)
    }
  } finally {
    other.close()
  }
  checkClient(client)
}

/** Two at the same time. */
export async function syncTogether(
  world: World,
  client: Client,
  step: Extract<Step, { kind: 'together' }>,
): Promise<void> {
  const other = world.clients[(step.client + 1) % world.clients.length]!
  const operations = [client.db[step.own](), other.db[step.others]()]
  for (const outcome of await Promise.allSettled(operations)) {
    if (outcome.status === 'fulfilled') continue
    world.log.push(`    ${String(outcome.reason)}`)
    if (!world.isExpected(outcome.reason, false)) throw outcome.reason
  }
  for (const each of [client, other]) {
    each.level = null
    if (each.rejections > 0) each.own = null
    each.rejections = 0
    checkClient(each)
  }
}
