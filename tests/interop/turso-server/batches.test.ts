import { readdirSync } from 'node:fs'
import { afterEach, expect, test, vi } from 'vitest'
import { retryFetch } from '@tidemark/sdk-node'
import { contentOf, TursoSite } from './turso-site.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

/** How many SQL batches have arrived. */
function batchesOf(site: TursoSite): number {
  return site.tap.exchanges.filter(({ body }) => body.includes('"BEGIN IMMEDIATE"')).length
}

test('a push goes in batches that never split a transaction (I5)', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db', { pushOperationsThreshold: 10 })
  a.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, x)')
  const insert = a.prepare('INSERT INTO t (x) VALUES (?)')
  a.transaction(() => {
    for (let i = 0; i < 40; i += 1) insert.run(i)
  })()
  for (let i = 0; i < 3; i += 1)
    a.transaction(() => {
      for (let k = 0; k < 6; k += 1) insert.run(k)
    })()
  const result = await a.push()
  expect(result).toMatchObject({ operations: 59, conflicts: [], conflictCount: 0, revision: '' })
  expect(result.batches).toBe(batchesOf(site))
  expect(result.batches).toBe(3)
  expect(await a.stats()).toMatchObject({ rowsPushed: 59, cdcOperations: 0 })
  expect((await a.stats()).lastPushUnixTime).not.toBeNull()
  expect(result.bytes).toBeGreaterThan(5000)
})

test('a large transaction is one batch, sent from a file that is gone afterwards (I7)', async () => {
  await using site = await TursoSite.start()
  vi.stubEnv('TMPDIR', site.directory)
  const spools = (): string[] =>
    readdirSync(site.directory).filter((name) => name.startsWith('tidemark-push-'))
  const seen: number[] = []
  // A wrapped fetch keeps the length of the body, which tursodb needs.
  const wrapped = retryFetch({
    fetch: async (input, init) => {
      seen.push(spools().length)
      return await fetch(input, init)
    },
  })
  const a = await site.client('a.db', { url: site.serverUrl, fetch: wrapped })
  a.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB)')
  a.transaction(() => {
    for (let i = 0; i < 60; i += 1) a.prepare('INSERT INTO t (x) VALUES (zeroblob(200000))').run()
  })()
  const result = await a.push()
  expect(result).toMatchObject({ operations: 61, batches: 1 })
  expect(result.bytes).toBeGreaterThan(16_000_000)
  expect(await site.sql('SELECT count(*), sum(length(x)) FROM t')).toEqual([['60', '12000000']])
  expect(Math.max(...seen)).toBe(1)
  expect(spools()).toEqual([])
})

test('a backlog of many bytes is divided between transactions, whatever they count', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db', { url: site.serverUrl })
  a.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB)')
  for (let i = 0; i < 3; i += 1)
    a.transaction(() => {
      for (let k = 0; k < 8; k += 1) a.prepare('INSERT INTO t (x) VALUES (zeroblob(1000000))').run()
    })()
  expect(await a.push()).toMatchObject({ operations: 25, batches: 2 })
  expect(await site.sql('SELECT count(*), sum(length(x)) FROM t')).toEqual([['24', '24000000']])
})

test('a transform hook skips and rewrites, also rows without a key', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db', {
    transform: ({ tableName, after }) => {
      if (after?.['word'] === 'secret') return { operation: 'skip' }
      if (tableName !== 'note' || after?.['n'] === undefined) return null
      return {
        operation: 'rewrite',
        stmt: {
          sql: 'INSERT INTO note VALUES (?, ?)',
          values: [after['id'] ?? null, Number(after['n']) * 2],
        },
      }
    },
  })
  a.exec('CREATE TABLE note (id TEXT PRIMARY KEY, n); CREATE TABLE line (word)')
  a.exec(`INSERT INTO note VALUES ('1', 21); INSERT INTO line VALUES ('secret'), ('open')`)
  await a.sync()
  const b = await site.client('b.db')
  expect(contentOf(b)).toEqual({ line: [{ word: 'open' }], note: [{ id: '1', n: 42 }] })
  expect(contentOf(a)).toEqual(contentOf(b))
})

test('thousands of small transactions', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db', { url: site.serverUrl, durability: 'normal' })
  a.exec('CREATE TABLE t (id TEXT PRIMARY KEY, x); CREATE TABLE line (x)')
  const insert = a.prepare('INSERT INTO t VALUES (?, ?)')
  const line = a.prepare('INSERT INTO line VALUES (?)')
  for (let i = 0; i < 1500; i += 1) {
    insert.run(String(i), BigInt(i))
    line.run(BigInt(i))
  }
  a.exec(`UPDATE t SET x = x + 1; UPDATE line SET x = x + 1; DELETE FROM line WHERE x % 10 = 0`)
  expect(await a.push()).toMatchObject({ operations: 2 + 3000 + 3000 + 150 })
  expect(await site.sql('SELECT count(*), sum(x) FROM t')).toEqual([['1500', '1125750']])
  expect(await site.sql('SELECT count(*), sum(x) FROM line')).toEqual([['1350', '1012500']])
})

test('concurrent pushes and pulls of several clients end in the same rows everywhere', async () => {
  await using site = await TursoSite.start()
  const first = await site.client('0.db')
  first.exec('CREATE TABLE t (id TEXT PRIMARY KEY, n)')
  await first.sync()
  const clients = [first, await site.client('1.db'), await site.client('2.db')]
  await Promise.all(
    clients.map(async (db, index) => {
      for (let round = 0; round < 10; round += 1) {
        db.prepare('INSERT INTO t VALUES (?, ?)').run(`${index}-${round}`, round)
        db.prepare(`INSERT INTO t VALUES ('all', 1) ON CONFLICT DO UPDATE SET n = n + 1`).run()
        await (round % 2 === 0 ? db.push().catch(() => db.sync()) : db.pull())
      }
    }),
  )
  for (const db of [...clients, ...clients]) await db.sync()
  const [row] = await site.sql('SELECT count(*) FROM t')
  expect(row).toEqual(['31'])
  for (const db of clients) expect(contentOf(db)).toEqual(contentOf(first))
})
