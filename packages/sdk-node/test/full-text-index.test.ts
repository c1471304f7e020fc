import BetterSqlite3 from 'better-sqlite3'
import { expect, test } from 'vitest'
import type { Database } from '../src/index.ts'
import { SyncServer } from './sync-server.ts'

const NOTES = `CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT);
  INSERT INTO note VALUES ('1', 'high water'), ('2', 'low water'), ('3', 'deep water')`

/** Removes from an index the words that it must be told. */
const forget = `INSERT INTO found(found, rowid, body) VALUES ('delete', old.rowid, old.body)`
const add = 'INSERT INTO found(rowid, body) VALUES (new.rowid, new.body)'

const kinds: readonly (readonly [kind: string, create: string, fill: string])[] = [
  [
    'over the table',
    `CREATE VIRTUAL TABLE found USING fts5(body, content='note');
      CREATE TRIGGER note_in AFTER INSERT ON note BEGIN ${add}; END;
      CREATE TRIGGER note_out AFTER DELETE ON note BEGIN ${forget}; END;
      CREATE TRIGGER note_new AFTER UPDATE ON note BEGIN ${forget}; ${add}; END`,
    `INSERT INTO found(found) VALUES ('rebuild')`,
  ],
  [
    'over a view',
    `CREATE VIEW shown AS SELECT rowid AS id, body FROM note;
      CREATE VIRTUAL TABLE found USING fts5(body, content='shown', content_rowid='id');
      CREATE TRIGGER note_in AFTER INSERT ON note BEGIN ${add}; END;
      CREATE TRIGGER note_out AFTER DELETE ON note BEGIN ${forget}; END;
      CREATE TRIGGER note_new AFTER UPDATE ON note BEGIN ${forget}; ${add}; END`,
    `INSERT INTO found(found) VALUES ('rebuild')`,
  ],
  [
    'without content',
    `CREATE VIRTUAL TABLE found USING fts5(body, content='');
      CREATE TRIGGER note_in AFTER INSERT ON note WHEN new.body IS NOT NULL BEGIN ${add}; END;
      CREATE TRIGGER note_out AFTER DELETE ON note BEGIN ${forget}; END;
      CREATE TRIGGER note_new AFTER UPDATE ON note BEGIN ${forget}; ${add}; END`,
    'INSERT INTO found(rowid, body) SELECT rowid, body FROM note',
  ],
  [
    'without content, from which rows can be deleted',
    `CREATE VIRTUAL TABLE found USING fts5(body, content='', contentless_delete=1);
      CREATE TRIGGER note_in AFTER INSERT ON note BEGIN
        INSERT INTO found(rowid, body) SELECT new.rowid, (SELECT new.body) WHERE new.body IS NOT NULL OR 0; END;
      CREATE TRIGGER note_out AFTER DELETE ON note BEGIN DELETE FROM found WHERE rowid = old.rowid; END;
      CREATE TRIGGER note_new AFTER UPDATE ON note BEGIN INSERT OR REPLACE INTO found(rowid, body) VALUES (new.rowid, new.body); END`,
    'INSERT INTO found(rowid, body) SELECT rowid, body FROM note',
  ],
  [
    'with a content of its own under the rowids of the table',
    `CREATE VIRTUAL TABLE found USING fts5(body);
      CREATE TRIGGER note_in AFTER INSERT ON note BEGIN ${add}; END;
      CREATE TRIGGER note_out AFTER DELETE ON note BEGIN DELETE FROM found WHERE rowid = old.rowid; END;
      CREATE TRIGGER note_new AFTER UPDATE ON note BEGIN UPDATE found SET body = new.body WHERE rowid = new.rowid; END`,
    'INSERT INTO found(rowid, body) SELECT rowid, body FROM note',
  ],
]

/** The ids of the notes that the index finds. */
function found(db: Database, word: string): unknown[] {
  return db
    .prepare(`SELECT id FROM note WHERE rowid IN (SELECT rowid FROM found WHERE found MATCH ?) ORDER BY id`)
    .pluck()
    .all(word)
}

async function converge(...clients: readonly Database[]): Promise<void> {
  for (const db of [...clients, ...clients]) await db.sync()
  for (const db of clients) expect((await db.stats()).cdcOperations).toBe(0)
}

test.for(kinds)(
  'an index %s that is made over rows which are there has them everywhere',
  async ([, create, fill]) => {
    await using server = new SyncServer()
    const a = await server.client('a.db')
    a.exec(NOTES)
    await a.sync()
    const b = await server.client('b.db')
    a.exec(`${create}; ${fill}`)
    a.exec(`UPDATE note SET body = 'sea' WHERE id = '2'; DELETE FROM note WHERE id = '3'`)
    b.exec(`INSERT INTO note VALUES ('4', 'still water')`)
    await converge(a, b)
    for (const db of [a, b]) {
      expect(found(db, 'water')).toEqual(['1', '4'])
      expect(found(db, 'sea')).toEqual(['2'])
    }
    b.exec(`UPDATE note SET body = 'more sea' WHERE id = '1'; DELETE FROM note WHERE id = '2'`)
    await converge(b, a)
    for (const db of [a, b]) {
      expect(found(db, 'water')).toEqual(['4'])
      expect(found(db, 'sea')).toEqual(['1'])
    }
  },
)

test.for(kinds)('an index %s that is not pushed yet has all rows after a pull', async ([, create, fill]) => {
  await using server = new SyncServer()
  const a = await server.client('a.db')
  a.exec(NOTES)
  await a.sync()
  const b = await server.client('b.db')
  a.exec(`${create}; ${fill}; UPDATE note SET body = 'sea' WHERE id = '2'`)
  b.exec(`INSERT INTO note VALUES ('4', 'still water')`)
  await b.push()
  await a.pull()
  expect(found(a, 'water')).toEqual(['1', '3', '4'])
  expect(found(a, 'sea')).toEqual(['2'])
  await converge(a, b)
  expect(found(b, 'water')).toEqual(['1', '3', '4'])
})

test.for(kinds)('an index %s of a file that is adopted has its rows', async ([, create]) => {
  await using server = new SyncServer()
  const old = new BetterSqlite3(server.directory.file('old.db'))
  old.exec(NOTES.replace(';', `; ${create};`))
  old.close()
  const a = await server.client('old.db', { existing: 'adopt' })
  await converge(a)
  const b = await server.client('b.db')
  for (const db of [a, b]) expect(found(db, 'water')).toEqual(['1', '2', '3'])
  b.exec(`DELETE FROM note WHERE id = '2'`)
  await converge(b, a)
  expect(found(a, 'water')).toEqual(['1', '3'])
})

test.for(kinds)(
  'an index %s is kept by triggers that do other things too; these are done once',
  async ([, create]) => {
    await using server = new SyncServer()
    const a = await server.client('a.db')
    const also = `INSERT INTO log SELECT 'a; "END"' WHERE 1`
    a.exec(
      `${NOTES.split(';')[0]}; CREATE TABLE log (line TEXT); ${create.replaceAll('; END', `; ${also}; END`)}`,
    )
    await a.sync()
    const b = await server.client('b.db')
    a.exec(`INSERT INTO note VALUES ('1', 'high water')`)
    b.exec(`INSERT INTO note VALUES ('2', 'low water'), ('3', 'deep water'); DELETE FROM note WHERE id = '3'`)
    await converge(a, b)
    const lines = a.prepare('SELECT count(*) FROM log').pluck().get()
    for (const db of [a, b, await server.client('c.db')]) {
      expect(found(db, 'water')).toEqual(['1', '2'])
      expect(db.prepare('SELECT count(*) FROM log').pluck().get()).toBe(lines)
    }
    b.exec(`UPDATE note SET body = 'sea' WHERE id = '1'`)
    await converge(b, a)
    for (const db of [a, b]) {
      expect(found(db, 'water')).toEqual(['2'])
      expect(found(db, 'sea')).toEqual(['1'])
    }
  },
)

test('an R-Tree under the rowids of a table has the rows of both sides', async () => {
  await using server = new SyncServer()
  const a = await server.client('a.db')
  a.exec(`CREATE TABLE place (id TEXT PRIMARY KEY, x REAL); CREATE VIRTUAL TABLE box USING rtree(id, x0, x1);
    CREATE TRIGGER place_in AFTER INSERT ON place BEGIN INSERT INTO box VALUES (new.rowid, new.x, new.x + 1); END;
    CREATE TRIGGER place_out AFTER DELETE ON place BEGIN DELETE FROM box WHERE id = old.rowid; END`)
  await a.sync()
  const b = await server.client('b.db')
  a.exec(`INSERT INTO place VALUES ('a', 1)`)
  b.exec(`INSERT INTO place VALUES ('b', 5), ('gone', 6); DELETE FROM place WHERE id = 'gone'`)
  await converge(a, b)
  for (const db of [a, b])
    expect(
      db.prepare('SELECT p.id, x0 FROM box JOIN place AS p ON p.rowid = box.id ORDER BY 1').raw().all(),
    ).toEqual([
      ['a', 1],
      ['b', 5],
    ])
})

test('a row that the server refuses leaves nothing in an index, in the way of the next one', async () => {
  await using server = new SyncServer()
  const options = { onRejected: 'quarantine' } as const
  const a = await server.client('a.db', options)
  a.exec(`CREATE TABLE note (id INTEGER PRIMARY KEY, name TEXT UNIQUE); CREATE VIRTUAL TABLE found USING fts5(name);
    CREATE TRIGGER note_in AFTER INSERT ON note BEGIN INSERT INTO found(rowid, name) VALUES (new.id, new.name); END;
    CREATE TRIGGER note_out AFTER DELETE ON note BEGIN DELETE FROM found WHERE rowid = old.id; END`)
  await a.sync()
  const b = await server.client('b.db', options)
  a.exec(`INSERT INTO note VALUES (1, 'home')`)
  b.exec(`INSERT INTO note VALUES (2, 'home')`)
  for (const db of [a, b, a]) await db.sync()
  expect((await b.stats()).quarantined).toBe(1)
  for (const db of [a, b])
    expect(db.prepare('SELECT rowid, name FROM found').raw().all()).toEqual([[1, 'home']])
  a.exec(`INSERT INTO note (name) VALUES ('garden')`)
  await converge(a, b)
  expect(b.prepare('SELECT rowid, name FROM found').raw().all()).toEqual([
    [1, 'home'],
    [2, 'garden'],
  ])
})

test('rows of a full-text table that no trigger fills are synced as they are', async () => {
  await using server = new SyncServer()
  const a = await server.client('a.db')
  a.exec(`CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT); CREATE VIRTUAL TABLE found USING fts5(body);
    CREATE TRIGGER note_out AFTER DELETE ON note BEGIN DELETE FROM found WHERE rowid = old.id; END`)
  await a.sync()
  const b = await server.client('b.db')
  a.exec(`INSERT INTO note VALUES (1, 'high water'), (2, 'low water');
    INSERT INTO found(rowid, body) SELECT id, body FROM note; DELETE FROM note WHERE id = 2`)
  await converge(a, b)
  for (const db of [a, b])
    expect(db.prepare(`SELECT rowid FROM found WHERE found MATCH 'water'`).pluck().all()).toEqual([1])
})
