import { temporaryDirectory } from '@tidemark/testkit'
import { describe, expect, test } from 'vitest'
import { expectConverged, tidemarkOfTheRun, TursoClients, tursoRows } from '../peers/turso-client.ts'
import { TursoServer } from '../peers/turso-server.ts'

const SCHEMA = [
  'CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT)',
  'CREATE TABLE log (line TEXT)',
  "CREATE TRIGGER item_log AFTER INSERT ON item BEGIN INSERT INTO log VALUES ('new ' || new.id); END",
]
const FAMILY = [
  'CREATE TABLE parent (id INTEGER PRIMARY KEY)',
  'CREATE TABLE child (id INTEGER PRIMARY KEY, parent REFERENCES parent ON DELETE CASCADE)',
  'INSERT INTO parent VALUES (1), (2)',
  'INSERT INTO child VALUES (10, 1), (20, 2)',
]

async function ask(database: TursoClients, statements: readonly string[]): Promise<void> {
  for (const sql of statements) await database.remote(sql)
}

const tidemark = tidemarkOfTheRun()

describe('a trigger of the database', () => {
  test('fires in the client, which pushes what it did; on a Tidemark server it does not fire again', async () => {
    const database = tidemark.database()
    await ask(database, SCHEMA)
    const [alice, bob] = [await database.connect(), await database.connect()]
    await alice.exec("INSERT INTO item VALUES (1, 'a')")
    expect(await tursoRows(alice, 'SELECT line FROM log')).toEqual([['new 1']])
    await alice.push()
    await bob.exec("INSERT INTO item VALUES (2, 'b')")
    await bob.push()
    await database.remote("INSERT INTO item VALUES (3, 'by SQL')")
    const held = await expectConverged(database.remote, [alice, bob])
    expect(held['log']).toEqual([['text "new 1"'], ['text "new 2"'], ['text "new 3"']])
  })

  test('on Turso’s own server it fires a second time', async () => {
    using directory = temporaryDirectory()
    await using server = await TursoServer.start(`${directory.path}/server.db`)
    const database = new TursoClients(directory.path, server.url, 'client')
    await ask(database, SCHEMA)
    const alice = await database.connect()
    await alice.exec("INSERT INTO item VALUES (1, 'a')")
    await alice.push()
    expect(await database.remote('SELECT line FROM log')).toEqual([['new 1'], ['new 1']])
    await database.closeAll()
  })

  test('is renamed with its column; the client sends that change twice, which is no error', async () => {
    const database = tidemark.database()
    await ask(database, [
      ...SCHEMA.slice(0, 2),
      'CREATE TRIGGER item_log AFTER INSERT ON item BEGIN INSERT INTO log VALUES(new.name); END',
    ])
    const alice = await database.connect()
    await alice.exec('ALTER TABLE item RENAME COLUMN name TO title')
    await alice.exec("INSERT INTO item VALUES (1, 'a')")
    await alice.push()
    await database.remote("INSERT INTO item (id, title) VALUES (2, 'b')")
    const held = await expectConverged(database.remote, [alice])
    expect(held['log']).toEqual([['text "a"'], ['text "b"']])
  })

  test('that a client creates or drops is not pushed', async () => {
    const database = tidemark.database()
    await ask(database, SCHEMA)
    const alice = await database.connect()
    await alice.exec('DROP TRIGGER item_log')
    await alice.exec('CREATE TRIGGER mine AFTER DELETE ON item BEGIN DELETE FROM log; END')
    await alice.exec("INSERT INTO item VALUES (1, 'a')")
    await alice.push()
    expect(await database.remote("SELECT name FROM sqlite_schema WHERE type = 'trigger'")).toEqual([
      ['item_log'],
    ])
    expect(await database.remote('SELECT * FROM log')).toEqual([])
  })
})

describe('a foreign key’s cascade', () => {
  const cascade = async (database: TursoClients): Promise<unknown[]> => {
    await ask(database, FAMILY)
    const alice = await database.connect()
    await alice.exec('PRAGMA foreign_keys = ON')
    await alice.exec('DELETE FROM parent WHERE id = 1')
    expect(await tursoRows(alice, 'SELECT id FROM child')).toEqual([[20n]])
    await alice.push()
    await alice.pull()
    expect(await tursoRows(alice, 'SELECT id FROM child')).toEqual([[10n], [20n]])
    return database.remote('SELECT id FROM child')
  }

  test('happens in the client, which does not push it: the push is accepted, and the pull brings the children back', async () => {
    expect(await cascade(tidemark.database())).toEqual([[10n], [20n]])
  })

  test('the same on Turso’s own server', async () => {
    using directory = temporaryDirectory()
    await using server = await TursoServer.start(`${directory.path}/server.db`)
    const database = new TursoClients(directory.path, server.url, 'client')
    expect(await cascade(database)).toEqual([[10n], [20n]])
    await database.closeAll()
  })
})
