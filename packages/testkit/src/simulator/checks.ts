import { Replica } from '@tidemark/engine'
import { PAGE_SIZE } from '@tidemark/protocol'

import { tagOf } from './client.ts'
import type { Client } from './client.ts'
import { differences } from './content.ts'
import type { Content, Reader } from './content.ts'
import type { World } from './world.ts'

/** Something that must be true is not. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

export function checkEqual(what: string, first: Content, second: Content): void {
  const found = differences(first, second)
  if (found.length > 0) throw new Violation(`${what}, but: ${found.join('\n')}`)
}

/** Whatever happened to a client's files, its own rows are as it has left them. */
export function checkClient(client: Client): void {
  if (client.own === null) return
  checkRows(`the rows that only ${client.name} writes`, client.own, client.ownRows())
}

/** After everybody has synced. */
export async function checkSettled(world: World): Promise<void> {
  const { clients, server } = world
  const content = server.content()
  const setAside = await tagsSetAside(clients)
  const wrong = server.read((db) => [
    ...integrity('the server', db),
    ...world.ledger.violations(db, setAside),
  ])
  if (wrong.length > 0) throw new Violation(wrong.join('\n'))
  const { expected, found } = world.serverRows()
  checkRows('the rows that only the server writes', expected, found)
  for (const client of clients) {
    checkEqual(`${client.name} (first) holds the rows of the server (second)`, client.content(), content)
    checkClient(client)
    checkIntegrity(client.name, client.db)
    client.close()
    checkBase(client, world)
  }
}

const JOURNALS = new Set(['journal', 'trail'])

/** Tags of the transactions of which clients keep something out of their tables because the server refused it. */
async function tagsSetAside(clients: readonly Client[]): Promise<Set<string>> {
  const tags = new Set<string>()
  for (const client of clients) {
    for (const { changes } of await client.db.rejected()) {
      for (const change of changes)
        if (change.kind === 'insert' && JOURNALS.has(change.table)) tags.add(tagOf(change.after))
    }
  }
  return tags
}

/** The replica's base is the server's, byte for byte (I1). */
function checkBase(client: Client, { server }: World): void {
  const { history } = server.database
  const replica = Replica.open(client.path)
  try {
    if (replica.needsRebase) throw new Violation(`${client.name} does not know its base any more`)
    if (replica.info.sizeInPages !== history.sizeAt(history.head))
      throw new Violation(`the base of ${client.name} has ${replica.info.sizeInPages} pages`)
    const expected = Buffer.alloc(PAGE_SIZE)
    for (let page = 1; page <= replica.info.sizeInPages; page++) {
      history.readPage(page, history.head, expected)
      const image = replica.baseImage(page)
      if (image === null || !expected.equals(image))
        throw new Violation(`page ${page} of the base of ${client.name} is not the server's`)
    }
  } finally {
    replica.close()
  }
}

/** Rows of one writer, by table. */
export function checkRows(
  what: string,
  expected: ReadonlyMap<string, string | null>,
  found: ReadonlyMap<string, string | null>,
): void {
  const asContent = (rows: ReadonlyMap<string, string | null>): Content =>
    new Map([...rows].map(([table, lines]) => [table, lines ?? 'no such table']))
  checkEqual(`${what} (first) stay as they were (second)`, asContent(expected), asContent(found))
}

export function checkIntegrity(what: string, db: Reader): void {
  const damage = integrity(what, db)
  if (damage.length > 0) throw new Violation(damage.join('\n'))
}

function integrity(what: string, db: Reader): string[] {
  const lines = db.prepare('PRAGMA integrity_check').pluck().all() as string[]
  return lines[0] === 'ok' ? [] : [`${what}: ${lines.slice(0, 5).join(', ')}`]
}

/** Nobody has anything to push or to pull. */
export async function isSettled({ clients, server }: World): Promise<boolean> {
  const head = server.database.revision
  for (const client of clients) if (client.revision !== head || (await client.pending()) > 0) return false
  return true
}

/** Where everybody stands, and what they cannot get rid of. */
export async function describeQueues({ clients }: World): Promise<string> {
  const lines: string[] = []
  for (const client of clients) {
    const changes = await client.db.pending({ limit: 3 })
    const shown = JSON.stringify(changes, (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    )
    lines.push(`${client.name} at ${client.revision} has ${await client.pending()} changes pending: ${shown}`)
  }
  return lines.join('; ')
}
