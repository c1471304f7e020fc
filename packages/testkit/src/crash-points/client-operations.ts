/** What a client does and what happens to its files before, where that is no step of a plan. */
import { writeFileSync } from 'node:fs'

import Sqlite from 'better-sqlite3'
import { Database } from '@tidemark/sdk-node'

import { attempt } from '../simulator/attempt.ts'
import { checkClient, Violation } from '../simulator/checks.ts'
import type { Client } from '../simulator/client.ts'
import { rebuildOfJournal } from '../simulator/table-rebuilds.ts'
import { journalsOf } from '../simulator/content.ts'
import { linesAdded } from '../simulator/ledger.ts'
import type { Fault, SyncKind } from '../simulator/plan.ts'
import { syncClient } from '../simulator/sync-operation.ts'
import type { World } from '../simulator/world.ts'
import { struck } from './interruption.ts'
import type { Operation } from './operation.ts'

const ANSWER_LOST: Fault = { on: 'request', nth: 1, what: 'crash', position: 0, seed: 0 }

export function syncing(kind: SyncKind, index = 0): Operation['run'] {
  return async (world, _, fault) => syncClient(world, world.clients[index]!, kind, fault)
}

export async function closeClient(world: World, client: Client, fault: Fault): Promise<void> {
  const close = (): void => client.close()
  await struck(world, client, fault, close, close)
  if (!client.isOpen) await client.open()
  checkClient(client)
}

export async function openClient(world: World, client: Client, fault: Fault): Promise<void> {
  const open = async (): Promise<void> => client.open()
  await struck(world, client, fault, open, open)
  checkClient(client)
}

export async function bootstrap(world: World, { plan }: Client, fault: Fault): Promise<void> {
  await openClient(world, world.addClient(plan), fault)
}

/** One more client, with something to push. */
export async function addClient(world: World, { plan }: Client): Promise<void> {
  const client = world.addClient(plan)
  await client.open()
  world.writes.onClient(client, client.db, client.writer, 6, ', first')
}

export async function replaceFile(world: World, { plan }: Client, fault: Fault): Promise<void> {
  const client = world.addClient({ ...plan, existing: 'replace' })
  makeFile(client.path)
  leaveStale(client)
  await openClient(world, client, fault)
}

export async function adoptFile(world: World, { plan }: Client, fault: Fault): Promise<void> {
  const client = world.addClient({ ...plan, existing: 'adopt' })
  makeFile(client.path)
  await openClient(world, client, fault)
}

export function checkAdopted({ server }: World): void {
  const found = server.read((db) => db.prepare('SELECT body FROM brought').pluck().all())
  if (found.join() !== 'along')
    throw new Violation(`the adopted file had one row, the server has ${found.join()}`)
}

/** A replica that has not heard of a server yet. */
export async function createAlone(world: World, { plan }: Client, fault: Fault): Promise<void> {
  const client = world.addClient(plan)
  leaveStale(client)
  const create = async (): Promise<void> => {
    const db = new Database({ path: client.path })
    try {
      await db.connect()
    } finally {
      db.close()
    }
  }
  await struck(world, client, fault, create, create)
  if (!client.isOpen) await client.open()
}

export async function pushByAnother(_: World, client: Client): Promise<void> {
  const other = await client.second()
  await other.push()
  other.close()
}

/** The process dies when the server has answered a push. */
export async function loseAnswer(world: World, client: Client): Promise<void> {
  await attempt(world, client.line, client, ANSWER_LOST, async () => client.db.push())
  await client.revive()
}

export async function crash(_: World, client: Client): Promise<void> {
  client.die()
  client.takeOver(null)
}

/**
 * Another program writes where the pending changes are not back yet. It is the last to close the file, so
 * SQLite checkpoints for it, unless it dies first.
 */
export function writeElsewhere(
  world: World,
  client: Client,
  { isCheckpointed }: { readonly isCheckpointed: boolean },
): void {
  client.withOutsider((db) => {
    const before = journalsOf(db)
    db.exec("INSERT INTO journal(tag) VALUES ('elsewhere')")
    world.ledger.committed('elsewhere', linesAdded(before, journalsOf(db)))
    if (!isCheckpointed) client.die()
  })
  if (!isCheckpointed) client.takeOver(null)
}

/** More pages than the server writes to its history at once, and than a pull keeps in memory. */
export async function writeMuch(_: World, client: Client): Promise<void> {
  client.db.exec('CREATE TABLE large (body); INSERT INTO large VALUES (zeroblob(400000))')
}

/** The table into which the server's own writer has put lines that the client has not seen. */
export async function rebuildJournal(_: World, client: Client): Promise<void> {
  client.db.exec(`BEGIN; ${rebuildOfJournal('journal_new').join(';')}; COMMIT`)
}

/**
 * The table gets another form; another program checkpoints the file; others write until the server has forgotten
 * the client's revision.
 */
export async function loseBaseOfRebuild(world: World, client: Client): Promise<void> {
  client.db.exec(`BEGIN;
    CREATE TABLE journal_new (tag TEXT, done INTEGER DEFAULT 0); INSERT INTO journal_new (tag) SELECT tag FROM journal;
    DROP TABLE journal; ALTER TABLE journal_new RENAME TO journal; COMMIT`)
  await world.run({ kind: 'reopen', client: world.clients.indexOf(client), meanwhile: 'write', seed: 5 }, 50)
  await world.run({ kind: 'server write', seed: 7 }, 51)
}

export async function pushMuch(world: World, client: Client): Promise<void> {
  await writeMuch(world, client)
  await client.db.push()
}

function makeFile(path: string): void {
  const db = new Sqlite(path)
  db.exec("CREATE TABLE brought (id INTEGER PRIMARY KEY, body TEXT); INSERT INTO brought VALUES (1, 'along')")
  db.close()
}

/** Of a replica that was deleted in part. */
function leaveStale(client: Client): void {
  writeFileSync(`${client.path}-changes`, 'stale')
}
