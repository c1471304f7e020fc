import { describe, expect, test } from 'vitest'
import type { Database, PendingChange, PendingFilter } from '../src/index.ts'
import { alone, pair } from './people.ts'
import { SyncServer } from './sync-server.ts'

/** All pages, as an application reads them: each behind the last change of the one before, until one is empty. */
async function pagesOf(db: Database, filter: PendingFilter): Promise<PendingChange[][]> {
  const pages: PendingChange[][] = []
  for (let after = 0; ;) {
    const page = await db.pending({ ...filter, after })
    const last = page.at(-1)
    if (last === undefined) return pages
    pages.push(page)
    after = last.changeId
  }
}

const sizes = (pages: readonly PendingChange[][]): number[] => pages.map((page) => page.length)

describe('pending changes, page by page', () => {
  test('are the same as all at once, also of one table, and where a page ends within a statement', async () => {
    await using server = new SyncServer()
    const [, b] = await pair(server)
    b.exec(`CREATE TRIGGER seen BEFORE INSERT ON person BEGIN INSERT INTO log VALUES (NEW.mail); END`)
    b.exec(`INSERT INTO person (id, mail) VALUES (2, 'b'), (3, 'c'), (4, 'd')`)
    b.exec(`REPLACE INTO person (id, mail) VALUES (2, 'B'), (3, 'd')`)
    b.exec('DELETE FROM person WHERE id = 2')
    const all = await b.pending()
    expect(all.some((change) => change.kind === 'update')).toBe(true)
    for (let limit = 1; limit <= all.length; limit += 1)
      expect((await pagesOf(b, { limit })).flat()).toEqual(all)
    const ofTable = all.filter((change) => change.kind !== 'schema' && change.table === 'person')
    expect((await pagesOf(b, { limit: 2, table: 'PERSON' })).flat()).toEqual(ofTable)
  })

  test('hold up to the bytes that are given, 16 MiB unless told otherwise, and one change at least', async () => {
    await using server = new SyncServer()
    const [, b] = await pair(server)
    const insert = b.prepare('INSERT INTO log VALUES (?)')
    b.transaction(() => {
      for (let index = 0; index < 5; index += 1) insert.run('ü'.repeat(1000))
      for (let index = 0; index < 3; index += 1) insert.run(Buffer.alloc(8 << 20))
    })()
    expect(sizes(await pagesOf(b, { maxBytes: 1 }))).toEqual([1, 1, 1, 1, 1, 1, 1, 1])
    expect(sizes(await pagesOf(b, { maxBytes: 2000 }))).toEqual([1, 1, 1, 1, 1, 1, 1, 1])
    expect(sizes(await pagesOf(b, { maxBytes: 2001 }))).toEqual([2, 2, 2, 1, 1])
    expect(sizes(await pagesOf(b, { maxBytes: 2001, limit: 1 }))).toEqual([1, 1, 1, 1, 1, 1, 1, 1])
    expect(sizes(await pagesOf(b, { limit: 3 }))).toEqual([3, 3, 2])
    expect(sizes(await pagesOf(b, {}))).toEqual([7, 1])
    expect(sizes(await pagesOf(b, { maxBytes: 1 << 30 }))).toEqual([8])
  })

  test('count both images of an update, and the SQL of a schema change', async () => {
    await using server = new SyncServer()
    const [, b] = await pair(server)
    b.exec(`INSERT INTO log VALUES ('x')`)
    await b.push()
    b.prepare('UPDATE log SET line = ?').run('y'.repeat(600))
    b.prepare('UPDATE log SET line = ?').run('z'.repeat(600))
    b.exec(`CREATE TABLE "${'n'.repeat(1200)}" (a); CREATE TABLE more (a)`)
    expect(sizes(await pagesOf(b, { maxBytes: 1200 }))).toEqual([2, 1, 1])
  })

  test('go on where they were when some have been pushed or discarded meanwhile', async () => {
    await using server = new SyncServer()
    const [, b] = await pair(server)
    for (const line of ['one', 'two', 'three']) alone(b, `INSERT INTO log VALUES ('${line}')`)
    const [one, two, three] = await b.pending()
    await b.discard({ changeIds: [two!.changeId] })
    expect(await b.pending({ after: two!.changeId })).toEqual([three])
    expect(await b.pending({ after: one!.changeId })).toEqual([three])
    await b.push()
    alone(b, `INSERT INTO log VALUES ('four')`)
    expect(await b.pending({ after: one!.changeId })).toMatchObject([{ after: { line: 'four' } }])
    expect(await b.pending({ after: Number.MAX_SAFE_INTEGER })).toEqual([])
  })

  test('have blocked changes in their places, and changes that were put back at the end', async () => {
    await using server = new SyncServer()
    const [a, b] = await pair(server)
    alone(b, `INSERT INTO person (id, mail) VALUES (2, 'x')`)
    await b.push()
    const [entry] = await b.rejected()
    alone(b, `INSERT INTO person (id, mail) VALUES (3, 'y')`)
    alone(b, `INSERT INTO person (id, mail) VALUES (4, 'z')`)
    a.exec(`INSERT INTO person (id, mail) VALUES (5, 'y')`)
    await a.push()
    const before = (await b.pending()).map(({ changeId }) => changeId)
    await b.pull()
    await b.retryRejected(entry!.id, { row: { mail: 'free' } })
    const all = await b.pending()
    expect(all).toMatchObject([
      { changeId: before[0], key: [3n], blocked: { sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE' } },
      { changeId: before[1], key: [4n], blocked: null },
      { key: [2n], blocked: null },
    ])
    expect(await pagesOf(b, { limit: 1 })).toEqual(all.map((change) => [change]))
  })

  test.each<PendingFilter>([{ after: -1 }, { after: 0.5 }, { maxBytes: 0 }, { limit: 0 }])(
    'are refused with %j',
    async (filter) => {
      await using server = new SyncServer()
      const db = await server.client('a.db')
      await expect(db.pending(filter)).rejects.toThrow(`filter.${Object.keys(filter)[0]}`)
    },
  )
})
