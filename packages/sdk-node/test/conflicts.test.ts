import { describe, expect, test } from 'vitest'
import { SyncConflictError } from '../src/index.ts'
import type { Conflict, ConflictDecision, Database } from '../src/index.ts'
import { contentOf, SyncServer } from './sync-server.ts'

/** Two clients with the same rows; `a` has pushed changes of all of them. */
async function diverged(
  server: SyncServer,
  options: Parameters<SyncServer['client']>[1] = {},
): Promise<[Database, Database]> {
  const a = await server.client('a.db')
  a.exec(`CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT, stars INTEGER DEFAULT 0);
    CREATE TABLE tag (name TEXT PRIMARY KEY, colour TEXT);
    INSERT INTO note (id, body) VALUES (1, 'one'), (2, 'two'), (3, 'three'); INSERT INTO tag VALUES ('t', 'red')`)
  await a.push()
  const b = await server.client('b.db', options)
  a.exec(`UPDATE note SET body = 'by a' WHERE id = 1; DELETE FROM note WHERE id = 2; UPDATE note SET stars = 1 WHERE id = 3;
    INSERT INTO note (id, body) VALUES (4, 'from a'); UPDATE tag SET colour = 'green'`)
  await a.push()
  return [a, b]
}

/** Conflicts of all four kinds with what {@link diverged} has pushed. */
const OPPOSITE = `UPDATE note SET body = 'by b' WHERE id = 1; UPDATE note SET body = 'zwei' WHERE id = 2; DELETE FROM note WHERE id = 3;
  INSERT INTO note (id, body) VALUES (4, 'from b')`

const kinds = (
  conflicts: readonly { readonly kind: string; readonly key: readonly unknown[] }[],
): unknown[] => conflicts.map(({ kind, key }) => [kind, key[0]])

async function expectConverged(a: Database, b: Database): Promise<void> {
  await b.sync()
  await a.sync()
  expect(contentOf(a)).toEqual(contentOf(b))
  expect((await b.stats()).cdcOperations).toBe(0)
}

test('a row that is replaced while a trigger replaces others is no conflict where nobody else has changed it', async () => {
  await using server = new SyncServer()
  const a = await server.client('a.db')
  a.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c');
    CREATE TRIGGER count BEFORE INSERT ON t WHEN NEW.id = 1 BEGIN
      INSERT INTO t VALUES (3, 'left out') ON CONFLICT DO NOTHING; REPLACE INTO t VALUES (2, 'counted'); END`)
  await a.push()
  const told: Conflict[] = []
  const b = await server.client('b.db', { conflictResolution: 'accept-remote' })
  b.on('conflict', (conflict) => told.push(conflict))
  a.exec('CREATE TABLE other (x)')
  await a.push()
  b.exec(`REPLACE INTO t VALUES (1, 'mine')`)
  await b.pull()
  expect(told).toEqual([])
  await expectConverged(a, b)
  expect(contentOf(a)['t']).toMatchObject([{ v: 'mine' }, { v: 'counted' }, { v: 'c' }])
})

test('conflicts of many long values are told with the values that they had', async () => {
  await using server = new SyncServer()
  const seen: Conflict[] = []
  const a = await server.client('a.db')
  a.exec(`CREATE TABLE file (name BLOB PRIMARY KEY, body BLOB) WITHOUT ROWID`)
  const keys = Array.from({ length: 40 }, (_, index) => index + 1)
  const insert = a.prepare('INSERT INTO file VALUES (?, ?)')
  for (const key of keys) insert.run(Buffer.alloc(3, key), Buffer.alloc(20_000))
  await a.push()
  const b = await server.client('b.db', { onConflict: (conflict) => seen.push(conflict) })
  a.exec(`UPDATE file SET body = 'theirs'`)
  await a.push()
  const update = b.prepare('UPDATE file SET body = ? WHERE name = ?')
  for (const key of keys) update.run(Buffer.alloc(20_000, key), Buffer.alloc(3, key))
  await b.pull()
  expect(seen.map(({ key }) => key)).toEqual(keys.map((key) => [Buffer.alloc(3, key)]))
  const isAll = (value: unknown, byte: number): boolean =>
    (value as Buffer).equals(Buffer.alloc(20_000, byte))
  const wrong = seen.filter(
    ({ base, local }, index) => !isAll(base!['body'], 0) || !isAll(local!['body'], keys[index]!),
  )
  expect(wrong).toEqual([])
})

test('every row that a push overwrites is told: in its result, by event with all three rows, in the stats', async () => {
  await using server = new SyncServer()
  const seen: Conflict[] = []
  const [a, b] = await diverged(server, { onConflict: (conflict) => seen.push(conflict) })
  b.exec(
    `UPDATE note SET body = 'by b' WHERE id = 1; DELETE FROM note WHERE id = 3; INSERT INTO note (id, body) VALUES (4, 'from b')`,
  )
  const result = await b.push()
  expect(result.conflictCount).toBe(3)
  expect(kinds(result.conflicts)).toEqual([
    ['update/update', 1n],
    ['delete/update', 3n],
    ['insert/insert', 4n],
  ])
  expect(seen).toMatchObject([
    {
      table: 'note',
      key: [1n],
      base: { body: 'one' },
      local: { body: 'by b' },
      remote: { body: 'by a' },
      reason: null,
    },
    { key: [3n], base: { stars: 0n }, local: null, remote: { stars: 1n } },
    { key: [4n], base: null, local: { body: 'from b' }, remote: { body: 'from a' } },
  ])
  expect((await b.stats()).conflicts).toBe(3)
  await expectConverged(a, b)
})

test('detectConflicts: the error has every conflicting row, of every kind, and nothing is applied', async () => {
  await using server = new SyncServer()
  const [a, b] = await diverged(server, { detectConflicts: true })
  b.exec(`${OPPOSITE}; INSERT INTO note (id, body) VALUES (9, 'innocent')`)
  const error = await b.push().catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(SyncConflictError)
  const { conflicts, conflictCount, recovery } = error as SyncConflictError
  expect(recovery).toBe('pull')
  expect(conflictCount).toBe(4)
  expect(kinds(conflicts)).toEqual([
    ['update/update', 1n],
    ['update/delete', 2n],
    ['delete/update', 3n],
    ['insert/insert', 4n],
  ])
  expect(conflicts.map(({ remote }) => remote?.['body'] ?? null)).toEqual(['by a', null, 'three', 'from a'])
  expect(await a.pull()).toBe(true)
  expect(a.prepare('SELECT count(*) FROM note WHERE id = 9').pluck().get()).toBe(0)
  expect(await b.pending()).toHaveLength(5)
  await expectConverged(a, b)
  expect(b.prepare('SELECT id, body FROM note ORDER BY id').raw().all()).toEqual([
    [1, 'by b'],
    [2, 'zwei'],
    [4, 'from b'],
    [9, 'innocent'],
  ])
})

describe('conflictResolution', () => {
  const theirs = [
    [1, 'by a'],
    [3, 'three'],
    [4, 'from a'],
  ]
  const ours = [
    [1, 'by b'],
    [2, 'zwei'],
    [4, 'from b'],
  ]
  const decide = ({ kind, local, remote }: Conflict): ConflictDecision => {
    if (kind === 'update/update')
      return { row: { body: `${remote?.['body'] as string}, ${local?.['body'] as string}` } }
    if (kind === 'update/delete') return 'accept-remote'
    if (kind === 'delete/update') return { row: { stars: 7n } }
    return { row: { body: 'both', stars: 2n } }
  }
  test.for([
    ['by name', 'accept-remote', theirs, 'green'],
    ['by another name', 'keep-local', ours, 'blue'],
    ['per table', { note: 'accept-remote', tag: 'keep-local' }, theirs, 'blue'],
    ['per table, others by default', { tag: 'accept-remote' }, ours, 'green'],
    [
      'by a function, with rows made from both',
      (conflict: Conflict) => (conflict.table === 'tag' ? 'keep-local' : decide(conflict)),
      [
        [1, 'by a, by b'],
        [3, 'three'],
        [4, 'both'],
      ],
      'blue',
    ],
  ] as const)(
    '%s: sync() resolves, pushes and both converge',
    async ([, conflictResolution, notes, colour]) => {
      for (const detectConflicts of [true, false]) {
        await using server = new SyncServer()
        const seen: Conflict[] = []
        const [a, b] = await diverged(server, {
          conflictResolution,
          detectConflicts,
          onConflict: (conflict) => seen.push(conflict),
        })
        b.exec(`${OPPOSITE}; UPDATE tag SET colour = 'blue'`)
        if (!detectConflicts) await b.pull()
        await expectConverged(a, b)
        expect(a.prepare('SELECT id, body FROM note ORDER BY id').raw().all()).toEqual(notes)
        expect(a.prepare('SELECT colour FROM tag').pluck().get()).toBe(colour)
        expect(seen).toHaveLength(5)
        expect((await b.stats()).conflicts).toBe(5)
      }
    },
  )
})

test('sync() gives up after five rounds when others are always faster, and says so', async () => {
  await using server = new SyncServer()
  const rival = await server.client('rival.db')
  rival.exec(`CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT); INSERT INTO note VALUES (1, 'one')`)
  await rival.push()
  let pushes = 0
  const racing: typeof fetch = async (input, init) => {
    if ((input as Request).url.endsWith('/push-changes')) {
      pushes += 1
      rival.exec(`UPDATE note SET body = 'rival ${pushes}'`)
      await rival.push()
    }
    return await fetch(input, init)
  }
  const b = await server.client('b.db', { detectConflicts: true, fetch: racing })
  b.exec(`UPDATE note SET body = 'by b'`)
  await expect(b.sync()).rejects.toMatchObject({
    code: 'TIDEMARK_CONFLICT',
    conflicts: [{ remote: { body: 'rival 5' } }],
  })
  expect(pushes).toBe(5)
  expect(b.prepare('SELECT body FROM note').pluck().get()).toBe('by b')
  expect(await b.pending()).toHaveLength(1)
})
