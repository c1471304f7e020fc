import { expect, test } from 'vitest'
import { capturedDatabase, contents, push, receiver } from '../../test/captured-database.ts'

const kinds: Record<string, string> = {
  'an INTEGER PRIMARY KEY': 'CREATE TABLE t(id INTEGER PRIMARY KEY, a, b)',
  'a text key': 'CREATE TABLE t(id TEXT PRIMARY KEY, a, b)',
  'a composite key': 'CREATE TABLE t(id, a, b, PRIMARY KEY(id, a))',
  'no key': 'CREATE TABLE t(id, a, b)',
  'no rowid': 'CREATE TABLE t(id PRIMARY KEY, a, b) WITHOUT ROWID',
}

for (const [kind, sql] of Object.entries(kinds)) {
  test(`I2: rows of a table with ${kind} arrive as they are`, () => {
    const a = capturedDatabase(sql)
    const b = receiver(sql)
    a.exec("INSERT INTO t VALUES(1,'x',1.0),(2,'y',NULL),(3,'z',x'00ff')")
    expect(push(a, b)).toMatchObject({ type: 'ok' })
    expect(contents(b.db)).toEqual(contents(a))
    a.exec("UPDATE t SET b = 'longer than thirty-two bytes, so that it is a digest' WHERE id = 2")
    a.exec('DELETE FROM t WHERE id = 1; UPDATE t SET id = 9 WHERE id = 3')
    expect(push(a, b)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
    a.exec("UPDATE t SET b = 'short' WHERE id = 2; DELETE FROM t WHERE id = 9")
    expect(push(a, b)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
    expect(contents(b.db)).toEqual(contents(a))
  })
}

test.for(['new', 'OLD', 's', 'e', 'stored', 'tidemark'])(
  'I2: rows of a table called %s arrive as they are',
  (name) => {
    const sql = `CREATE TABLE "${name}"(id INTEGER PRIMARY KEY, a UNIQUE, b0, shape); CREATE UNIQUE INDEX i ON "${name}"(lower(b0)) WHERE shape`
    const a = capturedDatabase(sql)
    const b = receiver(sql)
    a.exec(`INSERT INTO "${name}" VALUES(1, 'x', 'p', 1), (2, 'y', 'q', 1), (3, 'z', 'r', 1)`)
    expect(push(a, b)).toMatchObject({ type: 'ok' })
    a.exec(`INSERT OR REPLACE INTO "${name}" VALUES(4, 'x', 's', 1), (5, 'w', 'Q', 1); UPDATE OR REPLACE "${name}" SET b0 = 'S' WHERE id = 3;
    REPLACE INTO "${name}" VALUES(3, 'v', 't', 0); UPDATE "${name}" SET a = a || '!'`)
    const touches = 'SELECT count(*) FROM tidemark_cdc WHERE change_type = 4'
    expect(a.prepare(touches).pluck().get()).toBe(1)
    expect(push(a, b)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
    expect(contents(b.db)).toEqual(contents(a))
  },
)

test.for(['id INTEGER PRIMARY KEY, a', 'id, a', 'id, a UNIQUE'])(
  'I2: UPDATE OR REPLACE of the rowid, under whatever name, of a table of (%s): the row that made room is gone there too',
  (columns) => {
    const sql = `CREATE TABLE t(${columns})`
    const a = capturedDatabase(sql)
    const b = receiver(sql)
    a.exec("INSERT INTO t(rowid, a) VALUES(1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (5, 'e')")
    expect(push(a, b)).toMatchObject({ type: 'ok' })
    a.exec(
      'UPDATE OR REPLACE t SET rowid = 2 WHERE rowid = 1; UPDATE OR REPLACE t SET OID = 4 WHERE rowid = 3',
    )
    a.exec('UPDATE OR REPLACE t SET _rowid_ = _rowid_ - 1 WHERE rowid = 5')
    expect(a.prepare('SELECT a FROM t').pluck().all()).toEqual(['a', 'e'])
    expect(push(a, b)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
    expect(contents(b.db)).toEqual(contents(a))
  },
)
