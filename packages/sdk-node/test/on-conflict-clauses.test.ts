import { expect, test } from 'vitest'
import { SyncServer } from './sync-server.ts'

const clauses = ['ROLLBACK', 'ABORT', 'FAIL', 'IGNORE', 'REPLACE']

test.for(clauses)(
  'ON CONFLICT %s in a table acts where the statement ran: a row that others have is overwritten and told, one that does not fit stays pending',
  async (clause) => {
    await using server = new SyncServer()
    const a = await server.client('a.db')
    a.exec(
      `CREATE TABLE note (id INTEGER PRIMARY KEY ON CONFLICT ${clause}, title TEXT UNIQUE ON CONFLICT ${clause})`,
    )
    await a.push()
    const b = await server.client('b.db')
    a.exec(`INSERT INTO note VALUES (1, 'of a'), (2, 'wanted by both')`)
    await a.push()

    b.exec(`INSERT INTO note VALUES (1, 'of b')`)
    expect((await b.push()).conflicts).toMatchObject([
      { kind: 'insert/insert', remote: { id: 1n, title: 'of a' } },
    ])

    b.exec(`INSERT INTO note VALUES (3, 'wanted by both')`)
    await expect(b.push()).rejects.toMatchObject({
      code: 'TIDEMARK_REJECTED',
      sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE',
    })
    await b.pull()
    expect(await b.pending()).toMatchObject([
      { key: [3n], blocked: { sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE' } },
    ])
    await a.pull()
    for (const db of [a, b])
      expect(db.prepare('SELECT * FROM note').raw().all()).toEqual([
        [1, 'of b'],
        [2, 'wanted by both'],
      ])
    expect(await b.discard({ where: () => true })).toBe(1)
    expect(await b.push()).toMatchObject({ operations: 0 })
  },
)

test('REPLACE in a table: the row that it removed here is removed there, and nothing else', async () => {
  await using server = new SyncServer()
  const a = await server.client('a.db')
  a.exec(`CREATE TABLE note (id INTEGER PRIMARY KEY, title TEXT UNIQUE ON CONFLICT REPLACE);
    INSERT INTO note VALUES (1, 'one'), (2, 'two'), (3, 'three')`)
  await a.push()
  const b = await server.client('b.db')
  a.exec(`INSERT INTO note VALUES (4, 'one'); UPDATE note SET title = 'three' WHERE id = 2`)
  await a.push()
  await b.pull()
  expect(b.prepare('SELECT * FROM note').raw().all()).toEqual([
    [2, 'three'],
    [4, 'one'],
  ])
})
