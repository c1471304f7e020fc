import { describe, expect, test } from 'vitest'
import { capturedDatabase, contents, push, receiver } from '../../test/captured-database.ts'

const rows = "INSERT INTO t VALUES (9, 'd', NULL), (1, 'x', NULL), (2, 'y', 'x'), (3, 'z', 'x')"

describe.each(['SET NULL', 'SET DEFAULT', 'CASCADE'])('ON DELETE %s', (action) => {
  const sql = (key: string): string =>
    `CREATE TABLE t(id ${key} PRIMARY KEY, a UNIQUE ON CONFLICT REPLACE, b DEFAULT 'd' REFERENCES t(a) ON DELETE ${action})`
  test.each([
    ["a = 'x'", 'INT', false],
    ["a = 'x', b = 'x'", 'INT', false],
    ["a = 'x', b = 'd'", 'INT', false],
    ["id = 1, a = 'x'", 'INT', false],
    // With recursive triggers SQLite itself refuses the others, in a table with any AFTER DELETE trigger.
    ["id = 1, a = 'x'", 'INTEGER', true],
  ])(
    'I2: a row that takes the place of the one it refers to arrives as it is: SET %s (%s key, recursive triggers: %s)',
    (set, key, recursiveTriggers) => {
      const db = capturedDatabase(sql(key))
      const b = receiver(sql(key))
      db.exec(rows)
      push(db, b)
      db.pragma(`recursive_triggers = ${Number(recursiveTriggers)}`)
      db.exec(`UPDATE t SET b = NULL WHERE id = 2; UPDATE t SET b = 'x' WHERE id = 2`)
      db.exec(`UPDATE OR REPLACE t SET ${set} WHERE id = 2`)
      expect(db.pragma('foreign_key_check')).toEqual([])
      expect(push(db, b)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
      expect(contents(b.db)).toEqual(contents(db))
      expect(db.prepare('SELECT count(*) FROM tidemark_evicted WHERE shape > 0').pluck().get()).toBe(0)
    },
  )
})

test('what was done to the row before the statement stays, since other rows may rest on it', () => {
  const sql = 'CREATE TABLE t(id INTEGER PRIMARY KEY, a UNIQUE, b UNIQUE REFERENCES t(a) ON DELETE SET NULL)'
  const db = capturedDatabase(sql)
  const b = receiver(sql)
  db.exec("INSERT INTO t VALUES (1, 'x', NULL), (2, 'y', 'x'), (3, 'z', NULL)")
  push(db, b)
  db.exec("UPDATE t SET b = 'y' WHERE id = 2; UPDATE t SET b = 'x' WHERE id = 3")
  db.exec("UPDATE t SET b = NULL WHERE id = 3; UPDATE t SET b = 'x' WHERE id = 2")
  const before = db.prepare('SELECT count(*) FROM tidemark_cdc').pluck().get() as number
  db.exec("UPDATE OR REPLACE t SET a = 'z' WHERE id = 2")
  expect(db.prepare('SELECT count(*) FROM tidemark_cdc').pluck().get()).toBe(before + 2)
  db.exec("UPDATE OR REPLACE t SET a = 'x' WHERE id = 2")
  expect(push(db, b)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
  expect(contents(b.db)).toEqual(contents(db))
})
