import { describe, expect, test } from 'vitest'
import { capturedDatabase } from '../../test/captured-database.ts'
import { capturedChanges, maxChangeId, readCaptured, readCapturedFrom } from './read-captured.ts'

const SCHEMA = `
  CREATE TABLE t(id INTEGER PRIMARY KEY, a UNIQUE, b);
  CREATE TABLE child(v, t REFERENCES t(id) ON DELETE CASCADE);
  CREATE TABLE log(line);
  CREATE TRIGGER logged BEFORE INSERT ON t BEGIN
    INSERT INTO log VALUES (NEW.id);
    INSERT OR IGNORE INTO t VALUES (NEW.id + 10, NULL, 'by the trigger');
  END;
  INSERT INTO t VALUES (1, 'a', 0), (2, 'b', 0), (3, 'c', 0);
  INSERT INTO child VALUES ('x', 1), ('y', 1), ('z', 3)`

describe('reading from any change on', () => {
  test.each([
    ['a row with the same key', "REPLACE INTO t VALUES (1, 'A', 1)"],
    ['several', "REPLACE INTO t VALUES (1, 'A', 1), (2, 'B', 1), (13, 'C', 1)"],
    ['others too', "REPLACE INTO t VALUES (1, 'b', 1), (4, 'c', 1)"],
    [
      'the same row several times',
      "REPLACE INTO t VALUES (1, 'A', 1), (1, 'B', 2); REPLACE INTO t VALUES (1, 'C', 3)",
    ],
    [
      'none',
      "INSERT INTO t VALUES (1, 'A', 1) ON CONFLICT DO NOTHING; INSERT OR IGNORE INTO t VALUES (5, 'A', 1)",
    ],
  ])('gives the later part of the same changes, where statements replace %s', (_, sql) => {
    const db = capturedDatabase(SCHEMA)
    db.exec(sql)
    db.exec(`UPDATE t SET b = b + 1; ${sql}; DELETE FROM t`)
    const all = [...readCaptured(db, 0)]
    expect(all.some(({ kind }) => kind === 'update')).toBe(true)
    for (let afterId = 0; afterId <= maxChangeId(db) + 1; afterId += 1) {
      const later = all.filter(({ changeId }) => changeId > afterId)
      expect([...readCapturedFrom(db, afterId)]).toEqual(later)
      expect([...readCapturedFrom(db, afterId, later[0]?.changeId)]).toEqual(later.slice(0, 1))
    }
  })
})

test('changes are found by their ids, wherever they are among others', () => {
  const db = capturedDatabase(SCHEMA)
  db.exec("REPLACE INTO t VALUES (1, 'A', 1), (2, 'B', 1); DELETE FROM t; INSERT INTO t VALUES (7, 'a', 0)")
  const all = [...readCaptured(db, 0)]
  const some = [all[1]!, all.at(-1)!]
  const ids = [...some.toReversed().map(({ changeId }) => changeId), maxChangeId(db) + 5]
  expect([...capturedChanges(db, ids).values()]).toEqual(some)
  expect(capturedChanges(db, []).size).toBe(0)
})
