import { checkClient, checkEqual, Violation } from './checks.ts'
import type { Client } from './client.ts'
import type { Content } from './content.ts'
import type { Step } from './plan.ts'
import { Random } from './random.ts'
import { transactionOf } from './statements.ts'
import type { World } from './world.ts'

/** The replica is closed, another program may work on its file, and it is opened again. */
export async function reopenClient(
  world: World,
  client: Client,
  step: Extract<Step, { kind: 'reopen' }>,
): Promise<void> {
  const before = client.content()
  client.close()
  if (step.meanwhile !== 'nothing') {
    client.withOutsider((db) => {
      if (step.meanwhile === 'checkpoint') db.pragma('wal_checkpoint(TRUNCATE)')
      else if (step.meanwhile === 'schema') world.writes.changeSchema(client, db, step.seed)
      else world.writes.onClient(client, db, client.writer, step.seed)
      if (step.meanwhile === 'write, no checkpoint') client.die()
    })
  }
  if (client.line.isDead) await client.revive()
  else await client.open()
  checkClient(client)
  if (step.meanwhile === 'nothing' || step.meanwhile === 'checkpoint')
    checkEqual('closing and opening leave the local content alone', before, client.content())
}

/** The client's process dies, or its machine, perhaps in the middle of a transaction, and starts again. */
export async function crashClient(
  world: World,
  client: Client,
  step: Extract<Step, { kind: 'crash' | 'power' }>,
): Promise<void> {
  const before = { content: client.content(), state: syncStateOf(client) }
  if (step.inTransaction) {
    client.db.exec('BEGIN IMMEDIATE')
    const random = new Random(step.seed)
    const { isContested, isDaring } = world.plan
    const writing = {
      random,
      writer: client.writer,
      tag: world.writes.tag,
      tables: client.tables,
      isContested,
      isDaring,
    }
    for (const sql of transactionOf(writing)) world.writes.attempt(client.db, sql)
    world.ledger.neverCommitted(world.writes.tag)
  }
  if (step.kind === 'crash') client.die()
  else world.noteLoss(client.losePower(world.volatile, new Random(step.seed)))
  await client.revive()
  noteLostCommits(world, client)
  checkClient(client)
  if (step.kind === 'power' && client.plan.durability === 'normal') return
  checkEqual(`what is committed survives a ${step.kind}, and nothing else`, before.content, client.content())
  checkEqual(`what is known of the server survives a ${step.kind}`, before.state, syncStateOf(client))
}

/**
 * After a power loss at a client that does not sync every commit: what the server does not have may be gone,
 * whole transactions of it.
 */
export function noteLostCommits(world: World, client: Client): void {
  if (!client.hasLostCommits) return
  client.hasLostCommits = false
  world.server.read((db) => world.ledger.mayBeLost(client.tags, db))
  if (client.own !== null) client.own = client.ownRows()
  client.level = null
}

/** What a replica has been told by the server, and whether it can tell its base from what is local. */
function syncStateOf(client: Client): Content {
  const { revision, lastPushedChangeId, attemptedPushId, base } = client.syncState
  return new Map([
    ['revision', revision],
    ['acknowledged', String(lastPushedChangeId)],
    ['attempted', String(attemptedPushId)],
    ['base', base !== null || client.mayLoseBase ? 'known' : 'unknown'],
  ])
}

/**
 * The server's process dies, or its machine, and starts again: every revision that it has given out is still the same.
 */
export async function crashServer(
  world: World,
  step: Extract<Step, { kind: 'server crash' | 'server power' }>,
): Promise<void> {
  const { server } = world
  const before = { content: server.content(), revision: server.database.revision }
  const { hasProblem } = server
  if (step.kind === 'server crash') server.die()
  else world.noteLoss(server.losePower(world.volatile, new Random(step.seed)))
  await server.start()
  checkEqual(`what is committed survives a ${step.kind}`, before.content, server.content())
  // A commit that could not be brought into the history comes in now.
  if (server.database.revision !== before.revision && !hasProblem)
    throw new Violation(`after a ${step.kind} revision ${before.revision} is ${server.database.revision}`)
}
