import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import {
  capturedDatabase,
  contents,
  push,
  rebase,
  receiver,
  runSchema,
} from '../../test/captured-database.ts'
import type { ApplyConnection } from '../apply/apply-connection.ts'
import { adoptExisting } from './adopt-existing.ts'
import { captureForeignSchema } from './foreign-schema.ts'
import { installCapture } from './install.ts'
import { virtualTables } from './virtual-table.ts'
import { readCaptured } from './read-captured.ts'

const tables: Record<string, { sql: string; writes: string[] }> = {
  FTS5: {
    sql: 'CREATE VIRTUAL TABLE v USING fts5(title, body UNINDEXED, tokenize = "porter ascii")',
    writes: [
      "INSERT INTO v(rowid, title, body) VALUES(5, 'running', 'x'), (6, 'walks', NULL)",
      "UPDATE v SET title = 'flies' WHERE rowid = 5; INSERT INTO v(title) VALUES('new')",
      'DELETE FROM v WHERE rowid = 6',
      "INSERT OR REPLACE INTO v(rowid, title) VALUES(5, 'again')",
    ],
  },
  FTS4: {
    sql: 'CREATE VIRTUAL TABLE v USING fts4(title, body)',
    writes: [
      "INSERT INTO v(title, body) VALUES('a', 'b'), ('c', 'd')",
      "UPDATE v SET body = 'e' WHERE rowid = 1",
      'DELETE FROM v WHERE rowid = 2',
    ],
  },
  'R-Tree': {
    sql: 'CREATE VIRTUAL TABLE v USING rtree(id, x0, x1, +label)',
    writes: [
      "INSERT INTO v VALUES(1, 0.1, 2, 'a'), (2, 3, 4, 'b')",
      'UPDATE v SET x1 = 9 WHERE id = 1',
      'DELETE FROM v WHERE id = 2',
    ],
  },
  'FTS4 (with a column rowid)': {
    sql: 'CREATE VIRTUAL TABLE v USING fts4(title, rowid)',
    writes: ["INSERT INTO v VALUES('a', 'b'), ('c', 'd')", "UPDATE v SET title = 'e' WHERE docid = 1"],
  },
  'R-Tree (with a column rowid)': {
    sql: 'CREATE VIRTUAL TABLE v USING rtree(id, x0, rowid)',
    writes: ['INSERT INTO v VALUES(1, 2, 3), (2, 3, 4)', 'UPDATE v SET x0 = 1 WHERE id = 1'],
  },
}

for (const [module, { sql, writes }] of Object.entries(tables)) {
  test(`I2: rows of ${module} tables are captured, pushed and replayed`, () => {
    let a = capturedDatabase(sql)
    const b = receiver(sql)
    for (const write of writes) {
      a.exec(write)
      expect(captureForeignSchema(a)).toBeGreaterThan(0)
      expect(captureForeignSchema(a)).toBe(0)
      a = rebase(a, b.db).db
      expect(captureForeignSchema(a)).toBe(0)
      expect(push(a, b)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
      expectSame(a, b)
      a = rebase(a, b.db).db
      expect(captureForeignSchema(a)).toBe(0)
    }
  })

  test(`a ${module} table is created with its rows, through the SDK, by another program, or adopted`, () => {
    const a = capturedDatabase('CREATE TABLE t(x)')
    runSchema(a, sql)
    a.exec(writes[0]!)
    captureForeignSchema(a)
    const other = capturedDatabase('CREATE TABLE t(x)')
    other.exec(`${sql}; ${writes[0]!}`)
    captureForeignSchema(other)
    const adopted = new Database(':memory:')
    adopted.exec(`CREATE TABLE t(x); ${sql}; ${writes[0]!}`)
    installCapture(adopted, { firstChangeId: 1 })
    adoptExisting(adopted)
    for (const source of [a, other, adopted]) {
      const b = receiver('')
      if (source !== adopted) b.db.exec('CREATE TABLE t(x)')
      expect(push(source, b)).toMatchObject({ type: 'ok' })
      expectSame(source, b)
    }
  })
}

test('other schema changes leave virtual tables alone', () => {
  const sql = Object.values(tables)
    .map((table, index) => table.sql.replace(' v ', ` v${index} `))
    .join(';')
  const a = capturedDatabase(sql)
  runSchema(a, 'CREATE TABLE t(x)')
  runSchema(a, 'ALTER TABLE t ADD COLUMN y')
  a.exec('CREATE TABLE u(x); ALTER TABLE u ADD COLUMN y; ALTER TABLE t ADD COLUMN z')
  captureForeignSchema(a)
  const statements = [...readCaptured(a, 0)].map((change) => ('sql' in change ? change.sql : change.kind))
  expect(statements).toEqual([
    'CREATE TABLE t(x)',
    'ALTER TABLE t ADD COLUMN y',
    'ALTER TABLE "t" ADD COLUMN z',
    'CREATE TABLE u(x, y)',
  ])
})

test.for(['fts3', 'fts4', 'fts5'])(
  'the index of a %s table is whole when other schema changes follow in its push',
  (module) => {
    const a = capturedDatabase('CREATE TABLE t(x)')
    const b = receiver('CREATE TABLE t(x)')
    runSchema(a, `CREATE VIRTUAL TABLE v USING ${module}(x)`)
    a.exec("INSERT INTO v VALUES('red fox')")
    captureForeignSchema(a)
    runSchema(a, 'CREATE TABLE u(x)')
    expect(push(a, b)).toMatchObject({ type: 'ok' })
    expect(b.db.prepare("SELECT x FROM v WHERE v MATCH 'fox'").pluck().all()).toEqual(['red fox'])
    b.db.exec("INSERT INTO v(v) VALUES('integrity-check')")
  },
)

test('a temporary table or view that hides a virtual table is refused: its shadow tables would be taken for ordinary ones', () => {
  const a = capturedDatabase('CREATE VIRTUAL TABLE v USING fts5(x); CREATE TABLE t(x)')
  const triggers = "SELECT tbl_name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name LIKE 'v%'"
  for (const sql of ['CREATE TEMP TABLE v(x)', 'CREATE TEMP VIEW V AS SELECT 1']) {
    expect(() => runSchema(a, sql)).toThrow(/Choose another name/)
    runSchema(a, 'CREATE INDEX t_x ON t(x)')
    runSchema(a, 'DROP INDEX t_x')
    expect(a.prepare(triggers).all()).toEqual([])
  }
  runSchema(a, 'CREATE TEMP TABLE w(x)')
  expect(() => runSchema(a, 'ALTER TABLE w RENAME TO v')).toThrow(/Choose another name/)
  expect(() => runSchema(a, 'CREATE VIRTUAL TABLE main.w USING fts5(x)')).toThrow(/Choose another name/)
})

test('a virtual table of a module that SQLite does not have here is in the way of nothing', () => {
  const a = new Database(':memory:')
  a.unsafeMode()
  a.exec('CREATE TABLE t(x); PRAGMA writable_schema = 1')
  a.exec("INSERT INTO sqlite_schema VALUES('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING other(x)')")
  a.exec('PRAGMA writable_schema = RESET')
  expect(virtualTables(a)).toEqual([])
})

function expectSame(a: Database.Database, b: ApplyConnection): void {
  const rows = 'SELECT rowid AS r, * FROM v ORDER BY 1'
  expect(b.db.prepare(rows).all()).toEqual(a.prepare(rows).all())
}

test('a full-text index over a table follows from its rows, by the triggers that maintain it', () => {
  const sql = `
    CREATE TABLE notes(id INTEGER PRIMARY KEY, body); CREATE TABLE log(x);
    CREATE VIRTUAL TABLE found USING fts5(body, content = 'notes', content_rowid = 'id');
    CREATE TRIGGER n1 AFTER INSERT ON notes BEGIN INSERT INTO found(rowid, body) VALUES(NEW.id, NEW.body); END;
    CREATE TRIGGER n2 AFTER DELETE ON notes BEGIN INSERT INTO found(found, rowid, body) VALUES('delete', OLD.id, OLD.body); END;
    CREATE TRIGGER n3 AFTER UPDATE ON notes BEGIN
      INSERT INTO found(found, rowid, body) VALUES('delete', OLD.id, OLD.body); INSERT INTO found(rowid, body) VALUES(NEW.id, NEW.body); END;
    CREATE TRIGGER n4 AFTER INSERT ON notes BEGIN INSERT INTO log VALUES(NEW.id); END`
  const a = capturedDatabase(sql)
  const b = receiver(sql)
  a.exec("INSERT INTO notes VALUES(1, 'red fox'), (2, 'grey wolf'), (3, 'brown bear')")
  a.exec("UPDATE notes SET body = 'white fox' WHERE id = 1; DELETE FROM notes WHERE id = 3")
  for (let round = 0; round < 2; round += 1) {
    expect(push(a, b)).toMatchObject({ type: 'ok' })
    for (const word of ['red', 'white', 'grey', 'bear']) {
      const select = `SELECT rowid FROM found('${word}')`
      expect(b.db.prepare(select).all(), word).toEqual(a.prepare(select).all())
    }
    b.db.exec("INSERT INTO found(found) VALUES('integrity-check')")
    expect(b.db.prepare('SELECT count(*) FROM log').pluck().get()).toBe(
      a.prepare('SELECT count(*) FROM log').pluck().get(),
    )
    a.prepare("INSERT INTO notes VALUES(?, 'red bear')").run(4 + round)
  }
  expect(Object.keys(contents(a))).toContain('notes')
})
