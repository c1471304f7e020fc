import { RawText } from '@tidemark/protocol'
import type { SqlValue } from '@tidemark/protocol'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { capturedDatabase, contents, push, receiver } from '../../test/captured-database.ts'
import { adoptExisting } from './adopt-existing.ts'
import type { CapturedChange, CapturedRow } from './captured-change.ts'
import { writeCommitMarker } from './commit-marker.ts'
import { hasCapture, installCapture, removeCapture } from './install.ts'
import { capturedCount, maxChangeId, readCaptured } from './read-captured.ts'
import { toWireChange } from './to-wire-change.ts'

function changesOf(db: Database.Database): CapturedChange[] {
  return [...readCaptured(db, 0)]
}

function summary(db: Database.Database): unknown[] {
  return changesOf(db).map((change) =>
    'table' in change ? [change.kind, change.before, change.after] : [change.kind],
  )
}

test('I2: every value comes back with its storage class and its bits', () => {
  const values: SqlValue[] = [
    null,
    0n,
    2n ** 63n - 1n,
    -(2n ** 63n),
    1,
    0.1,
    Infinity,
    -Infinity,
    5e-324,
    '',
    'a\0b',
    '💧 ö \ufffd',
    Buffer.alloc(0),
    Buffer.from([0, 255]),
    new RawText(Buffer.from([0xff, 0x41])),
    new RawText(Buffer.from([0xed, 0xa0, 0x80])),
    'x'.repeat(1 << 20),
    Buffer.alloc(1 << 20, 7),
  ]
  const db = capturedDatabase('CREATE TABLE t(v)')
  const b = receiver('CREATE TABLE t(v)')
  for (const value of values) {
    if (value instanceof RawText) db.prepare('INSERT INTO t VALUES(CAST(? AS TEXT))').run(value.bytes)
    else db.prepare('INSERT INTO t VALUES(?)').run(value)
  }
  db.exec(
    "UPDATE t SET v = v; DELETE FROM t WHERE rowid < 3; INSERT INTO t VALUES(CAST(x'ff' AS TEXT) || char(65533))",
  )
  const inserted = changesOf(db).filter((change): change is CapturedRow => change.kind === 'insert')
  expect(inserted.slice(0, values.length).map((change) => change.after![0])).toEqual(values)
  expect(push(db, b)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
  expect(contents(b.db)).toEqual(contents(db))
})

test('a REAL column keeps -0.0 apart from 0.0 as far as SQLite does, and NaN is NULL', () => {
  const db = capturedDatabase('CREATE TABLE t(v REAL)')
  db.prepare('INSERT INTO t VALUES(?), (?), (?)').run(-0, 3, Number.NaN)
  const stored = db.prepare('SELECT v FROM t').pluck().all()
  expect(changesOf(db).map((change) => ('after' in change ? change.after![0] : change.kind))).toEqual(stored)
})

test('an update sends what has changed, nothing if nothing has', () => {
  const db = capturedDatabase(
    'CREATE TABLE t(id INTEGER PRIMARY KEY, a, b, c); INSERT INTO t VALUES(1, 1, 0.0, NULL)',
  )
  db.exec('UPDATE t SET a = 1, b = -0.0; UPDATE t SET a = 1.0, c = NULL; UPDATE t SET a = a')
  const wire = changesOf(db).map((change) => toWireChange(change))
  expect(wire.filter((change) => change !== null).length).toBeLessThan(3)
  expect(wire.at(-2)).toMatchObject({
    kind: 'update',
    key: [1n],
    columns: [1],
    values: [1],
    expectedColumns: [1],
    expected: [1n],
  })
  expect(wire.at(-1)).toBeNull()
})

test('all rows of one statement have the same time, and a row replaced by its key is an update', () => {
  const db = capturedDatabase('CREATE TABLE t(id INTEGER PRIMARY KEY, a)')
  db.exec(
    "INSERT INTO t VALUES(1, 'a'), (2, 'b'), (3, 'c'); INSERT OR REPLACE INTO t VALUES(2, 'B'), (4, 'd')",
  )
  db.exec(
    "INSERT OR IGNORE INTO t VALUES(2, 'x'); INSERT INTO t VALUES(2, 'y') ON CONFLICT DO UPDATE SET a = excluded.a",
  )
  expect(
    new Set(
      changesOf(db)
        .slice(0, 3)
        .map((change) => change.timeMs),
    ).size,
  ).toBe(1)
  expect(summary(db).slice(3)).toEqual([
    ['update', [2n, 'b'], [2n, 'B']],
    ['insert', null, [4n, 'd']],
    ['update', [2n, 'B'], [2n, 'y']],
  ])
  expect(capturedCount(db, 0)).toBe(6)
})

test('rows evicted through another unique key are deletes, before what evicts them', () => {
  const db = capturedDatabase('CREATE TABLE t(id INTEGER PRIMARY KEY, a UNIQUE, b UNIQUE)')
  db.exec(
    "INSERT INTO t VALUES(1, 'a', 'x'), (2, 'b', 'y'), (3, 'c', 'z'); INSERT OR REPLACE INTO t VALUES(3, 'a', 'y')",
  )
  expect(summary(db).slice(3)).toEqual([
    ['delete', [1n, 'a', 'x'], null],
    ['delete', [2n, 'b', 'y'], null],
    ['update', [3n, 'c', 'z'], [3n, 'a', 'y']],
  ])
})

test('DELETE without WHERE and cascades are captured row by row', () => {
  const db = capturedDatabase(`
    CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(id INTEGER PRIMARY KEY, p REFERENCES p ON DELETE CASCADE);
    INSERT INTO p VALUES(1), (2); INSERT INTO c VALUES(1, 1), (2, 2), (3, 1)`)
  db.exec('DELETE FROM p')
  expect(changesOf(db).map((change) => change.kind)).toEqual(Array.from({ length: 5 }, () => 'delete'))
})

describe('what follows an update to the row itself is one change with it', () => {
  const children =
    "INSERT INTO t VALUES ('z', NULL, NULL), ('a', 'a', NULL), ('b', 'a', NULL), ('c', 'a', NULL), ('d', 'b', NULL)"
  test.each([
    ['a key', 'id TEXT PRIMARY KEY NOT NULL, up REFERENCES t(id) ON UPDATE CASCADE, x', ''],
    [
      'a key without rowid',
      'id TEXT PRIMARY KEY, up REFERENCES t(id) ON UPDATE CASCADE, x',
      ' WITHOUT ROWID',
    ],
    ['a unique column', 'id UNIQUE, up REFERENCES t(id) ON UPDATE CASCADE, x', ''],
    ['ON UPDATE SET NULL', 'id TEXT PRIMARY KEY NOT NULL, up REFERENCES t ON UPDATE SET NULL, x', ''],
    ['ON UPDATE SET DEFAULT', "id PRIMARY KEY, up DEFAULT 'z' REFERENCES t ON UPDATE SET DEFAULT, x", ''],
    [
      'two foreign keys',
      'id TEXT PRIMARY KEY, up REFERENCES t ON UPDATE CASCADE, x REFERENCES t ON UPDATE SET NULL',
      '',
    ],
  ])('%s', (_, columns, options) => {
    const sql = `CREATE TABLE t(${columns})${options}; CREATE TABLE log(up);
      CREATE TRIGGER logged AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (NEW.up), (OLD.up); END`
    const db = capturedDatabase(sql)
    const b = receiver(sql)
    db.exec(`PRAGMA foreign_keys = OFF; ${children}`)
    expect(push(db, b)).toMatchObject({ type: 'ok' })
    db.exec("PRAGMA foreign_keys = ON; BEGIN; DELETE FROM t WHERE id = 'd'; UPDATE t SET x = id")
    db.exec("INSERT INTO t VALUES ('d', 'd', NULL)")
    db.exec(
      "UPDATE t SET id = 'e', x = 'b' WHERE id = 'a'; UPDATE t SET id = id || id WHERE id <> 'z'; COMMIT",
    )
    db.exec("UPDATE OR REPLACE t SET id = 'bb' WHERE id = 'ee'")
    db.exec("PRAGMA foreign_keys = OFF; UPDATE t SET id = 'f', up = 'f', x = 'f' WHERE id = 'dd'")
    expect(push(db, b)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
    expect(contents(b.db)).toEqual(contents(db))
  })

  test('the row as it was, and as it is in the end', () => {
    const db = capturedDatabase(
      'CREATE TABLE t(id INTEGER PRIMARY KEY, parent REFERENCES t ON UPDATE CASCADE, a); INSERT INTO t VALUES(1, 1, 0), (2, 1, 0)',
    )
    db.exec('UPDATE t SET id = 9, a = 5 WHERE id = 1')
    expect(changesOf(db)).toMatchObject([
      { kind: 'update', before: [2n, 1n, 0n], after: [2n, 9n, 0n] },
      { kind: 'update', before: [1n, 1n, 0n], after: [9n, 9n, 5n] },
    ])
  })
})

test('change ids only go up, also when what they counted is gone, and start where they are told', () => {
  const db = capturedDatabase('CREATE TABLE t(x)')
  expect(maxChangeId(db)).toBe(0)
  db.exec('INSERT INTO t VALUES(1), (2)')
  installCapture(db, { firstChangeId: 1 })
  expect(maxChangeId(db)).toBe(2)
  installCapture(db, { firstChangeId: 1000 })
  expect(maxChangeId(db)).toBe(999)
  expect(capturedCount(db, 0)).toBe(2)
  db.exec('INSERT INTO t VALUES(3)')
  expect(changesOf(db).map((change) => change.changeId)).toEqual([1, 2, 999, 1000])
  expect([...readCaptured(db, 2)].map((change) => change.changeId)).toEqual([999, 1000])
})

test('a commit marker is read as such, and sends nothing', () => {
  const db = capturedDatabase('CREATE TABLE t(x)')
  db.exec('BEGIN; INSERT INTO t VALUES(1)')
  writeCommitMarker(db, 0)
  db.exec('COMMIT')
  expect(changesOf(db).map((change) => change.kind)).toEqual(['insert', 'commit'])
  expect(
    changesOf(db)
      .map((change) => toWireChange(change))
      .at(-1),
  ).toBeNull()
})

test('I7: a reader takes changes as it goes, and leaves the connection free between two of them', () => {
  const db = capturedDatabase('CREATE TABLE t(x); CREATE TABLE u(x)')
  const insert = db.prepare('INSERT INTO t VALUES(zeroblob(100000))')
  for (let row = 0; row < 50; row += 1) insert.run()
  db.exec('INSERT INTO u VALUES(1)')
  let read = 0
  for (const change of readCaptured(db, 0)) {
    if (change.kind === 'insert') db.exec('INSERT INTO u VALUES(2); CREATE TABLE IF NOT EXISTS other(x)')
    read += 1
  }
  expect(read).toBe(51)
})

test('what cannot be captured is refused when capture is installed', () => {
  const columns = Array.from({ length: 991 }, (_, index) => `c${index}`)
  expect(() => capturedDatabase(`CREATE TABLE t(${columns.join()})`)).toThrow(/991 columns/)
  expect(() => capturedDatabase('CREATE TABLE t(rowid, oid, _rowid_)')).toThrow(/cannot be told apart/)
  const fine = capturedDatabase(`CREATE TABLE t(${columns.slice(1).join()})`)
  fine.exec('INSERT INTO t(c990) VALUES(1)')
  expect(changesOf(fine)).toHaveLength(1)
})

test('capture can be removed without a trace', () => {
  const db = capturedDatabase('CREATE TABLE t(x); CREATE VIRTUAL TABLE f USING fts5(x)')
  expect(hasCapture(db)).toBe(true)
  removeCapture(db)
  expect(hasCapture(db)).toBe(false)
  expect(db.prepare("SELECT name FROM sqlite_schema WHERE name LIKE 'tidemark%'").all()).toEqual([])
})

test('an adopted file is captured whole: every object and every row', () => {
  const db = new Database(':memory:')
  db.exec(`
    CREATE TABLE "a b"(id INTEGER PRIMARY KEY, "c ""d""", g AS (id + 1)); CREATE TABLE k(x); CREATE TABLE w(k PRIMARY KEY, v) WITHOUT ROWID;
    CREATE INDEX i ON k(x); CREATE VIEW v AS SELECT * FROM k; CREATE TRIGGER t AFTER INSERT ON k BEGIN DELETE FROM w; END;
    INSERT INTO "a b"(id, "c ""d""") VALUES(1, 'x'), (7, CAST(x'ff' AS TEXT)); INSERT INTO k(rowid, x) VALUES(5, 1), (9, 1); INSERT INTO w VALUES('k', 1);
    PRAGMA user_version = 3; PRAGMA application_id = 4`)
  installCapture(db, { firstChangeId: 1 })
  adoptExisting(db)
  const b = receiver()
  expect(push(db, b)).toMatchObject({ type: 'ok', rowids: [] })
  expect(contents(b.db)).toEqual(contents(db))
  expect(b.db.prepare('SELECT rowid FROM k').pluck().all()).toEqual([5, 9])
  expect(b.db.pragma('user_version', { simple: true })).toBe(3)
  db.exec('INSERT INTO k VALUES(2)')
  expect(push(db, b)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
  expect(contents(b.db)).toEqual(contents(db))
})

test('a row that took the place of another one with the same values does not come before it', () => {
  const sql = 'CREATE TABLE t(id INTEGER PRIMARY KEY DESC, a, b)'
  const db = capturedDatabase(sql)
  db.exec("INSERT INTO t VALUES (2, 1, 'A'), ('x', 1, 'A')")
  db.transaction(() => {
    db.exec('INSERT OR REPLACE INTO t VALUES (2, NULL, 1)')
    db.exec("UPDATE OR REPLACE t SET id = 2 WHERE id = 'x'")
    // As fast as a machine may be.
    db.exec('UPDATE tidemark_cdc SET change_time = 1')
  })()
  const b = receiver(sql)
  expect(push(db, b)).toMatchObject({ type: 'ok' })
  expect(contents(b.db)).toEqual(contents(db))
})
