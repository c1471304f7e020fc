import { checkClient, checkEqual } from './checks.ts'
import type { Client } from './client.ts'
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

/** The client's process dies, perhaps in the middle of a transaction, and starts again. */
export async function crashClient(
  world: World,
  client: Client,
  step: Extract<Step, { kind: 'crash' }>,
): Promise<void> {
  const before = client.content()
  if (step.inTransaction) {
    client.db.exec('BEGIN IMMEDIATE')
    const random = new Random(step.seed)
    const { isContested } = world.plan
    const writing = {
      random,
      writer: client.writer,
      tag: world.writes.tag,
      tables: client.tables,
      isContested,
    }
    for (const sql of transactionOf(writing)) world.writes.attempt(client.db, sql)
    world.ledger.neverCommitted(world.writes.tag)
  }
  client.die()
  await client.revive()
  checkClient(client)
  checkEqual('what is committed survives a crash, and nothing else', before, client.content())
}
