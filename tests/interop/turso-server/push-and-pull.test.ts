import BetterSqlite3 from 'better-sqlite3'
import { expect, test } from 'vitest'
import { contentOf, tursoRows, TursoSite } from './turso-site.ts'

test('a new database: clients of both kinds bootstrap, push and pull, both ways', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec('CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT); CREATE TABLE line (word)')
  a.exec(`INSERT INTO note VALUES ('1', 'by a'), ('2', 'by a'), ('3', 'by a'); INSERT INTO line VALUES ('a')`)
  expect(await a.push()).toMatchObject({ operations: 6, batches: 1, revision: '' })
  const b = await site.client('b.db')
  const turso = await site.turso('turso.db')
  expect(contentOf(b)).toEqual(contentOf(a))

  b.exec(`UPDATE note SET body = 'by b' WHERE id = '2'; INSERT INTO line VALUES ('b')`)
  await b.sync()
  await turso.exec(`DELETE FROM note WHERE id = '3'`)
  await turso.exec(`INSERT INTO note VALUES ('4', 'by turso')`)
  await turso.exec(`INSERT INTO line VALUES ('turso')`)
  await turso.push()
  expect(await a.pull()).toBe(true)
  expect(await b.pull()).toBe(true)
  await turso.pull()

  expect(contentOf(a)).toEqual({
    line: [{ word: 'a' }, { word: 'b' }, { word: 'turso' }],
    note: [
      { id: '1', body: 'by a' },
      { id: '2', body: 'by b' },
      { id: '4', body: 'by turso' },
    ],
  })
  expect(contentOf(b)).toEqual(contentOf(a))
  expect(await tursoRows(turso, 'SELECT * FROM note ORDER BY id')).toEqual(contentOf(a)['note'])
  expect(await a.pull()).toBe(false)
  expect((await a.stats()).cdcOperations).toBe(0)
  await turso.close()
})

test('a file that is to be replaced, and a server that is still empty: what was in the file is gone', async () => {
  await using site = await TursoSite.start()
  const old = new BetterSqlite3(site.path('a.db'))
  old.exec(`CREATE TABLE old (x); INSERT INTO old VALUES (1)`)
  old.close()
  const a = await site.client('a.db', { existing: 'replace' })
  expect(contentOf(a)).toEqual({})
  a.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)')
  await a.sync()
  const b = await site.client('b.db')
  expect(contentOf(b)).toEqual({ t: [{ x: 1 }] })
})

test('a file that is adopted pushes all of itself to an empty server; one without a URL waits for it', async () => {
  await using site = await TursoSite.start()
  const own = new BetterSqlite3(site.path('a.db'))
  own.exec(`CREATE TABLE own (id TEXT PRIMARY KEY, x); INSERT INTO own VALUES ('1', 1.5), ('2', NULL)`)
  own.close()
  const a = await site.client('a.db', { existing: 'adopt' })
  await a.sync()
  let url: string | null = null
  const b = await site.client('b.db', { url: () => url })
  b.exec('CREATE TABLE later (x); INSERT INTO later VALUES (1)')
  await expect(b.push()).rejects.toMatchObject({ code: 'TIDEMARK_SYNC_PAUSED' })
  url = site.url
  await b.sync()
  await a.pull()
  expect(contentOf(a)).toEqual({
    later: [{ x: 1 }],
    own: [
      { id: '1', x: 1.5 },
      { id: '2', x: null },
    ],
  })
  expect(contentOf(b)).toEqual(contentOf(a))
})
