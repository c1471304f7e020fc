import { attempt } from './attempt.ts'
import { checkClient, checkEqual, Violation } from './checks.ts'
import type { Client } from './client.ts'
import { textOf } from './outcomes.ts'
import type { Fault, SyncKind } from './plan.ts'
import { noteLostCommits } from './process-ends.ts'
import type { World } from './world.ts'

/** One operation of the SDK, with a fault in it, and what must hold after it. */
export async function syncClient(
  world: World,
  client: Client,
  kind: SyncKind,
  fault: Fault | null,
): Promise<void> {
  // A pull, and a sync, may change it.
  const before = kind === 'push' || kind === 'checkpoint' ? client.content() : null
  const revisionBefore = client.revision
  const headBefore = world.server.database.revision
  const wasLevel = client.level === headBefore
  const effectsBefore = world.writes.effects
  const setAsideBefore = fault === null ? 0 : await countSetAside(client)
  client.pulls = 0
  client.rejections = 0
  const { error, hasFired } = await attempt(world, client.line, client, fault, async () => client.db[kind]())
  // It has met a checkpoint in the background, of whichever client, whose failure nobody is told.
  if (hasFired && error === null && fault?.on === 'file' && fault.side === 'client' && fault.what !== 'write')
    for (const each of world.clients) each.mayLoseBase = true
  const hasCrashed = client.line.isDead
  let hasLostCommits = false
  if (hasCrashed) {
    world.log.push('    the client dies')
    await client.revive()
    // It has told nobody.
    if ((await countSetAside(client)) > setAsideBefore) client.rejections += 1
    hasLostCommits = client.hasLostCommits
    noteLostCommits(world, client)
  } else if (error !== null && !world.isExpected(error, hasFired)) {
    throw new Violation(`${kind} failed with ${textOf(error)}`, { cause: error })
  }
  // A pull that fails after its pages came in leaves the pending changes to whoever comes next.
  if (error !== null && !hasCrashed && fault?.on === 'file' && hasFired)
    await recover(world, client, fault.seed)
  if (client.forks > 0 && !world.circumstances.mayFork)
    throw new Violation(`${client.name} is taken for a copy, and there is none`)
  if (client.rollbacks > 0 && !world.circumstances.mayFork)
    throw new Violation(`${client.name} takes for lost what the server has`)
  if (client.rejections > 0) client.own = null
  checkClient(client)
  // A client that has died tells of no pull, nor of a base that it has found again.
  const hasPulled = client.pulls > 0 || client.revision !== revisionBefore
  // What others have put into a table that is dropped comes before their pages do.
  const mayHaveRows = error !== null && client.dropsTables()
  const isUntouched =
    !hasPulled &&
    !hasLostCommits &&
    !mayHaveRows &&
    client.rejections === 0 &&
    world.writes.effects === effectsBefore
  if (isUntouched && before !== null)
    checkEqual(`${kind} leaves the local content alone`, before, client.content())
  if (error === null && !hasCrashed) await checkLevel(world, client, kind, wasLevel && isUntouched)
}

async function countSetAside(client: Client): Promise<number> {
  return (await client.db.rejected()).length
}

/** What an application does when an operation has failed: tries again, or starts again. */
async function recover(world: World, client: Client, seed: number): Promise<void> {
  if (seed % 2 === 0) {
    client.close()
    await client.open()
    return
  }
  try {
    await client.db.pull()
  } catch (error) {
    if (!world.isExpected(error, false)) throw error
  }
}

/** Where the client has everything from the server, and the server everything from it, both hold the same. */
async function checkLevel(world: World, client: Client, kind: SyncKind, wasLevel: boolean): Promise<void> {
  const head = world.server.database.revision
  if (kind === 'checkpoint' || (await client.pending()) > 0) return
  // A push of nothing does not ask the server, which may have been restored to the very revision that the client has.
  if (kind === 'push' ? !wasLevel : client.revision !== head) return
  client.level = head
  const content = client.content()
  checkEqual(`${client.name} (first) holds the rows of the server (second)`, content, world.server.content())
  if (client.isSoleOwner) client.own ??= client.ownRows()
}
