import { attempt } from './attempt.ts'
import { checkClient, Violation } from './checks.ts'
import type { Client } from './client.ts'
import type { Fault } from './plan.ts'
import type { World } from './world.ts'

/** The server sends a page that SQLite cannot read; the client starts over with a reset, with a fault in it. */
export async function repairClient(world: World, client: Client, fault: Fault | null): Promise<void> {
  client.pages.isDamaging = true
  const pull = await attempt(world, client.line, client, null, async () => client.db.pull())
  client.pages.isDamaging = false
  if (pull.error === null) throw new Violation(`${client.name} has pulled a damaged page and does not notice`)
  const reset = await attempt(world, client.line, client, fault, async () => client.db.reset())
  if (client.line.isDead) await client.revive()
  else if (reset.error !== null) {
    if (!world.isExpected(reset.error, reset.hasFired))
      throw new Violation('a reset failed', { cause: reset.error })
    await client.db.reset()
  }
  checkClient(client)
}
