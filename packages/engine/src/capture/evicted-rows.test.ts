import { describe, expect, test } from 'vitest'
import { capturedDatabase, contents, push, receiver } from '../../test/captured-database.ts'

interface Replacement {
  readonly schema: string
  readonly rows: string
  readonly statement: string
}

function expectArrival({ schema, rows, statement }: Replacement): void {
  const db = capturedDatabase(schema)
  const b = receiver(schema)
  db.exec(rows)
  push(db, b)
  db.exec(statement)
  expect(push(db, b)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
  expect(contents(b.db)).toEqual(contents(db))
}

describe('I2: what REPLACE has removed is captured where the application’s triggers write to the table meanwhile', () => {
  const table = 'CREATE TABLE t(id INTEGER PRIMARY KEY, a UNIQUE, place UNIQUE, note)'
  const trigger = (body: string): string =>
    `${table}; CREATE TRIGGER x BEFORE INSERT ON t WHEN NEW.note IS NOT NULL BEGIN ${body}; END`
  const rows = "INSERT INTO t VALUES (1, 'x', 8, NULL), (2, 'y', 7, NULL), (3, 'z', 6, NULL)"
  test.each([
    ['insert a row', "INSERT INTO t VALUES (9, 'w', 9, NULL)"],
    ['leave a row out', "INSERT OR IGNORE INTO t VALUES (9, 'z', 9, NULL)"],
    ['replace another row', "REPLACE INTO t VALUES (9, 'z', 9, NULL)"],
    ['move other rows', 'UPDATE t SET place = place + 100 WHERE place >= NEW.place'],
    ['change the row that goes', "UPDATE t SET note = 'old' WHERE a = NEW.a"],
    ['change the row that goes, and its key', "UPDATE t SET id = 77, note = 'old' WHERE a = NEW.a"],
    [
      'change the key of the row that goes and change it back',
      "UPDATE t SET id = 77 WHERE a = NEW.a; UPDATE t SET id = 1, note = 'old' WHERE id = 77",
    ],
  ])('%s', (_, body) => {
    expectArrival({ schema: trigger(body), rows, statement: "REPLACE INTO t VALUES (5, 'x', 7, 'new')" })
  })
})

describe.each(['INT', 'INTEGER', 'TEXT'])(
  'two rows that go, one of which refers to the other (%s key)',
  (key) => {
    const schema = (action: string): string =>
      `CREATE TABLE t(id ${key} PRIMARY KEY, a UNIQUE, b DEFAULT 'd' REFERENCES t(a) ON DELETE ${action}, c UNIQUE)`
    const rows = "INSERT INTO t VALUES (9, 'd', NULL, 0), (2, 'x', NULL, 1), (4, 'z', 'x', 2)"
    test.each(['SET NULL', 'SET DEFAULT', 'CASCADE'])('ON DELETE %s', (action) => {
      for (const statement of [
        "REPLACE INTO t VALUES (2, 'z', NULL, 5)",
        "REPLACE INTO t VALUES (4, 'x', NULL, 5)",
        "REPLACE INTO t VALUES (5, 'z', NULL, 1)",
        "REPLACE INTO t VALUES (5, 'x', NULL, 2)",
        "UPDATE OR REPLACE t SET a = 'x', c = 2 WHERE id = 9",
      ])
        expectArrival({ schema: schema(action), rows, statement })
    })
  },
)

test.each([
  ['ON CONFLICT (parent, name) DO UPDATE SET id = 50', 'SELECT 1'],
  ['ON CONFLICT DO NOTHING', 'UPDATE folder SET id = 50 WHERE id = 5'],
])(
  'a row whose key changes is not taken for one that went while the change goes on to others: %s',
  (upsert, then) => {
    expectArrival({
      schema:
        'CREATE TABLE folder(id INTEGER PRIMARY KEY, parent REFERENCES folder ON UPDATE CASCADE, name, UNIQUE(parent, name))',
      rows: "INSERT INTO folder VALUES (1, NULL, 'root'), (5, 1, 'x'), (6, 5, 'y')",
      statement: `INSERT INTO folder(parent, name) VALUES (1, 'x') ${upsert}; ${then}`,
    })
  },
)

test('NULL that becomes a default removes the row that has it', () => {
  const schema = (key: string): string =>
    `CREATE TABLE t(id ${key} NOT NULL DEFAULT 'k' PRIMARY KEY, a UNIQUE NOT NULL DEFAULT 5, b)`
  const rows = "INSERT INTO t VALUES ('k', 5, 'x'), ('l', 6, 'y'), ('m', 7, 'z')"
  for (const key of ['TEXT', 'TEXT COLLATE NOCASE'])
    for (const statement of [
      "REPLACE INTO t VALUES ('n', NULL, 'new')",
      "REPLACE INTO t VALUES (NULL, 8, 'new')",
      "UPDATE OR REPLACE t SET a = NULL WHERE id = 'l'",
      "UPDATE OR REPLACE t SET id = NULL WHERE id = 'l'",
    ])
      expectArrival({ schema: schema(key), rows, statement })
})

test.each(['', ' WITHOUT ROWID'])('a key that compares otherwise than its column%s', (options) => {
  const rows = "INSERT INTO t VALUES ('A', 1), ('b', 2), ('c', 3)"
  const loose = `CREATE TABLE t(k TEXT, v, PRIMARY KEY(k COLLATE NOCASE))${options}`
  expectArrival({ schema: loose, rows, statement: "REPLACE INTO t VALUES ('a', 3)" })
  expectArrival({ schema: loose, rows, statement: "UPDATE OR REPLACE t SET k = 'a' WHERE k = 'b'" })
  const strict = `CREATE TABLE t(k TEXT COLLATE NOCASE, v, PRIMARY KEY(k COLLATE BINARY))${options}`
  const both = `${rows}, ('a', 1)`
  expectArrival({ schema: strict, rows: both, statement: "UPDATE t SET v = 9 WHERE k COLLATE BINARY = 'a'" })
  expectArrival({ schema: strict, rows: both, statement: "DELETE FROM t WHERE k COLLATE BINARY = 'a'" })
})

test('upserts and rows left out do not pile up what they put aside, each read again by the next (I7)', () => {
  const db = capturedDatabase('CREATE TABLE t(id INTEGER PRIMARY KEY, a UNIQUE, n)')
  const numbers = 'WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 200) INSERT'
  db.exec(`${numbers} INTO t(a) SELECT i FROM s`)
  const aside = db.prepare<[], number>('SELECT count(*) FROM tidemark_evicted WHERE shape > 0').pluck()
  db.exec(`${numbers} INTO t(a) SELECT i FROM s WHERE 1 ON CONFLICT (a) DO UPDATE SET n = 1`)
  expect(aside.get()).toBeLessThan(10)
  db.exec(`${numbers} OR IGNORE INTO t(a) SELECT i FROM s`)
  expect(aside.get()).toBeLessThan(10)
})

test.each([
  ['INTEGER PRIMARY KEY', ''],
  ['', 'rowid, '],
])('a row under rowid -1, which a new row has until SQLite chooses its own: %s', (key, rowid) => {
  const schema = `CREATE TABLE t(id ${key}, a UNIQUE)`
  const rows = `INSERT INTO t(${rowid}id, a) VALUES (${rowid === '' ? '' : '-1, '}-1, 'x')`
  for (const statement of [
    "REPLACE INTO t(a) VALUES ('x')",
    "REPLACE INTO t VALUES (-1, 'x')",
    "INSERT OR IGNORE INTO t(a) VALUES ('x')",
  ])
    expectArrival({ schema, rows, statement })
})

test('a row that takes the place of the one that it refers to goes with it', () => {
  expectArrival({
    schema: 'CREATE TABLE t(id INTEGER PRIMARY KEY, up REFERENCES t ON DELETE CASCADE)',
    rows: 'INSERT INTO t VALUES (1, NULL), (2, 1), (3, 1)',
    statement: 'UPDATE OR REPLACE t SET id = 1 WHERE id = 2',
  })
})

describe('what statements of the same millisecond have left is not what goes', () => {
  const schema = 'CREATE TABLE t(id INTEGER PRIMARY KEY, a UNIQUE, n)'
  const rows = "INSERT INTO t VALUES (1, 'x', 0), (2, 'y', 0), (5, 'z', 0)"
  test.each([
    [
      'the row has been to another key and back',
      `INSERT INTO t VALUES (8, 'x', 7) ON CONFLICT DO UPDATE SET id = 9;
       INSERT INTO t VALUES (8, 'x', 7) ON CONFLICT DO UPDATE SET id = 1;
       REPLACE INTO t(a) VALUES ('x')`,
    ],
    [
      'the row has changed',
      `INSERT OR IGNORE INTO t(a) VALUES ('y');
       UPDATE t SET n = 1 WHERE id = 2;
       UPDATE OR REPLACE t SET id = 2 WHERE id = 1`,
    ],
  ])('%s', (_, statement) => {
    expectArrival({ schema, rows, statement: `BEGIN; ${statement}; COMMIT` })
  })
})
