import BetterSqlite3 from 'better-sqlite3'
import { Replica } from '@tidemark/engine'
import { decodePageHashesResponse, encodePageHashesRequest, pageHash } from '@tidemark/protocol'
import { describe, expect, test } from 'vitest'
import { SyncConflictError } from '../src/index.ts'
import type { Conflict, ConflictDecision, Database } from '../src/index.ts'
import { contentOf, OwnSyncServer, SyncServer } from './sync-server.ts'

const SCHEMA = 'CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT, stars INTEGER DEFAULT 0)'

/** Two clients with the same two notes. */
async function pair(
  server: SyncServer,
  options: Parameters<SyncServer['client']>[1] = {},
): Promise<[Database, Database]> {
  const a = await server.client('a.db', options)
  a.exec(`${SCHEMA}; INSERT INTO note VALUES ('1', 'one', 0), ('2', 'two', 0)`)
  await a.push()
  const b = await server.client('b.db', options)
  return [a, b]
}

async function remotePageHashes(url: string, revision: string): Promise<string[]> {
  const response = await fetch(`${url}/page-hashes`, {
    method: 'POST',
    headers: { 'content-type': 'application/protobuf' },
    body: Buffer.from(encodePageHashesRequest({ revision, firstPage: 1, pageCount: 100_000 })),
  })
  const { hashes, sizeInPages } = decodePageHashesResponse(new Uint8Array(await response.arrayBuffer()))
  return Array.from({ length: sizeInPages }, (_, index) =>
    Buffer.from(hashes.subarray(index * 8, index * 8 + 8)).toString('hex'),
  )
}

function basePageHashes(path: string, count: number): string[] {
  const replica = Replica.open(path)
  const hashes = Array.from({ length: count }, (_, index) => {
    const image = replica.baseImage(index + 1)
    return image === null ? 'none' : Buffer.from(pageHash(image)).toString('hex')
  })
  replica.close()
  return hashes
}

describe('push and pull', () => {
  test('what one client pushes, another one pulls; a new one downloads it', async () => {
    await using server = new SyncServer()
    const a = await server.client('a.db')
    const b = await server.client('b.db')
    expect(await b.pull()).toBe(false)

    a.exec(`${SCHEMA}; INSERT INTO note VALUES ('1', 'hello', 3)`)
    const pushed = await a.push()
    expect(pushed).toMatchObject({ operations: 2, batches: 1, conflicts: [], conflictCount: 0 })
    expect(pushed.bytes).toBeGreaterThan(0)
    expect(pushed.revision).not.toBe('')
    expect(await a.push()).toMatchObject({ operations: 0, batches: 0, bytes: 0 })

    expect(await b.pull()).toBe(true)
    expect(await b.pull()).toBe(false)
    expect(contentOf(b)).toEqual({ note: [{ id: '1', body: 'hello', stars: 3n }] })
    expect(contentOf(await server.client('c.db'))).toEqual(contentOf(b))
  })

  test('a pull keeps what is pending here, and a push keeps what others pushed', async () => {
    await using server = new SyncServer()
    const [a, b] = await pair(server)
    a.exec(`INSERT INTO note VALUES ('3', 'three', 0); UPDATE note SET body = 'uno' WHERE id = '1'`)
    b.exec(
      `INSERT INTO note VALUES ('4', 'four', 0); UPDATE note SET stars = 5 WHERE id = '1'; DELETE FROM note WHERE id = '2'`,
    )
    await a.sync()
    await b.sync()
    await a.sync()
    expect(contentOf(a)).toEqual(contentOf(b))
    expect(contentOf(a)).toEqual({
      note: [
        { id: '1', body: 'uno', stars: 5n },
        { id: '3', body: 'three', stars: 0n },
        { id: '4', body: 'four', stars: 0n },
      ],
    })
  })

  test("after a pull with nothing pending the base is the server's pages, byte for byte (I1)", async () => {
    await using server = new SyncServer()
    const [a, b] = await pair(server)
    a.exec(`WITH RECURSIVE series (value) AS (VALUES (1) UNION ALL SELECT value + 1 FROM series WHERE value < 300)
      INSERT INTO note SELECT 'n' || value, hex(randomblob(200)), 1 FROM series`)
    await a.push()
    b.exec(`DELETE FROM note WHERE id = '2'`)
    for (const db of [b, a]) await db.sync()
    await a.checkpoint()
    const { revision } = await a.stats()
    for (const db of [a, b]) {
      expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
      expect((await db.stats()).revision).toBe(revision)
    }
    const remote = await remotePageHashes(server.url(), revision)
    expect(remote.length).toBeGreaterThan(10)
    expect(basePageHashes(server.directory.file('a.db'), remote.length)).toEqual(remote)
    expect(basePageHashes(server.directory.file('b.db'), remote.length)).toEqual(remote)
  })

  test('schema changes and user_version travel', async () => {
    await using server = new SyncServer()
    const [a, b] = await pair(server)
    a.exec(`ALTER TABLE note ADD COLUMN tag TEXT DEFAULT 'new'; CREATE INDEX note_stars ON note (stars);
      CREATE VIEW starred AS SELECT * FROM note WHERE stars > 0; CREATE TABLE log (entry TEXT);
      CREATE TRIGGER note_log AFTER UPDATE ON note BEGIN INSERT INTO log VALUES (new.body); END;
      ALTER TABLE note RENAME COLUMN body TO content`)
    a.pragma('user_version = 12')
    a.exec(`UPDATE note SET stars = 1, content = 'first' WHERE id = '1'`)
    await a.push()
    await b.pull()
    expect(b.pragma('user_version', { simple: true })).toBe(12)
    expect(b.prepare('SELECT * FROM starred').all()).toEqual([
      { id: '1', content: 'first', stars: 1, tag: 'new' },
    ])
    expect(contentOf(b)['log']).toEqual([{ entry: 'first' }])
    b.exec(`UPDATE note SET content = 'second' WHERE id = '1'`)
    await b.sync()
    await a.sync()
    expect(contentOf(a)).toEqual(contentOf(b))
    expect(contentOf(a)['log']).toEqual([{ entry: 'first' }, { entry: 'second' }])
  })

  test('statements and iterators that are held across a pull go on', async () => {
    await using server = new SyncServer()
    const [a, b] = await pair(server)
    const select = b.prepare('SELECT body FROM note ORDER BY id').pluck()
    const insert = b.prepare('INSERT INTO note (id, body) VALUES (?, ?)')
    expect(select.all()).toEqual(['one', 'two'])
    a.exec(
      `ALTER TABLE note ADD COLUMN tag TEXT; UPDATE note SET body = 'uno' WHERE id = '1'; INSERT INTO note VALUES ('3', 'three', 0, 'x')`,
    )
    await a.push()

    const open = select.iterate()
    expect(open.next().value).toBe('one')
    await b.pull()
    expect([...open]).toEqual(['two'])

    expect(select.all()).toEqual(['uno', 'two', 'three'])
    insert.run('4', 'four')
    await b.push()
    await a.pull()
    expect(contentOf(a)).toEqual(contentOf(b))
  })

  test('what another program writes into the file arrives too (I2, I6)', async () => {
    await using server = new SyncServer()
    const [a, b] = await pair(server)
    const foreign = new BetterSqlite3(server.directory.file('a.db'))
    foreign.exec(
      `INSERT INTO note VALUES ('9', 'from outside', 0); CREATE TABLE extra (x); INSERT INTO extra VALUES (7)`,
    )
    foreign.close()
    await a.sync()
    await b.sync()
    expect(b.prepare(`SELECT body FROM note WHERE id = '9'`).pluck().get()).toBe('from outside')
    expect(contentOf(b)['extra']).toEqual([{ x: 7n }])
  })

  test('many batches at transaction boundaries (I5)', async () => {
    await using server = new SyncServer()
    const a = await server.client('a.db', { pushOperationsThreshold: 10 })
    a.exec(SCHEMA)
    const insert = a.prepare('INSERT INTO note (id) VALUES (?)')
    const insertMany = a.transaction((from: number, count: number) => {
      for (let id = from; id < from + count; id += 1) insert.run(`note${id}`)
    })
    for (const [from, count] of [
      [0, 7],
      [7, 7],
      [14, 25],
      [39, 1],
    ] as const)
      insertMany(from, count)
    const result = await a.push()
    expect(result.operations).toBe(41)
    expect(result.batches).toBeGreaterThan(1)
    const b = await server.client('b.db')
    expect(contentOf(b)).toEqual(contentOf(a))
  })

  test('a download and a pull in many requests, all of one revision', async () => {
    await using server = new SyncServer()
    const a = await server.client('a.db')
    a.exec('CREATE TABLE big (id INTEGER PRIMARY KEY, filler BLOB)')
    const insert = a.prepare('INSERT INTO big (filler) VALUES (randomblob(3000))')
    a.transaction(() => {
      for (let i = 0; i < 200; i += 1) insert.run()
    })()
    await a.push()
    let requests = 0
    const counting: typeof fetch = async (input, init) => {
      if ((input as Request).url.endsWith('/pull-updates')) requests += 1
      return await fetch(input, init)
    }
    const b = await server.client('b.db', { pullBytesThreshold: 20 * 4096, fetch: counting })
    expect(requests).toBeGreaterThan(5)
    expect(contentOf(b)).toEqual(contentOf(a))

    a.exec('UPDATE big SET filler = randomblob(10) WHERE id IN (1, 100, 200)')
    await a.push()
    requests = 0
    await b.pull()
    expect(requests).toBeGreaterThan(1)
    expect(requests).toBeLessThan(8)
    expect(contentOf(b)).toEqual(contentOf(a))
  })

  test('a pull waits at the server for something new, and pushes go on meanwhile', async () => {
    await using server = new SyncServer()
    const [a, b] = await pair(server)
    await b.pull()
    const waiting = b.pull({ longPollTimeoutMs: 30_000 })
    b.exec(`UPDATE note SET stars = 9 WHERE id = '2'`)
    await b.push()
    expect(await waiting).toBe(true)
    const again = b.pull({ longPollTimeoutMs: 30_000 })
    a.exec(`UPDATE note SET body = 'uno' WHERE id = '1'`)
    await a.push()
    expect(await again).toBe(true)
    expect(b.prepare('SELECT body, stars FROM note ORDER BY id').raw().all()).toEqual([
      ['uno', 0],
      ['two', 9],
    ])
    expect(await b.pull({ longPollTimeoutMs: 1 })).toBe(false)
  })
})

describe('conflicts', () => {
  test('the last push wins, and tells what it overwrote', async () => {
    await using server = new SyncServer()
    const [a, b] = await pair(server)
    a.exec(`UPDATE note SET body = 'by a' WHERE id = '1'`)
    b.exec(`UPDATE note SET body = 'by b' WHERE id = '1'`)
    await a.push()
    const result = await b.push()
    expect(result.conflictCount).toBe(1)
    expect(result.conflicts).toMatchObject([
      { table: 'note', key: ['1'], kind: 'update/update', remote: { body: 'by a' } },
    ])
    await a.pull()
    await b.pull()
    expect(contentOf(a)).toEqual(contentOf(b))
    expect(a.prepare(`SELECT body FROM note WHERE id = '1'`).pluck().get()).toBe('by b')
  })

  test('what a REPLACE has overwritten is told with the row that it has replaced here', async () => {
    await using server = new SyncServer()
    const [a, b] = await pair(server)
    const seen: Conflict[] = []
    b.on('conflict', (conflict) => seen.push(conflict))
    a.exec(`UPDATE note SET body = 'by a' WHERE id = '1'`)
    b.exec(`REPLACE INTO note VALUES ('1', 'by b', 0)`)
    await a.push()
    await b.push()
    expect(seen).toMatchObject([
      { kind: 'update/update', base: { body: 'one' }, local: { body: 'by b' }, remote: { body: 'by a' } },
    ])
  })

  test('detected: the push is refused whole, a sync pulls, resolves and pushes again', async () => {
    await using server = new SyncServer()
    const seen: Conflict[] = []
    const [a, b] = await pair(server, {
      detectConflicts: true,
      onConflict: (conflict) => seen.push(conflict),
    })
    a.exec(`UPDATE note SET body = 'by a' WHERE id = '1'`)
    await a.push()
    b.exec(`INSERT INTO note VALUES ('5', 'five', 0); UPDATE note SET body = 'by b' WHERE id = '1'`)
    const error = await b.push().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(SyncConflictError)
    expect(error).toMatchObject({
      code: 'TIDEMARK_CONFLICT',
      recovery: 'pull',
      conflictCount: 1,
      conflicts: [{ table: 'note', key: ['1'], kind: 'update/update', remote: { body: 'by a' } }],
    })
    expect(contentOf(await server.client('c.db'))['note']).toHaveLength(2)
    expect(await b.pending()).toHaveLength(2)

    const { push, pull } = await b.sync()
    expect(push.operations).toBe(2)
    expect(pull).toBe(true)
    expect(seen).toMatchObject([
      { kind: 'update/update', local: { body: 'by b' }, remote: { body: 'by a' }, base: { body: 'one' } },
    ])
    await a.pull()
    expect(contentOf(a)).toEqual(contentOf(b))
    expect((await b.stats()).conflicts).toBe(1)
  })

  test.for([
    ['accept-remote', 'by a'],
    ['keep-local', 'by b'],
    [{ NOTE: 'accept-remote' }, 'by a'],
    [{ other: 'accept-remote' }, 'by b'],
    [
      (conflict: Conflict) => ({ row: { body: `${conflict.remote?.['body'] as string} and b` } }),
      'by a and b',
    ],
  ] as const)('resolved by %o', async ([conflictResolution, winner]) => {
    await using server = new SyncServer()
    const [a, b] = await pair(server, { conflictResolution })
    a.exec(`UPDATE note SET body = 'by a' WHERE id = '1'`)
    await a.push()
    b.exec(`UPDATE note SET body = 'by b', stars = 2 WHERE id = '1'`)
    const told: string[] = []
    b.on('conflict', (conflict) => told.push(conflict.kind))
    await b.pull()
    expect(told).toEqual(['update/update'])
    expect(b.prepare(`SELECT body FROM note WHERE id = '1'`).pluck().get()).toBe(winner)
    await b.push()
    await a.pull()
    expect(contentOf(a)).toEqual(contentOf(b))
  })

  const anything = "A conflict resolver must return 'keep-local', 'accept-remote' or { row }"
  test.for([
    ['that throws', cannotDecide, 'cannot decide'],
    ['that answers another word', (): unknown => 'theirs', anything],
    ['that answers nothing', (): unknown => undefined, anything],
    [
      'whose row has no value of SQLite',
      (): unknown => ({ row: { body: new Date() } }),
      'The row of a conflict resolver has no SQLite value in note.body',
    ],
    [
      'whose row has another column',
      (): unknown => ({ row: { bodi: 'x' } }),
      'The row of a conflict resolver has a column that note does not: bodi',
    ],
    [
      'whose row has another column, with a name that objects have',
      (): unknown => ({ row: { constructor: 'x' } }),
      'The row of a conflict resolver has a column that note does not: constructor',
    ],
  ] as const)(
    'a resolver %s keeps the local change and is reported when the pull has been applied',
    async ([, resolver, message]) => {
      await using server = new SyncServer()
      const conflictResolution = resolver as (conflict: Conflict) => ConflictDecision
      const [a, b] = await pair(server, { conflictResolution })
      a.exec(`UPDATE note SET body = 'by a'`)
      await a.push()
      b.exec(`UPDATE note SET body = 'by b' WHERE id = '1'`)
      await expect(b.pull()).rejects.toMatchObject({
        code: 'TIDEMARK_CONFLICT_RESOLVER',
        failures: 1,
        cause: { message },
      })
      expect(b.prepare('SELECT body FROM note ORDER BY id').pluck().all()).toEqual(['by b', 'by a'])
      expect(await b.pull()).toBe(false)
    },
  )

  test('a change that the server refuses for good is named and stays pending until there is room for it', async () => {
    await using server = new SyncServer()
    const a = await server.client('a.db')
    a.exec('CREATE TABLE person (id INTEGER PRIMARY KEY, mail TEXT UNIQUE)')
    await a.push()
    const b = await server.client('b.db')
    a.exec(`INSERT INTO person VALUES (1, 'x@example')`)
    b.exec(`INSERT INTO person VALUES (2, 'y@example'), (3, 'x@example')`)
    await a.push()
    const rejected: unknown[] = []
    b.on('rejected', (rejection) => rejected.push(rejection))
    await expect(b.push()).rejects.toMatchObject({
      code: 'TIDEMARK_REJECTED',
      recovery: 'fix-data',
      table: 'person',
      key: [3n],
      sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE',
    })
    expect(rejected).toHaveLength(1)
    expect(await b.pending()).toHaveLength(2)
    a.exec('DELETE FROM person WHERE id = 1')
    await a.push()
    expect((await b.push()).operations).toBe(2)
    expect((await b.stats()).rejected).toBe(1)
  })
})

test('events tell of pushes and pulls, and of failures', async () => {
  await using server = await OwnSyncServer.start()
  const [a, b] = await pair(server)
  const events: unknown[] = []
  for (const name of ['push', 'pull', 'error'] as const) b.on(name, (event) => events.push([name, event]))
  a.exec(`UPDATE note SET stars = 1`)
  await a.push()
  b.exec(`INSERT INTO note VALUES ('3', 'three', 0)`)
  await b.sync()
  expect(events).toMatchObject([
    ['push', { operations: 1, batches: 1 }],
    ['pull', { conflicts: 0 }],
  ])
  await server.stop()
  await expect(b.pull()).rejects.toMatchObject({ name: 'NetworkError', code: 'TIDEMARK_NETWORK' })
  expect(events.at(-1)).toMatchObject(['error', { name: 'NetworkError' }])
  expect((await b.stats()).busyRetries).toBe(2)
})

function cannotDecide(): never {
  throw new RangeError('cannot decide')
}
