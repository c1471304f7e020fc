/** What a server does besides its answers. */
import { mkdirSync, readdirSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'

import { Catalog, Generations } from '@tidemark/server/storage'

import { Violation } from '../simulator/checks.ts'
import type { Client } from '../simulator/client.ts'
import type { Fault } from '../simulator/plan.ts'
import type { World } from '../simulator/world.ts'
import { struck } from './interruption.ts'

const TENANT = 'tenant'
/** The newest generation is never new enough for somebody who has nothing. */
const SHORT_GENERATIONS = { frames: 4096, ageMs: 3_600_000, framesBehindExport: 0 }

export async function startServer(world: World, client: Client, fault: Fault): Promise<void> {
  const { server } = world
  await struck(
    world,
    client,
    fault,
    () => server.start(),
    () => server.isUp || server.start(),
  )
}

export async function stopServer(world: World, client: Client, fault: Fault): Promise<void> {
  const stop = (): void => world.server.stop()
  await struck(world, client, fault, stop, stop)
}

/** The power fails behind a push, and the last image of its record in the history is lost. The commit is in the WAL. */
export async function tearHistory({ server }: World, client: Client): Promise<void> {
  await client.db.push()
  server.die()
  const folder = join(server.directory, 'history')
  const last = join(folder, readdirSync(folder).toSorted().at(-1)!)
  const { size } = statSync(last)
  truncateSync(last, size - 4096)
  truncateSync(last, size)
}

export async function createDatabase(world: World, client: Client, fault: Fault): Promise<void> {
  let isCreated = false
  await change(world, client, fault, (catalog) => {
    if (!catalog.has(TENANT)) catalog.create(TENANT)
    isCreated = true
  })
  if (isCreated && !Catalog.open(world.server.directory).has(TENANT))
    throw new Violation('a database was created and is not there')
}

export async function deleteDatabase(world: World, client: Client, fault: Fault): Promise<void> {
  let isDeleted = false
  await change(world, client, fault, (catalog) => {
    if (catalog.has(TENANT)) catalog.destroy(catalog.retire(TENANT))
    isDeleted = true
  })
  if (isDeleted && Catalog.open(world.server.directory).has(TENANT))
    throw new Violation('a database was deleted and is there')
}

export async function addDatabase({ server }: World): Promise<void> {
  Catalog.open(server.directory).create(TENANT)
}

/** What a server leaves that has died in a creation and in a deletion. */
export async function leaveUnfinished({ server }: World): Promise<void> {
  Catalog.open(server.directory).create(TENANT)
  for (const name of ['.new-1', '.destroyed-2']) mkdirSync(join(server.directory, 'databases', name))
}

export async function openCatalog(world: World, client: Client, fault: Fault): Promise<void> {
  await change(world, client, fault, (catalog) => {
    catalog.get(TENANT)
  })
}

/** A replica of libSQL's client asks for the newest generation, and comes back for its first frame. */
export async function askGeneration(world: World, client: Client, fault: Fault): Promise<void> {
  const { server } = world
  let told: number | null = null
  const ask = (): void => {
    told = generationsOf(world).newest()
  }
  await struck(world, client, fault, () => server.act(ask), ask)
  if (told !== null) generationsOf(world).locate(told, 1)
  ask()
}

/** The newest generation has frames. */
export async function growGeneration(world: World): Promise<void> {
  generationsOf(world).newest()
  world.writes.tag = 'grown'
  world.writes.onServer(9)
}

function generationsOf({ server }: World): Generations {
  return new Generations(
    join(server.directory, 'generations.json'),
    server.database.history,
    SHORT_GENERATIONS,
  )
}

/** Opens the catalog and changes something in it; again where that fails. */
async function change(
  world: World,
  client: Client,
  fault: Fault,
  run: (catalog: Catalog) => void,
): Promise<void> {
  const { server } = world
  const open = (): void => run(Catalog.open(server.directory))
  await struck(world, client, fault, () => server.act(open), open)
}
