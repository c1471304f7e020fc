import type { Client } from './client.ts'
import type { World } from './world.ts'

const MAX_CLIENTS = 5

/** Somebody copies a client's files to another machine and works there too. */
export async function copyClient(world: World, client: Client): Promise<void> {
  if (world.clients.length === MAX_CLIENTS) return
  const { circumstances } = world
  circumstances.mayFork = true
  if ((await client.pending()) > 0) {
    client.isSoleOwner = false
    world.ledger.mayBeRepeated(await client.pendingTags())
    client.own = null
    circumstances.mayReject = true
  }
  // What the server has lost before it was pulled is pushed again, by each copy.
  if (circumstances.wasServerRestored) {
    world.ledger.mayBeRepeated(client.tags)
    client.isSoleOwner = false
  }
  circumstances.hasCopies = true
  const copy = world.addClient(client.plan)
  for (const tag of client.tags) copy.tags.add(tag)
  copy.mayLoseBase = client.mayLoseBase
  client.fork(`${copy.directory}-files`)
  await copy.moveTo(`${copy.directory}-files`)
  copy.own = copy.ownRows()
}

/** A backup of a client's files. */
export async function backUpClient(world: World, client: Client): Promise<void> {
  const directory = `${client.directory}-backup-${world.writes.tag}`
  client.fork(directory)
  const pending = await client.pendingTags()
  client.backup = { directory, tags: new Set(client.tags), pending }
}

/** The client goes on with its last backup. What its files have had since is gone, unless it was pushed. */
export async function restoreClient(world: World, client: Client): Promise<void> {
  const { circumstances } = world
  if (client.backup === null) return
  const { directory, tags, pending } = client.backup
  world.ledger.mayBeRepeated(pending)
  const lost = [...client.tags].filter((tag) => !tags.has(tag))
  world.server.read((db) => world.ledger.mayBeLost(lost, db))
  client.tags.clear()
  for (const tag of tags) client.tags.add(tag)
  client.own = null
  client.level = null
  circumstances.mayReject = true
  circumstances.mayFork = true
  await client.moveTo(directory)
}

/** A backup of the server's files. */
export function backUpServer(world: World, index: number): void {
  const directory = `${world.server.directory}-backup-${index}`
  world.server.backUp(directory)
  world.circumstances.serverBackup = directory
}

/** The server loses what came after its backup. What clients still have in their queues comes back. */
export async function restoreServer(world: World): Promise<void> {
  const { circumstances } = world
  if (circumstances.serverBackup === null) return
  await world.server.restore(circumstances.serverBackup)
  world.server.read((db) => world.ledger.mayBeLost(world.ledger.tags, db))
  if (circumstances.hasCopies) {
    // A copy has what was acknowledged before it was made, and pushes it again if it had not pulled it.
    world.ledger.mayBeRepeated(world.ledger.tags)
    for (const client of world.clients) client.isSoleOwner = false
  }
  circumstances.wasServerRestored = true
  circumstances.mayReject = true
  circumstances.mayFork = true
  world.writes.serverRows.clear()
  for (const client of world.clients) Object.assign(client, { own: null, level: null })
}
