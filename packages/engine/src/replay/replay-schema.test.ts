import type Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import {
  capturedDatabase,
  contents,
  push,
  rebase,
  receiver,
  runSchema,
} from '../../test/captured-database.ts'

/** What a client does, in order; `serverHas` is what others have pushed meanwhile, in the schema of before. */
interface Case {
  readonly title: string
  readonly schema: string
  readonly local: readonly string[]
  readonly serverHas: string
  /** Written after the pull, before the push. */
  readonly later: string
}

const keyed = "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b); INSERT INTO t VALUES(1,'a','b'),(2,'a','b')"
const theirs = "INSERT INTO t VALUES(5,'theirs','theirs')"

const cases: readonly Case[] = [
  {
    title: 'a column that is dropped',
    schema: keyed,
    local: ['ALTER TABLE t DROP COLUMN b'],
    serverHas: theirs,
    later: "INSERT INTO t VALUES(6,'later'); UPDATE t SET a = 'later' WHERE id = 1",
  },
  {
    title: 'a column that is dropped between changes of rows',
    schema: keyed,
    local: [
      "UPDATE t SET b = 'x', a = 'y' WHERE id = 1; INSERT INTO t VALUES(3,'mine','mine')",
      'ALTER TABLE t DROP COLUMN b',
      "UPDATE t SET a = 'after' WHERE id = 2; DELETE FROM t WHERE id = 3; INSERT OR REPLACE INTO t VALUES(1,'new')",
    ],
    serverHas: `${theirs}; UPDATE t SET b = 'theirs'`,
    later: "REPLACE INTO t VALUES(1,'later')",
  },
  {
    title: 'a column that is dropped under another name of it and of its table',
    schema: keyed,
    local: [
      'ALTER TABLE t RENAME COLUMN b TO c',
      "UPDATE t SET c = 'x' WHERE id = 1",
      'ALTER TABLE t RENAME TO u',
      'ALTER TABLE u DROP COLUMN c',
    ],
    serverHas: theirs,
    later: "INSERT INTO u VALUES(6,'later')",
  },
  {
    title: 'a column that is dropped and added again',
    schema: keyed,
    local: [
      'ALTER TABLE t DROP COLUMN b',
      'ALTER TABLE t ADD COLUMN b',
      "UPDATE t SET b = 'new' WHERE id = 1",
    ],
    serverHas: theirs,
    later: "UPDATE t SET b = 'later'",
  },
  {
    title: 'a column that is added and dropped: the table is as it was, and captured as it was',
    schema: keyed,
    local: ['ALTER TABLE t ADD COLUMN c', "UPDATE t SET c = 'x', b = 'y'", 'ALTER TABLE t DROP COLUMN c'],
    serverHas: theirs,
    later: "INSERT INTO t VALUES(6,'later','later'); DELETE FROM t WHERE id = 1",
  },
  {
    title: 'a column of a table without a key',
    schema: "CREATE TABLE t(a, b); INSERT INTO t VALUES('a','b')",
    local: [
      "INSERT INTO t VALUES('mine','mine')",
      'ALTER TABLE t DROP COLUMN b',
      "UPDATE t SET a = a || '!'; INSERT INTO t VALUES('mine')",
    ],
    serverHas: "INSERT INTO t VALUES('theirs','theirs')",
    later: "INSERT INTO t VALUES('later'); UPDATE t SET a = a || '?'",
  },
  {
    title: 'a column of a parent whose rows are referred to',
    schema: `PRAGMA foreign_keys = ON; ${keyed}; CREATE TABLE child(id INTEGER PRIMARY KEY, t REFERENCES t(id) ON DELETE CASCADE); INSERT INTO child VALUES(1,1)`,
    local: ['ALTER TABLE t DROP COLUMN b', 'DELETE FROM t WHERE id = 1'],
    serverHas: `${theirs}; INSERT INTO child VALUES(2,5)`,
    later: "INSERT INTO t VALUES(6,'later'); INSERT INTO child VALUES(3,6)",
  },
  {
    title: 'a table that is dropped and created again in another form',
    schema: keyed,
    local: [
      'ALTER TABLE t DROP COLUMN b',
      'DROP TABLE t',
      'CREATE TABLE t(x, y)',
      "INSERT INTO t VALUES('x','y')",
      'ALTER TABLE t DROP COLUMN y',
    ],
    serverHas: theirs,
    later: "INSERT INTO t VALUES('later')",
  },
  {
    title: 'columns that others have added to and dropped from the same table',
    schema: keyed,
    local: ['ALTER TABLE t DROP COLUMN b'],
    serverHas: "ALTER TABLE t ADD COLUMN z DEFAULT 'z'; ALTER TABLE t DROP COLUMN a",
    later: "UPDATE t SET z = 'later' WHERE id = 2",
  },
  {
    title: 'a column that others have dropped too',
    schema: keyed,
    local: ['ALTER TABLE t DROP COLUMN b', "UPDATE t SET a = 'x' WHERE id = 1"],
    serverHas: 'ALTER TABLE t DROP COLUMN b',
    later: "INSERT INTO t VALUES(6,'later')",
  },
  {
    title: 'a generated column, and the one that it was generated from',
    schema:
      "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b, g AS (b || '!')); INSERT INTO t(id, a, b) VALUES(1,'a','b')",
    local: [
      'ALTER TABLE t DROP COLUMN g',
      "UPDATE t SET b = 'x'",
      'ALTER TABLE t DROP COLUMN b',
      "UPDATE t SET a = 'x'",
    ],
    serverHas: "INSERT INTO t(id, a, b) VALUES(5,'theirs','theirs')",
    later: "INSERT INTO t VALUES(6,'later')",
  },
  {
    title: 'a column that is dropped after its index',
    schema: `${keyed}; CREATE INDEX t_b ON t(b)`,
    local: ['DROP INDEX t_b', 'ALTER TABLE t DROP COLUMN b'],
    serverHas: theirs,
    later: "INSERT INTO t VALUES(6,'later')",
  },
]

test.each(cases)('$title: pulled with, written after, pushed', ({ schema, local, serverHas, later }) => {
  const db = capturedDatabase(schema)
  const server = receiver(schema)
  for (const sql of local) runOne(db, sql)
  server.db.exec(serverHas)
  const pulled = rebase(db, server.db)
  expect(pulled.report).toMatchObject({ constraint: 0 })
  pulled.db.exec(later)
  expect(push(pulled.db, server)).toMatchObject({ type: 'ok' })
  expect(contents(server.db)).toEqual(contents(pulled.db))
  const again = rebase(pulled.db, server.db)
  expect(again.report).toEqual({ replayed: 0, conflicts: 0, constraint: 0 })
  expect(contents(again.db)).toEqual(contents(server.db))
})

test('a column that others have put an index on stays, with the reason; rows change on, without triggers and captured', () => {
  const db = capturedDatabase(keyed)
  const server = receiver(keyed)
  runSchema(db, 'ALTER TABLE t DROP COLUMN b')
  db.exec("UPDATE t SET a = 'mine' WHERE id = 1")
  server.db.exec('CREATE INDEX t_b ON t(b)')
  const pulled = rebase(db, server.db)
  expect(pulled.report).toEqual({ replayed: 2, conflicts: 1, constraint: 1 })
  expect(pulled.conflicts).toMatchObject([
    { kind: 'constraint', reason: { message: 'error in index t_b after drop column: no such column: b' } },
  ])
  expect(pulled.db.prepare('SELECT * FROM t WHERE id = 1').get()).toEqual({ id: 1, a: 'mine', b: 'b' })
  const captured = pulled.db
    .prepare('SELECT count(*) FROM tidemark_cdc WHERE change_type IN (1, 0, -1)')
    .pluck()
  expect(captured.get()).toBe(1)
  pulled.db.exec("UPDATE t SET b = 'later' WHERE id = 2")
  expect(captured.get()).toBe(2)
})

function runOne(db: Database.Database, sql: string): void {
  if (/^(ALTER|CREATE|DROP) /.test(sql)) runSchema(db, sql)
  else db.exec(sql)
}
