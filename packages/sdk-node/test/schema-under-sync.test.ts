import BetterSqlite3 from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import type { Conflict, Database } from '../src/index.ts'
import { contentOf, SyncServer } from './sync-server.ts'

const SCHEMA = 'CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT, stars INTEGER DEFAULT 0)'

/** Two clients with one note; `b` has a pending update, delete and insert when `remote` runs and is pushed by `a`. */
async function alteredUnder(
  server: SyncServer,
  remote: string,
  options: Parameters<SyncServer['client']>[1] = {},
): Promise<{ a: Database; b: Database; conflicts: Conflict[] }> {
  const conflicts: Conflict[] = []
  const a = await server.client('a.db')
  a.exec(`${SCHEMA}; INSERT INTO note (id, body) VALUES (1, 'one'), (2, 'two')`)
  await a.push()
  const b = await server.client('b.db', { ...options, onConflict: (conflict) => conflicts.push(conflict) })
  b.exec(
    `UPDATE note SET stars = 5 WHERE id = 1; DELETE FROM note WHERE id = 2; INSERT INTO note (id, body) VALUES (3, 'three')`,
  )
  a.exec(remote)
  await a.push()
  return { a, b, conflicts }
}

async function expectConverged(a: Database, b: Database): Promise<void> {
  for (const db of [b, a, b]) await db.sync()
  expect(contentOf(a)).toEqual(contentOf(b))
  expect(schemaOf(a)).toEqual(schemaOf(b))
  for (const db of [a, b]) {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
    expect((await db.stats()).cdcOperations).toBe(0)
  }
}

function schemaOf(db: Database): unknown[] {
  return db
    .prepare(`SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'tidemark%' ORDER BY type, name`)
    .all()
}

describe('what others do to a table with changes pending', () => {
  test('dropped: the changes are blocked and told, then set aside; they can be put into another table or thrown away', async () => {
    await using server = new SyncServer()
    const { a, b, conflicts } = await alteredUnder(server, 'DROP TABLE note', { onRejected: 'quarantine' })
    await b.pull()
    expect(conflicts.map(({ kind, key }) => [kind, key[0]])).toEqual([
      ['constraint', 1n],
      ['constraint', 2n],
      ['constraint', 3n],
    ])
    expect(conflicts[0]!.reason).toEqual({ sqliteCode: 'SQLITE_ERROR', message: 'no such table: note' })
    const pending = await b.pending()
    expect(pending.map(({ blocked }) => blocked?.message)).toEqual(Array(3).fill('no such table: note'))
    await expectConverged(a, b)
    const rejected = await b.rejected()
    // With its table the row that was updated is gone: what is left of the update is the row as it was here.
    expect(rejected.flatMap(({ changes }) => changes)).toMatchObject([
      { kind: 'insert', after: { id: 1n, body: 'one', stars: 5n } },
      { kind: 'delete' },
      { kind: 'insert', after: { body: 'three' } },
    ])

    a.exec(SCHEMA)
    await a.push()
    await b.pull()
    for (const { id } of rejected) await b.retryRejected(id)
    await expectConverged(a, b)
    expect(a.prepare('SELECT id, body, stars FROM note ORDER BY id').raw().all()).toEqual([
      [1, 'one', 5],
      [3, 'three', 0],
    ])
  })

  test('dropped, without quarantine: a discard lets the rest go on', async () => {
    await using server = new SyncServer()
    const { a, b } = await alteredUnder(server, 'DROP TABLE note')
    b.exec(`CREATE TABLE other (x); INSERT INTO other VALUES ('kept')`)
    await b.pull()
    await expect(b.sync()).rejects.toMatchObject({ code: 'TIDEMARK_REJECTED', table: 'note' })
    expect(await b.discard({ where: ({ blocked }) => blocked !== null })).toBe(3)
    await expectConverged(a, b)
    expect(contentOf(a)).toEqual({ other: [{ x: 'kept' }] })
  })

  test('renamed: the changes wait, and go in when the table is back under its name', async () => {
    await using server = new SyncServer()
    const { a, b } = await alteredUnder(server, 'ALTER TABLE note RENAME TO memo')
    await b.pull()
    expect((await b.pending()).map(({ blocked }) => blocked?.message)).toEqual(
      Array(3).fill('no such table: note'),
    )
    expect(b.prepare('SELECT count(*) FROM memo').pluck().get()).toBe(2)
    a.exec('ALTER TABLE memo RENAME TO note')
    await a.push()
    await b.pull()
    expect((await b.pending()).map(({ blocked }) => blocked)).toEqual([null, null, null])
    await expectConverged(a, b)
    expect(a.prepare('SELECT id, stars FROM note ORDER BY id').raw().all()).toEqual([
      [1, 5],
      [3, 0],
    ])
  })

  test.for([
    ['a column added', `ALTER TABLE note ADD COLUMN tag TEXT DEFAULT 'new'; UPDATE note SET tag = 'old'`],
    [
      'an unchanged column dropped and added again',
      `ALTER TABLE note DROP COLUMN stars; ALTER TABLE note ADD COLUMN stars INTEGER DEFAULT 0`,
    ],
    [
      'columns in another order',
      `CREATE TABLE copy (stars INTEGER DEFAULT 0, extra TEXT, body TEXT, id INTEGER PRIMARY KEY);
       INSERT INTO copy (id, body, stars) SELECT id, body, stars FROM note; DROP TABLE note; ALTER TABLE copy RENAME TO note`,
    ],
    [
      'an index, a view and a trigger added',
      `CREATE INDEX note_stars ON note (stars); CREATE VIEW starred AS SELECT * FROM note WHERE stars > 0;
       CREATE TABLE log (line); CREATE TRIGGER note_in AFTER INSERT ON note BEGIN INSERT INTO log VALUES (new.body); END`,
    ],
  ])('%s: the changes go in by column names, and fire nothing', async (pair) => {
    const [, remote] = pair as [string, string]
    await using server = new SyncServer()
    const { a, b, conflicts } = await alteredUnder(server, remote)
    await expectConverged(a, b)
    expect(conflicts).toEqual([])
    expect(a.prepare('SELECT id, body, stars FROM note ORDER BY id').raw().all()).toEqual([
      [1, 'one', 5],
      [3, 'three', 0],
    ])
    if ('log' in contentOf(a)) expect(contentOf(a)['log']).toEqual([])
    b.exec(`INSERT INTO note (id, body) VALUES (4, 'four')`)
    await expectConverged(a, b)
  })

  test('a column renamed: changes that carry the old name are blocked until discarded', async () => {
    await using server = new SyncServer()
    const { a, b } = await alteredUnder(server, 'ALTER TABLE note RENAME COLUMN stars TO rating')
    await b.pull()
    expect((await b.pending()).map(({ blocked }) => blocked?.message)).toEqual(
      Array(3).fill('table note has no column named stars'),
    )
    await b.discard({ table: 'note' })
    await expectConverged(a, b)
  })

  test('a column renamed, and the changes set aside: what to do with them is told', async () => {
    await using server = new SyncServer()
    const { a, b } = await alteredUnder(server, 'ALTER TABLE note RENAME COLUMN stars TO rating', {
      onRejected: 'quarantine',
    })
    await expectConverged(a, b)
    const [entry] = await b.rejected()
    await expect(b.retryRejected(entry!.id)).rejects.toThrow(
      `table note has no column named stars. What was set aside was made on another schema: write its values where they belong now, then drop it with discard({ rejected: ${entry!.id} })`,
    )
    expect(await b.discard({ rejected: entry!.id })).toBe(entry!.changes.length)
  })

  test('both sides add the same column, and create the same table', async () => {
    await using server = new SyncServer()
    const { a, b } = await alteredUnder(
      server,
      'ALTER TABLE note ADD COLUMN tag TEXT; CREATE TABLE shared (id INTEGER PRIMARY KEY, x)',
    )
    b.exec(`ALTER TABLE note ADD COLUMN tag TEXT; CREATE TABLE shared (id INTEGER PRIMARY KEY, x); INSERT INTO shared VALUES (1, 'b');
      UPDATE note SET tag = 'b'`)
    await expectConverged(a, b)
    expect(a.prepare('SELECT x FROM shared').pluck().all()).toEqual(['b'])
    expect(a.prepare('SELECT DISTINCT tag FROM note').pluck().all()).toEqual(['b'])
  })
})

test('a change blocked by a unique value goes into its table when the value is free again', async () => {
  await using server = new SyncServer()
  const a = await server.client('a.db')
  a.exec('CREATE TABLE person (id INTEGER PRIMARY KEY, mail TEXT UNIQUE)')
  await a.push()
  const b = await server.client('b.db')
  b.exec(`INSERT INTO person VALUES (2, 'x')`)
  a.exec(`INSERT INTO person VALUES (1, 'x')`)
  await a.push()
  await b.pull()
  expect(await b.pending()).toMatchObject([
    {
      key: [2n],
      blocked: { sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE', message: 'UNIQUE constraint failed: person.mail' },
    },
  ])
  expect(b.prepare('SELECT id FROM person').pluck().all()).toEqual([1])
  a.exec('DELETE FROM person')
  await a.push()
  await b.pull()
  expect(await b.pending()).toMatchObject([{ key: [2n], blocked: null }])
  expect(b.prepare('SELECT id FROM person').pluck().all()).toEqual([2])
  await expectConverged(a, b)
})

test('triggers and cascades act once, wherever their rows arrive', async () => {
  await using server = new SyncServer()
  const a = await server.client('a.db')
  a.pragma('foreign_keys = ON')
  a.exec(`CREATE TABLE parent (id INTEGER PRIMARY KEY, children INTEGER DEFAULT 0);
    CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE);
    CREATE TABLE log (line TEXT);
    CREATE TRIGGER child_in AFTER INSERT ON child BEGIN UPDATE parent SET children = children + 1 WHERE id = new.parent; END;
    CREATE TRIGGER child_out AFTER DELETE ON child BEGIN INSERT INTO log VALUES ('out ' || old.id); END;
    INSERT INTO parent (id) VALUES (1), (2), (3)`)
  await a.push()
  const b = await server.client('b.db')
  b.pragma('foreign_keys = ON')
  a.exec('INSERT INTO child VALUES (10, 1), (20, 2); DELETE FROM parent WHERE id = 2')
  b.exec(
    'INSERT INTO child VALUES (11, 1), (30, 3), (31, 3); UPDATE parent SET id = 33 WHERE id = 3; DELETE FROM child WHERE id = 31',
  )
  await a.push()
  await b.pull()
  await expectConverged(a, b)
  expect(a.prepare('SELECT id, parent FROM child ORDER BY id').raw().all()).toEqual([
    [10, 1],
    [11, 1],
    [30, 33],
  ])
  expect(a.prepare('SELECT line FROM log ORDER BY line').pluck().all()).toEqual(['out 20', 'out 31'])
  expect(a.prepare('SELECT children FROM parent WHERE id = 33').pluck().get()).toBe(2)
  expect(a.pragma('foreign_key_check')).toEqual([])
})

test('generated columns are computed where they arrive, and are never pushed', async () => {
  await using server = new SyncServer()
  const a = await server.client('a.db')
  a.exec(`CREATE TABLE item (id INTEGER PRIMARY KEY, price REAL, count INTEGER, total AS (price * count) STORED, label AS ('#' || id));
    CREATE INDEX item_total ON item (total); INSERT INTO item (price, count) VALUES (1.5, 2)`)
  await a.push()
  const b = await server.client('b.db')
  b.exec('UPDATE item SET count = 4; INSERT INTO item (price, count) VALUES (2, 3)')
  a.exec('UPDATE item SET price = 2.5')
  await a.push()
  await b.pull()
  await expectConverged(a, b)
  expect(a.prepare('SELECT total, label FROM item ORDER BY id').raw().all()).toEqual([
    [10, '#1'],
    [6, '#2'],
  ])
  expect((await b.pending()).length).toBe(0)
})

test('FTS5 and R-Tree tables arrive usable, with changes of both sides, for any SQLite program', async () => {
  await using server = new SyncServer()
  const a = await server.client('a.db')
  a.exec(`CREATE VIRTUAL TABLE doc USING fts5(title, body);
    CREATE TABLE page (id INTEGER PRIMARY KEY, body TEXT);
    CREATE VIRTUAL TABLE page_index USING fts5(body, content='page', content_rowid='id');
    CREATE TRIGGER page_in AFTER INSERT ON page BEGIN INSERT INTO page_index(rowid, body) VALUES (new.id, new.body); END;
    CREATE VIRTUAL TABLE box USING rtree(id, x0, x1, y0, y1);
    INSERT INTO doc VALUES ('first', 'sea and tide'); INSERT INTO page VALUES (1, 'low water'); INSERT INTO box VALUES (1, 0, 1, 0, 1)`)
  await a.push()
  const b = await server.client('b.db')
  b.exec(
    `INSERT INTO doc VALUES ('second', 'tide mark'); INSERT INTO page VALUES (2, 'high water'); INSERT INTO box VALUES (2, 5, 6, 5, 6)`,
  )
  a.exec(
    `UPDATE doc SET body = 'sea only' WHERE title = 'first'; INSERT INTO page VALUES (3, 'deep water'); DELETE FROM box WHERE id = 1`,
  )
  await a.push()
  await b.pull()
  for (const db of [b, a, b]) await db.sync()
  for (const name of ['a.db', 'b.db']) {
    const foreign = new BetterSqlite3(server.directory.file(name), { readonly: true })
    const all = (sql: string): unknown[] => foreign.prepare(sql).pluck().all()
    expect(all(`SELECT title FROM doc WHERE doc MATCH 'tide'`)).toEqual(['second'])
    expect(all(`SELECT title FROM doc WHERE doc MATCH 'sea' ORDER BY title`)).toEqual(['first'])
    expect(all(`SELECT rowid FROM page_index WHERE page_index MATCH 'water' ORDER BY rowid`)).toEqual([
      1, 2, 3,
    ])
    expect(all('SELECT id FROM box WHERE x0 > 4 AND x1 < 7')).toEqual([2])
    expect(all('SELECT count(*) FROM box')).toEqual([1])
    foreign.close()
  }
  for (const db of [a, b]) {
    db.exec(
      `INSERT INTO doc(doc) VALUES ('integrity-check'); INSERT INTO page_index(page_index, rank) VALUES ('integrity-check', 1)`,
    )
    expect(db.prepare(`SELECT rtreecheck('box')`).pluck().get()).toBe('ok')
  }
})

test('a table and a column whose name is empty are like any other', async () => {
  await using server = new SyncServer()
  const a = await server.client('a.db')
  a.exec(`CREATE TABLE "" ("" PRIMARY KEY, body); INSERT INTO "" VALUES (1, 'one'), (2, 'two')`)
  await a.sync()
  const b = await server.client('b.db')
  b.exec(`UPDATE "" SET "" = 3 WHERE "" = 1; INSERT INTO "" VALUES (4, 'four')`)
  a.exec(`ALTER TABLE "" ADD COLUMN stars DEFAULT 5; DELETE FROM "" WHERE "" = 2`)
  await a.push()
  await expectConverged(a, b)
  expect(contentOf(a)).toEqual({
    '': [
      { '': 3n, body: 'one', stars: 5n },
      { '': 4n, body: 'four', stars: 5n },
    ],
  })
})
