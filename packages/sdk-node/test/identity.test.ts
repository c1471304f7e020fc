import { copyFileSync, cpSync, readdirSync, rmSync } from 'node:fs'
import { encodePageHashesRequest } from '@tidemark/protocol'
import { expect, test } from 'vitest'
import type { Database } from '../src/index.ts'
import { contentOf, OwnSyncServer, SyncServer } from './sync-server.ts'

const SCHEMA = 'CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT); CREATE TABLE log (line TEXT)'

/** Copies a client's files, under another name or back. It must be closed. */
function copyClient(server: SyncServer, from: string, to: string): void {
  const { directory } = server
  for (const name of readdirSync(directory.path))
    if (name.startsWith(to)) rmSync(directory.file(name), { recursive: true })
  for (const name of readdirSync(directory.path))
    if (name.startsWith(from)) copyFileSync(directory.file(name), directory.file(name.replace(from, to)))
}

/**
 * Puts the server's files aside, as a backup does while it is stopped. It runs again when this resolves; what
 * is returned restores them.
 */
async function backUp(server: OwnSyncServer): Promise<() => Promise<void>> {
  const data = server.data.path
  const backup = server.directory.file('backup')
  await server.stop()
  cpSync(data, backup, { recursive: true })
  await server.restart()
  return async () => {
    await server.stop()
    rmSync(data, { recursive: true })
    cpSync(backup, data, { recursive: true })
    await server.restart()
  }
}

function bodies(db: Database): unknown[] {
  return db.prepare('SELECT id, body FROM note ORDER BY id').raw().all()
}

function lines(db: Database): unknown[] {
  return db.prepare('SELECT line FROM log ORDER BY line').pluck().all()
}

function eventsOf(db: Database): unknown[] {
  const events: unknown[] = []
  db.on('forked', (event) => events.push(['forked', event]))
  db.on('rollback', (event) => events.push(['rollback', event]))
  return events
}

async function expectConverged(...clients: Database[]): Promise<void> {
  for (const db of [...clients, ...clients]) await db.sync()
  for (const db of clients) {
    expect(contentOf(db)).toEqual(contentOf(clients[0]!))
    expect((await db.stats()).cdcOperations).toBe(0)
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
  }
}

test('client files copied to a second machine: both go on, the second under its own name; nothing is lost or doubled', async () => {
  await using server = new SyncServer()
  const first = await server.client('a.db')
  first.exec(SCHEMA)
  first.exec(`INSERT INTO note VALUES (1, 'pulled'); INSERT INTO log VALUES ('pulled')`)
  await first.sync()
  first.exec(`INSERT INTO note VALUES (2, 'pushed'); INSERT INTO log VALUES ('pushed')`)
  await first.push()
  first.exec(
    `INSERT INTO note VALUES (3, 'pending'); INSERT INTO log VALUES ('pending'); UPDATE note SET body = 'changed' WHERE id = 1`,
  )
  first.close()
  copyClient(server, 'a.db', 'copy.db')
  const a = server.open('a.db')
  const copy = server.open('copy.db')
  const events = eventsOf(copy)
  a.exec(`INSERT INTO note VALUES (10, 'of a'); INSERT INTO log VALUES ('of a')`)
  copy.exec(`INSERT INTO note VALUES (20, 'of copy'); INSERT INTO log VALUES ('of copy')`)
  await a.sync()
  a.exec(`UPDATE note SET body = 'later' WHERE id = 2`)
  await a.sync()
  await expectConverged(copy, a)
  expect(bodies(a)).toEqual([
    [1, 'changed'],
    [2, 'later'],
    [3, 'pending'],
    [10, 'of a'],
    [20, 'of copy'],
  ])
  expect(lines(a)).toEqual(['of a', 'of copy', 'pending', 'pulled', 'pushed'])
  expect(events).toMatchObject([['forked', { clientId: expect.stringMatching(/^tidemark-/) as string }]])
})

/** A fetch that does not get through to some paths while `isCut`. */
function cutFetch(path: string): { readonly fetch: typeof fetch; isCut: boolean } {
  const state = {
    isCut: false,
    fetch: (async (input, init) => {
      if (state.isCut && (input as Request).url.endsWith(path)) throw new TypeError('fetch failed')
      return await fetch(input, init)
    }) as typeof fetch,
  }
  return state
}

test('a copied client that is cut off between its new name and the pull pushes nothing that its original has pushed (I3)', async () => {
  await using server = new SyncServer()
  const first = await server.client('a.db')
  first.exec(SCHEMA)
  await first.sync()
  first.exec(`INSERT INTO log VALUES ('before the copy')`)
  first.close()
  copyClient(server, 'a.db', 'copy.db')
  const a = server.open('a.db')
  const network = cutFetch('/pull-updates')
  const copy = server.open('copy.db', { fetch: network.fetch, retry: { attempts: 1 } })
  await a.push()
  network.isCut = true
  await expect(copy.push()).rejects.toThrow('cut')
  copy.close()
  const reopened = server.open('copy.db')
  reopened.exec(`INSERT INTO log VALUES ('of the copy')`)
  await reopened.push()
  await expectConverged(reopened, a)
  expect(lines(a)).toEqual(['before the copy', 'of the copy'])
})

test('a client of a restored server that is cut off between its new name and the pull pushes again what was acknowledged', async () => {
  await using server = await OwnSyncServer.start()
  const network = cutFetch('/pull-updates')
  const a = await server.client('a.db', { fetch: network.fetch, retry: { attempts: 1 } })
  a.exec(SCHEMA)
  await a.sync()
  const restore = await backUp(server)
  a.exec(`INSERT INTO note VALUES (1, 'acknowledged')`)
  await a.push()
  await restore()
  a.exec(`INSERT INTO note VALUES (2, 'pending')`)
  network.isCut = true
  await expect(a.push()).rejects.toThrow('cut')
  network.isCut = false
  await a.push()
  await expectConverged(a, await server.client('b.db'))
  expect(bodies(a)).toEqual([
    [1, 'acknowledged'],
    [2, 'pending'],
  ])
})

test('a replica copied while it is not known whether a push arrived: what either does afterwards is kept, once (I3)', async () => {
  await using server = new SyncServer()
  let isLosing = false
  const losing: typeof fetch = async (input, init) => {
    if (isLosing && (input as Request).url.endsWith('/push-changes')) throw new TypeError('fetch failed')
    return await fetch(input, init)
  }
  const options = { fetch: losing, retry: { attempts: 1 } }
  const first = await server.client('a.db', options)
  first.exec(SCHEMA)
  await first.sync()
  isLosing = true
  first.exec(`INSERT INTO log VALUES ('attempted')`)
  await expect(first.push()).rejects.toThrow('cut')
  isLosing = false
  first.close()
  copyClient(server, 'a.db', 'copy.db')
  const a = server.open('a.db')
  const copy = server.open('copy.db')
  a.exec(`INSERT INTO note VALUES (10, 'of a'); INSERT INTO log VALUES ('of a')`)
  copy.exec(`INSERT INTO note VALUES (20, 'of copy'); INSERT INTO log VALUES ('of copy')`)
  await a.push()
  await expectConverged(copy, a)
  expect(bodies(a)).toEqual([
    [10, 'of a'],
    [20, 'of copy'],
  ])
  expect(lines(a)).toEqual(['attempted', 'of a', 'of copy'])
})

test('a client restored from an old backup: what it pushed since comes back by the pull, what it does now is kept', async () => {
  for (const first of ['pull', 'push'] as const) {
    await using server = new SyncServer()
    const b = await server.client('b.db')
    const before = await server.client('a.db')
    before.exec(SCHEMA)
    await before.sync()
    before.exec(`INSERT INTO note VALUES (1, 'in the backup')`)
    before.close()
    copyClient(server, 'a.db', 'backup.db')
    const lost = server.open('a.db')
    lost.exec(`INSERT INTO note VALUES (2, 'since'); INSERT INTO log VALUES ('since')`)
    await lost.sync()
    lost.close()
    copyClient(server, 'backup.db', 'a.db')
    const a = server.open('a.db')
    a.exec(`INSERT INTO note VALUES (3, 'now'); INSERT INTO log VALUES ('now')`)
    await a[first]()
    await expectConverged(a, b)
    expect(bodies(a)).toEqual([
      [1, 'in the backup'],
      [2, 'since'],
      [3, 'now'],
    ])
    expect(lines(a)).toEqual(['now', 'since'])
  }
})

test('a server restored from a backup older than its clients: clients go back to it, what they had not pulled yet is pushed again', async () => {
  await using server = await OwnSyncServer.start()
  const a = await server.client('a.db')
  a.exec(SCHEMA)
  a.exec(`INSERT INTO note VALUES (1, 'in the backup')`)
  await a.sync()
  const b = await server.client('b.db')
  const restore = await backUp(server)

  b.exec(`INSERT INTO note VALUES (2, 'pulled by both')`)
  await b.sync()
  await a.pull()
  a.exec(`INSERT INTO note VALUES (3, 'pushed, not pulled')`)
  a.exec(`INSERT INTO log VALUES ('pushed, not pulled')`)
  await a.push()
  await restore()

  const events = eventsOf(a)
  a.exec(`INSERT INTO note VALUES (4, 'pending')`)
  await a.sync()
  await expectConverged(a, b)
  expect(bodies(a)).toEqual([
    [1, 'in the backup'],
    [3, 'pushed, not pulled'],
    [4, 'pending'],
  ])
  expect(lines(a)).toEqual(['pushed, not pulled'])
  expect(events).toMatchObject([
    ['forked', {}],
    ['rollback', { pending: 3 }],
  ])
  expect(contentOf(await server.client('c.db'))).toEqual(contentOf(a))
})

test.each(['pull', 'push'] as const)(
  'a server restored to the very revision that a client has: what it pushed since is pending again, first %s',
  async (first) => {
    await using server = await OwnSyncServer.start()
    const a = await server.client('a.db')
    a.exec(SCHEMA)
    await a.sync()
    const restore = await backUp(server)
    a.exec(`INSERT INTO note VALUES (1, 'pushed, not pulled')`)
    await a.push()
    await restore()

    const events = eventsOf(a)
    if (first === 'push') a.exec(`INSERT INTO note VALUES (2, 'pending')`)
    await a[first]()
    expect(events).toContainEqual([
      'rollback',
      expect.objectContaining({ pending: first === 'push' ? 2 : 1 }),
    ])
    await a.sync()
    expect(contentOf(await server.client('b.db'))).toEqual(contentOf(a))
    expect(bodies(a)).toHaveLength(first === 'push' ? 2 : 1)
  },
)

test('a database deleted and created again under its name: clients find it empty, and push what they had not pulled yet', async () => {
  await using server = new SyncServer()
  const a = await server.client('a.db')
  a.exec(SCHEMA)
  a.exec(`INSERT INTO note VALUES (1, 'gone')`)
  await a.sync()
  const b = await server.client('b.db')
  a.exec(`CREATE TABLE own (x); INSERT INTO own VALUES ('pushed, not pulled')`)
  await a.push()
  a.exec(`INSERT INTO own VALUES ('pending')`)
  const destroyed = await fetch(server.url().replace('/db/', '/admin/v1/databases/'), { method: 'DELETE' })
  expect(destroyed.status).toBe(204)

  const events = eventsOf(a)
  await expectConverged(a, b)
  expect(contentOf(a)).toEqual({ own: [{ x: 'pending' }, { x: 'pushed, not pulled' }] })
  expect(events).toMatchObject([
    ['forked', {}],
    ['rollback', { pending: 3 }],
  ])
  expect(contentOf(await server.client('c.db'))).toEqual(contentOf(a))
})

test('history pruned past a client: it gets all pages, and keeps what is pending', async () => {
  await using server = await OwnSyncServer.start({
    historyBytes: 65_536,
    historySegmentBytes: 65_536,
    checkpointFrames: 4,
  })
  const a = await server.client('a.db')
  a.exec(SCHEMA)
  await a.sync()
  const old = await server.client('old.db')
  old.exec(`INSERT INTO note VALUES (1, 'pending')`)
  const { revision } = await old.stats()
  for (let round = 0; round < 15; round += 1) {
    a.exec(
      `INSERT INTO log VALUES (hex(randomblob(6000))); DELETE FROM log WHERE rowid < (SELECT max(rowid) FROM log)`,
    )
    await a.push()
  }
  const asked = await fetch(`${server.url()}/page-hashes`, {
    method: 'POST',
    headers: { 'content-type': 'application/protobuf' },
    body: Buffer.from(encodePageHashesRequest({ revision, firstPage: 1, pageCount: 1 })),
  })
  expect(await asked.text()).toContain('TIDEMARK_REVISION_GONE')
  const pages = (await old.stats()).pagesPulled
  await old.pull()
  const { revision: now, pagesPulled } = await old.stats()
  expect(now).not.toBe(revision)
  expect(pagesPulled - pages).toBeGreaterThan(3)
  await expectConverged(old, a)
  expect(bodies(a)).toEqual([[1, 'pending']])
})
