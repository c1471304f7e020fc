import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StateError } from '@tidemark/protocol'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ApplyConnection } from './apply-connection.ts'

const sql = `
  CREATE TABLE t(x); CREATE TABLE log(x);
  CREATE TRIGGER t1 AFTER INSERT ON t BEGIN INSERT INTO log VALUES(NEW.x); END;
  CREATE TRIGGER t2 AFTER DELETE ON t BEGIN INSERT INTO log VALUES(OLD.x); END;
  CREATE VIEW v AS SELECT x FROM t;
  CREATE TRIGGER v1 INSTEAD OF INSERT ON v BEGIN INSERT INTO t VALUES(NEW.x); END`

let directory: string
let other: Database.Database
let connection: ApplyConnection

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-'))
  const path = join(directory, 'test.db')
  other = new Database(path)
  other.pragma('journal_mode = WAL')
  other.exec(sql)
  connection = new ApplyConnection(new Database(path))
})

afterEach(() => {
  other.close()
  connection.db.close()
  rmSync(directory, { recursive: true })
})

function apply(run: () => void, keepSchema: boolean = true): void {
  connection.db.exec('BEGIN IMMEDIATE')
  connection.withoutTriggers({ keepSchema }, run)
  connection.db.exec('COMMIT')
}

function changeSchema(statements: string): void {
  connection.changeSchema(() => connection.db.exec(statements))
}

function logged(): unknown[] {
  return other.prepare('SELECT x FROM log').pluck().all()
}

test('no trigger fires, neither in this nor in later transactions, and other connections keep theirs', () => {
  const version = other.pragma('schema_version', { simple: true })
  for (let round = 0; round < 3; round += 1)
    apply(() => connection.db.exec('INSERT INTO t VALUES(1); DELETE FROM t'))
  expect(logged()).toEqual([])
  expect(other.pragma('schema_version', { simple: true })).toBe(version)
  other.exec('INSERT INTO t VALUES(2); INSERT INTO v VALUES(3)')
  expect(logged()).toEqual([2, 3])
})

test('a trigger that another connection creates does not fire either', () => {
  apply(() => connection.db.exec('INSERT INTO t VALUES(1)'))
  other.exec("CREATE TRIGGER t3 AFTER UPDATE ON t BEGIN INSERT INTO log VALUES('updated'); END")
  apply(() => connection.db.exec('UPDATE t SET x = 2; INSERT INTO t VALUES(3)'))
  expect(logged()).toEqual([])
})

test('a schema statement sees all triggers: it renames them, drops them with their table, and new ones do not fire', () => {
  apply(() => {
    connection.db.exec('INSERT INTO t VALUES(1)')
    changeSchema('ALTER TABLE log RENAME TO journal')
    connection.db.exec('INSERT INTO t VALUES(2)')
    changeSchema("CREATE TRIGGER t3 AFTER INSERT ON t BEGIN INSERT INTO journal VALUES('t3'); END")
    connection.db.exec('INSERT INTO t VALUES(3)')
  })
  expect(other.prepare('SELECT count(*) FROM journal').pluck().get()).toBe(0)
  other.exec('INSERT INTO t VALUES(4)')
  expect(other.prepare('SELECT x FROM journal ORDER BY x').pluck().all()).toEqual([4, 't3'])
  apply(() => changeSchema('DROP TABLE t'))
  expect(other.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").pluck().all()).toEqual(['v1'])
  expect(other.pragma('integrity_check', { simple: true })).toBe('ok')
})

test('schema statements of which one fails change nothing, and no trigger fires after them', () => {
  apply(() => {
    const run = (): void => changeSchema('DROP TRIGGER t1; ALTER TABLE t DROP COLUMN missing')
    expect(run).toThrow(/no such column/)
    connection.db.exec('INSERT INTO t VALUES(1)')
  })
  expect(logged()).toEqual([])
  other.exec('INSERT INTO t VALUES(2)')
  expect(logged()).toEqual([2])
})

test('after a rollback the schema is what the file has', () => {
  connection.db.exec('BEGIN IMMEDIATE')
  connection.withoutTriggers({ keepSchema: false }, () => changeSchema('CREATE TABLE gone(x)'))
  connection.db.exec('ROLLBACK')
  other.exec('CREATE TABLE here(y)')
  apply(() => connection.db.exec('INSERT INTO here(y) VALUES(1); INSERT INTO t VALUES(1)'))
  expect(() => connection.db.exec('SELECT * FROM gone')).toThrow(/no such table/)
  expect(logged()).toEqual([])
})

test('after a rollback a trigger does not fire that another connection creates under the cookie that was taken back', () => {
  other.exec('DROP TRIGGER t1; DROP TRIGGER t2; DROP VIEW v')
  connection.db.exec('BEGIN IMMEDIATE; CREATE TABLE gone(x)')
  connection.withoutTriggers({ keepSchema: false }, () => connection.db.exec('INSERT INTO t VALUES(1)'))
  connection.db.exec('ROLLBACK')
  other.exec('CREATE TRIGGER t3 AFTER INSERT ON t BEGIN INSERT INTO log VALUES(NEW.x); END')
  apply(() => connection.db.exec('INSERT INTO t VALUES(2)'), false)
  expect(logged()).toEqual([])
})

test('with keepSchema false the connection sees its triggers again', () => {
  apply(() => connection.db.exec('INSERT INTO t VALUES(1)'), false)
  connection.db.exec('INSERT INTO t VALUES(2)')
  expect(logged()).toEqual([2])
})

test('it begins outside a transaction and applies inside one only', () => {
  expect(() => connection.withoutTriggers({ keepSchema: true }, () => undefined)).toThrow(StateError)
  other.exec('BEGIN')
  expect(() => new ApplyConnection(other)).toThrow(StateError)
  other.exec('COMMIT')
})
