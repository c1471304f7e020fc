import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { contents, push, receiver } from '../../test/captured-database.ts'
import { captureDifference } from './difference.ts'
import { installCapture } from './install.ts'

test('I6: what changed while nothing captured is found by comparison', () => {
  const sql = `
    CREATE TABLE a(id INTEGER PRIMARY KEY, x UNIQUE, y);
    CREATE TABLE b(k TEXT, l, x, PRIMARY KEY(k, l)) WITHOUT ROWID;
    CREATE TABLE c(x, y);
    CREATE TABLE d(x);
    INSERT INTO a VALUES(1, 'p', 1),(2, 'q', 2),(3, 'r', 3);
    INSERT INTO b VALUES('1', 1, 'x'),('2', 2, 'y'),('3', 3, CAST(x'ff41' AS TEXT));
    INSERT INTO c VALUES(1, 2),(3, 4)`
  const base = new Database(':memory:')
  base.exec(sql)
  const current = new Database(base.serialize())
  current.exec(`
    UPDATE a SET x = 's' WHERE id = 1; UPDATE a SET x = 'p' WHERE id = 2; UPDATE a SET y = 9 WHERE id = 3;
    DELETE FROM b WHERE k = '1'; UPDATE b SET x = CAST(x'fe41' AS TEXT) WHERE k = '3'; INSERT INTO b VALUES('4', 4, 4.5);
    DELETE FROM c WHERE x = 1; INSERT INTO c VALUES(NULL, NULL);
    DROP TABLE d; CREATE TABLE e(x); INSERT INTO e VALUES(1); CREATE INDEX e_x ON e(x);
    PRAGMA user_version = 7`)
  installCapture(current, { firstChangeId: 10 })
  expect(captureDifference(base, current)).toBeGreaterThan(10)
  const server = receiver(sql)
  expect(push(current, server)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
  expect(contents(server.db)).toEqual(contents(current))
  expect(server.db.pragma('user_version', { simple: true })).toBe(7)
})

test('I6: rows without rowids are compared also where their keys are malformed text', () => {
  const sql = `
    CREATE TABLE t(k TEXT, l, v, PRIMARY KEY(k, l)) WITHOUT ROWID;
    INSERT INTO t VALUES('a', 1, 1), (CAST(x'fe' AS TEXT), 1, 1), (CAST(x'fe' AS TEXT), 2, 1), (CAST(x'ff00' AS TEXT), 1, 1), (CAST(x'ff01' AS TEXT), 1, 1)`
  const base = new Database(':memory:')
  base.exec(sql)
  const current = new Database(base.serialize())
  current.exec(`UPDATE t SET v = 2 WHERE l = 2; DELETE FROM t WHERE k = CAST(x'ff00' AS TEXT);
    INSERT INTO t VALUES(CAST(x'fd' AS TEXT), 1, CAST(x'fd' AS TEXT))`)
  installCapture(current, { firstChangeId: 1 })
  expect(captureDifference(base, current)).toBe(3)
  const server = receiver(sql)
  expect(push(current, server)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
  const rows = 'SELECT hex(k), l, hex(v) FROM t ORDER BY k, l'
  expect(server.db.prepare(rows).all()).toEqual(current.prepare(rows).all())
})
