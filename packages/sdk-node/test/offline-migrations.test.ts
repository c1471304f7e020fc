import BetterSqlite3 from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import type { Conflict, Database } from '../src/index.ts'
import { contentOf, SyncServer } from './sync-server.ts'

const SCHEMA = `CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT, tag TEXT);
  INSERT INTO note VALUES ('1', 'one', 'x'), ('2', 'two', 'x'); PRAGMA user_version = 1`

interface Pair {
  readonly a: Database
  readonly b: Database
  readonly conflicts: Conflict[]
}

/** Two clients with the same rows. A change that the server refuses fails the push. */
async function pair(server: SyncServer, schema = SCHEMA): Promise<Pair> {
  const conflicts: Conflict[] = []
  const onConflict = (conflict: Conflict): void => void conflicts.push(conflict)
  const a = await server.client('a.db', { onConflict })
  a.exec(schema)
  await a.push()
  const b = await server.client('b.db', { onConflict })
  return { a, b, conflicts }
}

function run(db: Database, ...steps: string[]): void {
  for (const sql of steps) db.exec(`BEGIN; ${sql}; COMMIT`)
}

/** What another program runs on the file, which only its schema tells of. */
function runBeside(db: Database, sql: string): void {
  const other = new BetterSqlite3(db.name)
  other.exec(`BEGIN; ${sql}; COMMIT`)
  other.close()
}

async function syncAll(...clients: Database[]): Promise<void> {
  for (const db of [...clients, ...clients]) await db.sync()
  for (const db of clients) {
    expect((await db.stats()).cdcOperations).toBe(0)
    expect(contentOf(db)).toEqual(contentOf(clients[0]!))
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
  }
}

const rowsOf = (db: Database, table: string): unknown[] =>
  db.prepare(`SELECT * FROM ${table} ORDER BY 1`).raw().all()

describe('both run the same migrations, with rows of before and after', () => {
  test.for([
    [
      'a column is renamed',
      ['ALTER TABLE note RENAME COLUMN body TO content'],
      'note (id, content)',
      [null, 'x'],
    ],
    ['the table is renamed', ['ALTER TABLE note RENAME TO memo'], 'memo (id, body)', [null, 'x']],
    ['a column is dropped', ['ALTER TABLE note DROP COLUMN tag'], 'note (id, body)', []],
    [
      'one after the other',
      [
        'ALTER TABLE note ADD COLUMN prio INTEGER DEFAULT 1; CREATE INDEX note_tag ON note (tag)',
        'ALTER TABLE note RENAME COLUMN prio TO priority; ALTER TABLE note RENAME COLUMN body TO content',
        'DROP INDEX note_tag; ALTER TABLE note DROP COLUMN tag; ALTER TABLE note RENAME TO memo',
      ],
      'memo (id, content)',
      [1],
    ],
    [
      'the table is built anew, and then renamed',
      [
        `CREATE TABLE n (id TEXT PRIMARY KEY, content TEXT, slug TEXT NOT NULL);
         INSERT INTO n SELECT id, body, 's' FROM note; DROP TABLE note; ALTER TABLE n RENAME TO note`,
        `ALTER TABLE note ADD COLUMN done INTEGER DEFAULT 0; ALTER TABLE note RENAME TO memo`,
      ],
      'memo (id, content, slug)',
      ['s', 0],
    ],
  ] as const)('%s', async ([, migrations, columns, rest]) => {
    await using server = new SyncServer()
    const { a, b, conflicts } = await pair(server)
    const values = columns.includes('slug') ? `'after', 's'` : `'after'`
    for (const [name, db, id] of [
      ['a', a, 1],
      ['b', b, 2],
    ] as const) {
      run(
        db,
        `INSERT INTO note (id, body) VALUES ('${name}', 'before'); UPDATE note SET body = '${name}' WHERE id = '${id}'`,
        ...migrations,
        `INSERT INTO ${columns} VALUES ('${name}2', ${values})`,
      )
    }
    await a.sync()
    await syncAll(b, a)
    const table = columns.slice(0, columns.indexOf(' '))
    const told = rowsOf(a, table).map((row) => (row as unknown[]).slice(0, 2))
    expect(told).toEqual([
      ['1', 'a'],
      ['2', 'b'],
      ['a', 'before'],
      ['a2', 'after'],
      ['b', 'before'],
      ['b2', 'after'],
    ])
    if (columns.includes('slug') || rest.length === 1)
      expect((rowsOf(b, table).at(-2) as unknown[]).slice(2)).toEqual(rest)
    expect(Object.keys(contentOf(a))).toEqual([table])
    expect(conflicts).toEqual([])
  })

  test('with another program that drops the table first: values that only one has set in new columns stay', async () => {
    await using server = new SyncServer()
    const { a, b, conflicts } = await pair(server)
    const migration = `CREATE TABLE n (id TEXT PRIMARY KEY, body TEXT, tag TEXT, done INTEGER DEFAULT 0);
      INSERT INTO n (id, body, tag) SELECT * FROM note; DROP TABLE note; ALTER TABLE n RENAME TO note`
    runBeside(a, `${migration}; UPDATE note SET done = 1 WHERE id = '1'`)
    await a.sync()
    runBeside(b, `${migration}; UPDATE note SET done = 2 WHERE id = '2'`)
    await syncAll(b, a)
    expect(rowsOf(a, 'note')).toEqual([
      ['1', 'one', 'x', 1],
      ['2', 'two', 'x', 2],
    ])
    expect(conflicts).toEqual([])
  })

  test('a table that both have created, and then built anew, before they knew of each other', async () => {
    await using server = new SyncServer()
    const { a, b } = await pair(server)
    for (const [name, db] of Object.entries({ a, b }))
      run(
        db,
        `CREATE TABLE item (id TEXT PRIMARY KEY, v TEXT); INSERT INTO item VALUES ('${name}', 'before')`,
        `CREATE TABLE i (id TEXT PRIMARY KEY, v TEXT NOT NULL); INSERT INTO i SELECT * FROM item; DROP TABLE item; ALTER TABLE i RENAME TO item`,
      )
    await a.sync()
    await syncAll(b, a)
    expect(rowsOf(a, 'item')).toEqual([
      ['a', 'before'],
      ['b', 'before'],
    ])
  })

  test('a new table takes the place of the old one: what is in both is told where it differs', async () => {
    await using server = new SyncServer()
    const { a, b, conflicts } = await pair(server)
    for (const [name, db] of Object.entries({ a, b }))
      run(
        db,
        `INSERT INTO note (id, body) VALUES ('${name}', 'before')`,
        `CREATE TABLE m (id TEXT PRIMARY KEY, content TEXT); INSERT INTO m SELECT id, body FROM note;
         ALTER TABLE m RENAME TO memo; DROP TABLE note`,
        `INSERT INTO memo VALUES ('${name}2', 'after')`,
      )
    run(a, `UPDATE memo SET content = 'ONE' WHERE id = '1'`)
    await a.sync()
    await syncAll(b, a)
    expect(rowsOf(a, 'memo')).toEqual([
      ['1', 'one'],
      ['2', 'two'],
      ['a', 'before'],
      ['a2', 'after'],
      ['b', 'before'],
      ['b2', 'after'],
    ])
    expect(Object.keys(contentOf(a))).toEqual(['memo'])
    expect(conflicts.map(({ kind, remote }) => [kind, remote?.['content']])).toEqual([
      ['insert/insert', 'ONE'],
    ])
  })

  test('the key becomes another one: rows that others have are there once, new ones all', async () => {
    await using server = new SyncServer()
    const { a, b } = await pair(
      server,
      `CREATE TABLE item (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO item VALUES (1, 'one')`,
    )
    for (const [name, db] of Object.entries({ a, b }))
      run(
        db,
        `INSERT INTO item (v) VALUES ('${name}')`,
        `CREATE TABLE i (uid TEXT PRIMARY KEY, v TEXT); INSERT INTO i SELECT '${name}' || id, v FROM item; DROP TABLE item; ALTER TABLE i RENAME TO item`,
        `INSERT INTO item VALUES ('${name}9', 'after ${name}')`,
      )
    await a.sync()
    await syncAll(b, a)
    expect(rowsOf(a, 'item')).toEqual([
      ['a1', 'one'],
      ['a2', 'a'],
      ['a9', 'after a'],
      ['b2', 'b'],
      ['b9', 'after b'],
    ])
  })
})

describe('one runs a migration, the other one goes on with the table of before', () => {
  test('a column that another program renames keeps what others have put into it', async () => {
    await using server = new SyncServer()
    const { a, b, conflicts } = await pair(server)
    runBeside(b, 'ALTER TABLE note RENAME COLUMN body TO content')
    run(a, `INSERT INTO note VALUES ('a', 'a', 'a'); UPDATE note SET body = 'ONE' WHERE id = '1'`)
    await a.push()
    await syncAll(b, a)
    expect(rowsOf(a, 'note')).toEqual([
      ['1', 'ONE', 'x'],
      ['2', 'two', 'x'],
      ['a', 'a', 'a'],
    ])
    expect(conflicts).toEqual([])
  })

  test('values of a column that the new table does not have are told', async () => {
    await using server = new SyncServer()
    const { a, b, conflicts } = await pair(server)
    run(
      b,
      `CREATE TABLE n (id TEXT PRIMARY KEY, content TEXT); INSERT INTO n SELECT id, body FROM note; DROP TABLE note; ALTER TABLE n RENAME TO note`,
    )
    run(a, `INSERT INTO note VALUES ('a', 'a', NULL); UPDATE note SET body = 'ONE' WHERE id = '1'`)
    await a.push()
    await syncAll(b, a)
    expect(conflicts.map(({ kind, base, local, remote }) => [kind, base, local, remote])).toEqual([
      ['update/update', { id: '1', body: 'one', tag: 'x' }, { id: '1' }, { id: '1', body: 'ONE', tag: 'x' }],
      ['insert/insert', null, { id: 'a' }, { id: 'a', body: 'a', tag: null }],
    ])
  })

  test('rows are told where the new table has another key', async () => {
    await using server = new SyncServer()
    const { a, b, conflicts } = await pair(server)
    run(
      b,
      `CREATE TABLE n (uid TEXT PRIMARY KEY, body TEXT); INSERT INTO n SELECT 'u' || id, body FROM note; DROP TABLE note; ALTER TABLE n RENAME TO note`,
    )
    run(a, `INSERT INTO note VALUES ('a', 'a', 'a'); UPDATE note SET body = 'ONE' WHERE id = '1'`)
    await a.push()
    await syncAll(b, a)
    expect(conflicts.map(({ kind, local, remote }) => [kind, local, remote?.['body']])).toEqual([
      ['delete/update', null, 'ONE'],
      ['delete/update', null, 'a'],
    ])
  })

  test('the table is built anew and then renamed: what others have done is in the renamed one', async () => {
    await using server = new SyncServer()
    const { a, b, conflicts } = await pair(server)
    run(
      b,
      `CREATE TABLE n (id TEXT PRIMARY KEY, body TEXT NOT NULL, tag TEXT); INSERT INTO n SELECT * FROM note; DROP TABLE note; ALTER TABLE n RENAME TO note`,
      'ALTER TABLE note RENAME TO memo; ALTER TABLE memo RENAME COLUMN body TO content',
    )
    run(a, `INSERT INTO note VALUES ('a', 'a', 'a'); DELETE FROM note WHERE id = '2'`)
    await a.push()
    await syncAll(b, a)
    expect(rowsOf(a, 'memo')).toEqual([
      ['1', 'one', 'x'],
      ['a', 'a', 'a'],
    ])
    expect(conflicts).toEqual([])
  })

  test('a change that could not be made in the old table waits for the new one', async () => {
    await using server = new SyncServer()
    const { a, b, conflicts } = await pair(server, `CREATE TABLE item (id TEXT PRIMARY KEY, v TEXT UNIQUE)`)
    run(a, `INSERT INTO item VALUES ('a', 'v')`)
    await a.push()
    run(b, `INSERT INTO item VALUES ('b', 'v')`)
    await b.pull()
    expect(conflicts.map(({ kind }) => kind)).toEqual(['constraint'])
    run(
      b,
      `CREATE TABLE i (id TEXT PRIMARY KEY, v TEXT); INSERT INTO i SELECT * FROM item; DROP TABLE item; ALTER TABLE i RENAME TO item`,
    )
    run(a, `INSERT INTO item VALUES ('a2', 'w')`)
    await a.push()
    await syncAll(b, a)
    expect(rowsOf(a, 'item')).toEqual([
      ['a', 'v'],
      ['a2', 'w'],
      ['b', 'v'],
    ])
  })
})

describe('one has gone further than the other', () => {
  const V2 = `CREATE TABLE n (id TEXT PRIMARY KEY, body TEXT NOT NULL, tag TEXT); INSERT INTO n SELECT * FROM note;
    DROP TABLE note; ALTER TABLE n RENAME TO note; PRAGMA user_version = 2`
  const V3 = `CREATE TABLE n (id TEXT PRIMARY KEY, body TEXT NOT NULL, tag TEXT, done INTEGER DEFAULT 0); INSERT INTO n (id, body, tag) SELECT * FROM note;
    DROP TABLE note; ALTER TABLE n RENAME TO note; PRAGMA user_version = 3`

  test.for([
    ['the one who has is first', ['b', 'a']],
    ['the other one is first', ['a', 'b']],
  ] as const)('the table and user_version stay at the latest: %s', async ([, order]) => {
    await using server = new SyncServer()
    const clients = await pair(server)
    const { a, b, conflicts } = clients
    run(a, `INSERT INTO note VALUES ('a', 'before', 'a')`, V2, `INSERT INTO note VALUES ('a2', 'after', 'a')`)
    run(
      b,
      `INSERT INTO note VALUES ('b', 'before', 'b')`,
      V2,
      V3,
      `INSERT INTO note VALUES ('b3', 'after', 'b', 3)`,
    )
    for (const name of order) await clients[name].sync()
    await syncAll(a, b)
    expect(rowsOf(a, 'note')).toEqual([
      ['1', 'one', 'x', 0],
      ['2', 'two', 'x', 0],
      ['a', 'before', 'a', 0],
      ['a2', 'after', 'a', 0],
      ['b', 'before', 'b', 0],
      ['b3', 'after', 'b', 3],
    ])
    expect(a.pragma('user_version', { simple: true })).toBe(3)
    expect(conflicts).toEqual([])
  })

  test('a push that would set an older user_version is told to pull first; going back on purpose is possible', async () => {
    await using server = new SyncServer()
    const { a, b } = await pair(server)
    run(a, 'ALTER TABLE note ADD COLUMN p; PRAGMA user_version = 2')
    run(
      b,
      'ALTER TABLE note ADD COLUMN p; PRAGMA user_version = 2',
      'ALTER TABLE note ADD COLUMN q; PRAGMA user_version = 3',
    )
    await b.push()
    await a.push()
    await syncAll(a, b)
    expect(b.pragma('user_version', { simple: true })).toBe(3)
    run(a, 'ALTER TABLE note DROP COLUMN q; PRAGMA user_version = 2')
    await syncAll(a, b)
    expect(b.pragma('user_version', { simple: true })).toBe(2)
  })
})
