import { RefusedChangeError } from '@tidemark/engine'

import { Violation } from './checks.ts'
import type { Client } from './client.ts'
import type { World } from './world.ts'

/** Somebody looks after what the server has refused: tries it once more, or gives it up. */
export async function settleRejection(world: World, client: Client, seed: number): Promise<void> {
  const [entry] = await client.db.rejected()
  if (entry === undefined) return discardRefused(world, client)
  client.own = null
  client.level = null
  if (seed % 2 === 0) {
    try {
      await client.db.retryRejected(entry.id)
    } catch (error) {
      world.log.push(`    ${String(error)}`)
      if (!(error instanceof RefusedChangeError)) throw error
    }
    return
  }
  world.ledger.mayBeSplit(client.tags)
  await client.db.discard({ rejected: entry.id })
}

/** Where nothing is set aside by itself, the refused change is given up. What else goes with it is not known here. */
export async function discardRefused(world: World, client: Client): Promise<void> {
  const { refused } = client
  client.refused = null
  if (refused === null || client.plan.onRejected === 'quarantine') return
  client.own = null
  client.level = null
  const isPending = async (): Promise<boolean> => {
    const [change] = await client.db.pending({ after: refused - 1, limit: 1 })
    return change?.changeId === refused
  }
  if (!(await isPending())) return
  world.server.read((db) => world.ledger.mayBeSplit(world.ledger.missing(client.tags, db)))
  const dropped = await client.db.discard({ changeIds: [refused] })
  world.log.push(`    gives up change ${refused}: ${dropped} dropped`)
  // Where the base was lost a pull comes first, and may have resolved a conflict to its disadvantage.
  if (dropped === 0 && (await isPending()))
    throw new Violation(`change ${refused} was refused and cannot be discarded`)
}
