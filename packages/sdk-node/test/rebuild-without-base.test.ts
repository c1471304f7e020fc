/**
 * A migration is often run by a tool of its own while the application is closed, which empties the WAL: then
 * the base is known to nobody. Mostly the server has it still.
 */
import BetterSqlite3 from 'better-sqlite3'
import { expect, test } from 'vitest'
import type { Conflict, Database } from '../src/index.ts'
import { contentOf, OwnSyncServer } from './sync-server.ts'

/** A history that goes back a few revisions only. */
const FORGETFUL = { historyBytes: 65_536, historySegmentBytes: 65_536, checkpointFrames: 4 }

/** Lets the server forget the revisions that it has now. */
async function forget(db: Database): Promise<void> {
  for (let round = 0; round < 15; round += 1) {
    db.exec(
      `INSERT INTO log VALUES (hex(randomblob(6000))); DELETE FROM log WHERE rowid < (SELECT max(rowid) FROM log)`,
    )
    await db.push()
  }
}

test.for([
  ['the server has forgotten it', true],
  ['the server has it still', false],
] as const)(
  'a table is built anew while the replica is closed, its base is not there any more, %s',
  async ([, isForgotten]) => {
    await using server = await OwnSyncServer.start(FORGETFUL)
    const a = await server.client('a.db')
    a.exec(`CREATE TABLE log (noise TEXT);
    CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT);
    INSERT INTO note VALUES (1, 'one'), (2, 'two'), (3, 'three'), (4, 'four');
    CREATE TABLE entry (body TEXT); INSERT INTO entry VALUES ('x'), ('x'), ('y');
    CREATE TABLE pair (a TEXT, b TEXT, body TEXT, PRIMARY KEY (a, b)); INSERT INTO pair VALUES ('p', NULL, 'one'), ('p', 'q', 'two')`)
    await a.push()
    const first = await server.client('b.db')
    first.exec(`UPDATE note SET body = 'mine' WHERE id = 3; DELETE FROM note WHERE id = 4; DELETE FROM entry WHERE body = 'y';
    INSERT INTO note VALUES (8, 'eight')`)
    first.close()
    const tool = new BetterSqlite3(server.directory.file('b.db'))
    tool.exec(`BEGIN;
    CREATE TABLE new_note (id INTEGER PRIMARY KEY, body TEXT NOT NULL, done INTEGER DEFAULT 0);
    INSERT INTO new_note (id, body) SELECT id, body FROM note; DROP TABLE note; ALTER TABLE new_note RENAME TO note;
    CREATE TABLE new_entry (body TEXT, done INTEGER DEFAULT 0);
    INSERT INTO new_entry (body) SELECT body FROM entry; DROP TABLE entry; ALTER TABLE new_entry RENAME TO entry;
    CREATE TABLE new_pair (a TEXT, b TEXT, body TEXT, done INTEGER DEFAULT 0, PRIMARY KEY (a, b));
    INSERT INTO new_pair (a, b, body) SELECT a, b, body FROM pair; DROP TABLE pair; ALTER TABLE new_pair RENAME TO pair;
    COMMIT; PRAGMA wal_checkpoint(TRUNCATE)`)
    tool.close()
    a.exec(`UPDATE note SET body = 'ONE' WHERE id = 1; UPDATE note SET body = 'theirs' WHERE id = 3;
    INSERT INTO note VALUES (9, 'nine'); INSERT INTO entry VALUES ('x'), ('z'); INSERT INTO pair VALUES ('p', NULL, 'three'), ('p', 'r', 'four')`)
    await a.push()
    if (isForgotten) await forget(a)

    const conflicts: Conflict[] = []
    const b = await server.client('b.db', { onConflict: (conflict) => conflicts.push(conflict) })
    await b.sync()
    await a.pull()
    expect(contentOf(a)).toEqual(contentOf(b))
    expect(b.prepare('SELECT id, body FROM note ORDER BY id').raw().all()).toEqual([
      [1, isForgotten ? 'one' : 'ONE'],
      [2, 'two'],
      [3, 'mine'],
      [8, 'eight'],
      [9, 'nine'],
    ])
    expect(b.prepare('SELECT body FROM entry ORDER BY body').pluck().all()).toEqual(['x', 'x', 'x', 'z'])
    expect(b.prepare('SELECT body FROM pair ORDER BY body').pluck().all()).toEqual([
      'four',
      'one',
      'three',
      'two',
    ])
    const told = conflicts.map(({ kind, local, remote }) => [kind, local?.['body'], remote?.['body']])
    if (isForgotten) expect(told).toContainEqual(['update/update', 'one', 'ONE'])
    expect(told).toContainEqual(['update/update', 'mine', 'theirs'])
  },
)
