import BetterSqlite3 from 'better-sqlite3'
import { readCaptured, removeCapture } from '@tidemark/engine'
import { describe, expect, test } from 'vitest'
import { TemporaryDirectory } from '../../test/temporary-directory.ts'
import { Database } from './database.ts'

/** The kinds of what was captured by `write`, in order. */
function captured(write: (db: Database) => void): string[] {
  using directory = new TemporaryDirectory()
  const path = directory.file('a.db')
  const db = new Database({ path, url: () => null })
  db.exec(
    `CREATE TABLE t (a INTEGER PRIMARY KEY); CREATE TABLE child (t INTEGER REFERENCES t (a) DEFERRABLE INITIALLY DEFERRED)`,
  )
  db.pragma('foreign_keys = ON')
  const reader = new BetterSqlite3(path, { readonly: true })
  try {
    const before = [...readCaptured(reader, 0)].length
    write(db)
    return [...readCaptured(reader, 0)].slice(before).map(({ kind }) => kind)
  } finally {
    reader.close()
    db.close()
  }
}

describe('an explicit transaction that changed something ends with a commit marker (I5)', () => {
  test('transaction()', () => {
    expect(
      captured((db) => db.transaction(() => db.exec('INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)'))()),
    ).toEqual(['insert', 'insert', 'commit'])
  })

  test.for(['COMMIT', 'END', 'commit transaction'])('BEGIN … %s through statements', (end) => {
    const kinds = captured((db) => {
      for (const sql of ['BEGIN', 'INSERT INTO t VALUES (1)', 'UPDATE t SET a = 2', end])
        db.prepare(sql).run()
    })
    expect(kinds).toEqual(['insert', 'update', 'commit'])
  })

  test('one script', () => {
    expect(
      captured((db) =>
        db.exec('BEGIN; INSERT INTO t VALUES (1); COMMIT; BEGIN; INSERT INTO t VALUES (2); END;'),
      ),
    ).toEqual(['insert', 'commit', 'insert', 'commit'])
  })

  test('the outermost SAVEPOINT, also under a name that is used twice', () => {
    const kinds = captured((db) =>
      db.exec(`SAVEPOINT a; INSERT INTO t VALUES (1); SAVEPOINT "A"; INSERT INTO t VALUES (2); RELEASE a;
        INSERT INTO t VALUES (3); ROLLBACK TO a; INSERT INTO t VALUES (4); RELEASE SAVEPOINT a`),
    )
    expect(kinds).toEqual(['insert', 'commit'])
  })
})

test.for([
  ['a statement of its own', 'INSERT INTO t VALUES (1)', ['insert']],
  ['a transaction that only reads', 'BEGIN; SELECT 1; COMMIT', []],
  ['a transaction that is rolled back', 'BEGIN; INSERT INTO t VALUES (1); ROLLBACK', []],
  [
    'a savepoint inside a transaction',
    'BEGIN; SAVEPOINT a; INSERT INTO t VALUES (1); RELEASE a; COMMIT',
    ['insert', 'commit'],
  ],
] as const)('%s gets no marker of its own', ([, sql, kinds]) => {
  expect(captured((db) => db.exec(sql))).toEqual(kinds)
})

test('a commit that fails and leaves the transaction open leaves no marker in its middle (I5)', () => {
  const kinds = captured((db) => {
    db.exec('BEGIN; INSERT INTO child VALUES (7)')
    expect(() => db.exec('COMMIT')).toThrow('FOREIGN KEY')
    expect(db.inTransaction).toBe(true)
    db.exec('INSERT INTO t VALUES (7); COMMIT')
    expect(db.inTransaction).toBe(false)
  })
  expect(kinds).toEqual(['insert', 'insert', 'commit'])
})

test('between the two halves of a pull of another process, when there is no queue, a transaction needs no marker', () => {
  using directory = new TemporaryDirectory()
  const path = directory.file('a.db')
  const db = new Database({ path, url: () => null })
  db.exec('CREATE TABLE t (a)')
  const other = new BetterSqlite3(path)
  removeCapture(other)
  other.close()
  const insert = db.prepare('INSERT INTO t VALUES (?)')
  db.transaction(() => insert.run('one'))()
  db.exec(
    `BEGIN; INSERT INTO t VALUES ('two'); COMMIT; SAVEPOINT a; INSERT INTO t VALUES ('three'); RELEASE a`,
  )
  expect(db.inTransaction).toBe(false)
  expect(db.prepare('SELECT a FROM t').pluck().all()).toEqual(['one', 'two', 'three'])
  db.close()
})
