import BetterSqlite3 from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import type { Database } from '../src/index.ts'
import { alone, mails, SCHEMA } from './people.ts'
import { contentOf, SyncServer } from './sync-server.ts'

describe('discard', () => {
  async function edited(server: SyncServer): Promise<[Database, Database]> {
    const a = await server.client('a.db')
    a.exec(`${SCHEMA}; INSERT INTO person (id, mail) VALUES (1, 'one'), (2, 'two'), (3, 'three');
      CREATE TRIGGER person_log AFTER UPDATE OF mail ON person BEGIN INSERT INTO log VALUES (new.mail); END`)
    await a.push()
    const b = await server.client('b.db')
    alone(b, `UPDATE person SET stars = 1 WHERE id = 1`)
    alone(b, `UPDATE person SET mail = 'zwei' WHERE id = 2`)
    alone(b, `DELETE FROM person WHERE id = 3`)
    alone(b, `INSERT INTO person (id, mail) VALUES (4, 'four')`)
    alone(b, `UPDATE person SET stars = 2 WHERE id = 1`)
    return [a, b]
  }

  test.for([
    [
      'by table',
      { table: 'PERSON' },
      5,
      [
        [1, 'one', 0],
        [2, 'two', 0],
        [3, 'three', 0],
      ],
    ],
    [
      'by key',
      { table: 'person', key: [1] },
      2,
      [
        [1, 'one', 0],
        [2, 'zwei', 0],
        [4, 'four', 0],
      ],
    ],
    [
      'by predicate',
      { where: (change: { kind: string }) => change.kind === 'delete' },
      1,
      [
        [1, 'one', 2],
        [2, 'zwei', 0],
        [3, 'three', 0],
        [4, 'four', 0],
      ],
    ],
    [
      'by predicate, the last of a row',
      {
        where: (change: { kind: string; after?: { stars?: unknown } | null }) => change.after?.stars === 2n,
      },
      1,
      [
        [1, 'one', 1],
        [2, 'zwei', 0],
        [4, 'four', 0],
      ],
    ],
    [
      'nothing',
      { table: 'unknown' },
      0,
      [
        [1, 'one', 2],
        [2, 'zwei', 0],
        [4, 'four', 0],
      ],
    ],
  ] as const)(
    '%s: the rows are as on the server, and both sides converge',
    async ([, filter, count, rows]) => {
      await using server = new SyncServer()
      const [a, b] = await edited(server)
      const before = await b.pending()
      expect(await b.discard(filter as never, { dryRun: true })).toBe(count)
      expect(await b.pending()).toEqual(before)
      expect(await b.discard(filter as never)).toBe(count)
      expect(b.prepare('SELECT id, mail, stars FROM person ORDER BY id').raw().all()).toEqual(rows)
      await b.sync()
      await a.pull()
      expect(contentOf(a)).toEqual(contentOf(b))
    },
  )

  test('a filter that says nothing, or nonsense, is refused', async () => {
    await using server = new SyncServer()
    const db = await server.client('a.db')
    for (const filter of [
      {},
      { key: [1] },
      { rejected: 1, table: 't' },
      { misspelled: 1 },
      { changeIds: 3 },
      { where: 1 },
    ])
      await expect(db.discard(filter as never)).rejects.toMatchObject({ code: 'TIDEMARK_OPTIONS' })
  })

  test('after changes that are pushed and not yet pulled: those stay, and ids are not given out again (I3)', async () => {
    await using server = new SyncServer()
    const a = await server.client('a.db')
    a.exec(SCHEMA)
    a.exec(`INSERT INTO person (id, mail) VALUES (1, 'pushed')`)
    await a.push()
    a.exec(`INSERT INTO person (id, mail) VALUES (2, 'dropped')`)
    const dropped = (await a.pending())[0]!.changeId
    expect(await a.discard({ table: 'person' })).toBe(1)
    expect(mails(a)).toEqual([[1, 'pushed']])
    expect((await a.stats()).cdcOperations).toBe(0)
    a.exec(`INSERT INTO person (id, mail) VALUES (3, 'later')`)
    expect((await a.pending())[0]!.changeId).toBeGreaterThan(dropped)
    await a.sync()
    expect(contentOf(await server.client('b.db'))).toEqual(contentOf(a))
  })

  test('works before the first pull, when there is no server yet', async () => {
    await using server = new SyncServer()
    let url: string | null = null
    const a = server.open('a.db', { url: () => url })
    a.exec(SCHEMA)
    a.exec(`INSERT INTO person (id, mail) VALUES (1, 'one')`)
    a.exec(`INSERT INTO person (id, mail) VALUES (2, 'two')`)
    expect(await a.discard({ table: 'person', key: [1n] })).toBe(1)
    expect(mails(a)).toEqual([[2, 'two']])
    a.close()
    const again = server.open('a.db', { url: () => url })
    expect(mails(again)).toEqual([[2, 'two']])
    url = server.url()
    await again.sync()
    expect(contentOf(await server.client('b.db'))).toEqual(contentOf(again))
  })

  test('waits while the application writes, and other programs see either state', async () => {
    await using server = new SyncServer()
    const [, b] = await edited(server)
    const other = new BetterSqlite3(server.directory.file('b.db'))
    other.exec(`BEGIN IMMEDIATE; INSERT INTO log VALUES ('other')`)
    await expect(b.discard({ table: 'person' })).rejects.toMatchObject({ code: 'TIDEMARK_BUSY' })
    expect((await b.stats()).cdcOperations).toBe(6)
    other.exec('COMMIT')
    expect(await b.discard({ table: 'person' })).toBe(5)
    expect(other.prepare('SELECT count(*) FROM person').pluck().get()).toBe(3)
    other.close()
    expect(await b.pending()).toHaveLength(2)
  })
})
