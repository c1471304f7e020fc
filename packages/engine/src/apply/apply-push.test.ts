import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BusyError, ProtocolError } from '@tidemark/protocol'
import type { Change, PushHeader, RowChange, TableShape } from '@tidemark/protocol'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { capturedDatabase, contents, push, receiver } from '../../test/captured-database.ts'
import { ApplyConnection } from './apply-connection.ts'
import { applyPush } from './apply-push.ts'
import type { PushOutcome } from './push-outcome.ts'
import { acknowledgedChangeId } from './push-record.ts'

const people =
  'CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT NOT NULL, age CHECK (age > 0), email UNIQUE)'
const id = (byte: number): Uint8Array => new Uint8Array(16).fill(byte)

function header(fields: Partial<PushHeader>): PushHeader {
  const base = {
    clientId: 'c',
    pushId: id(1),
    previousPushId: new Uint8Array(),
    baseRevision: 'r',
    walPages: 0,
  }
  return {
    ...base,
    firstChangeId: 1,
    lastChangeId: 9,
    conflictPolicy: 'detect',
    enforceForeignKeys: true,
    ...fields,
  }
}

function apply(
  target: ApplyConnection,
  changes: readonly Change[],
  fields: Partial<PushHeader> = {},
): PushOutcome {
  return applyPush(target, { header: header(fields), changes: () => changes })
}

const shape: TableShape = { name: 'people', columns: ['id', 'name'], key: [0] }

function insert(changeId: number, key: bigint, name: string | null, table: TableShape = shape): RowChange {
  const rest = { key: [], columns: [0, 1], values: [key, name], expectedColumns: [], expected: [] }
  return { kind: 'insert', changeId, table, rowid: key, ...rest }
}

function schema(sql: string): Change {
  return { kind: 'schema', changeId: 1, sql }
}

test('I3: a batch is applied once, however often it arrives', () => {
  const target = receiver(people)
  expect(apply(target, [insert(1, 1n, 'ann')], { lastChangeId: 1 })).toMatchObject({
    type: 'ok',
    lastChangeId: 1,
  })
  expect(apply(target, [insert(1, 1n, 'ann')], { lastChangeId: 1 })).toEqual({
    type: 'already-applied',
    overwritten: [],
    overwrittenCount: 0,
    lastChangeId: 1,
    rowids: [],
  })
  const next = { pushId: id(2), previousPushId: id(1), firstChangeId: 1, lastChangeId: 2 }
  expect(apply(target, [insert(1, 1n, 'old'), insert(2, 2n, 'bob')], next)).toMatchObject({
    type: 'ok',
    overwrittenCount: 0,
  })
  expect(target.db.prepare('SELECT name FROM people').pluck().all()).toEqual(['ann', 'bob'])
  expect(acknowledgedChangeId(target.db, 'c')).toBe(2)
  expect(acknowledgedChangeId(target.db, 'unknown')).toBe(0)
})

test('a copy of the client that has not pushed last is forked off', () => {
  const target = receiver(people)
  apply(target, [insert(1, 1n, 'ann')])
  const copy = { pushId: id(3), previousPushId: id(9) }
  expect(apply(target, [insert(1, 2n, 'bob')], copy)).toEqual({ type: 'forked' })
})

test('a client that has pushed to a state of the database which is gone is forked off', () => {
  const target = receiver(people)
  const stranger = { pushId: id(3), previousPushId: id(9) }
  expect(apply(target, [insert(1, 2n, 'bob')], stranger)).toEqual({ type: 'forked' })
  const newcomer = { pushId: id(3), previousPushId: new Uint8Array() }
  expect(apply(target, [insert(1, 2n, 'bob')], newcomer)).toMatchObject({ type: 'ok' })
})

test('I5: a batch of which one change is refused leaves nothing behind', () => {
  const target = receiver(people)
  const before = contents(target.db)
  const cases: [Change[], object][] = [
    [
      [insert(7, 2n, null)],
      { changeId: 7, table: 'people', key: [2n], sqliteCode: 'SQLITE_CONSTRAINT_NOTNULL' },
    ],
    [
      [insert(7, 2n, 'x', { ...shape, name: 'gone' })],
      { table: 'gone', sqliteCode: 'SQLITE_ERROR', message: 'no such table: gone' },
    ],
    [
      [insert(7, 2n, 'x', { ...shape, columns: ['id', 'nick'] })],
      { message: 'table people has no column named nick' },
    ],
    [[insert(7, 2n, 'x', { ...shape, name: 'tidemark_push' })], { message: 'no such table: tidemark_push' }],
    [[insert(7, 2n, 'x', { ...shape, name: 'sqlite_schema' })], { message: 'no such table: sqlite_schema' }],
    [
      [schema('CREATE TABLE new(x)'), schema('ALTER TABLE nothing ADD COLUMN x')],
      { table: '', key: [], sqliteCode: 'SQLITE_ERROR' },
    ],
  ]
  for (const [changes, refusal] of cases) {
    expect(apply(target, [insert(1, 1n, 'ann'), ...changes])).toMatchObject({ type: 'rejected', ...refusal })
    expect(contents(target.db)).toEqual(before)
  }
  expect(target.db.inTransaction).toBe(false)
})

test('only schema statements are taken as such, and none that touches reserved names', () => {
  for (const sql of [
    'INSERT INTO people VALUES(1, 2, 3, 4)',
    'SELECT 1',
    'PRAGMA journal_mode = DELETE',
    'PRAGMA user_version = (SELECT 1)',
    'PRAGMA writable_schema = 1',
    "ATTACH 'x' AS y",
    'VACUUM',
    'COMMIT',
    'CREATE TABLE a(x); DROP TABLE people',
    'CREATE TEMP TABLE a(x)',
    'CREATE TABLE other.a(x)',
    'CREATE TABLE Tidemark_a(x)',
    'CREATE TABLE turso_a(x)',
    'CREATE TRIGGER "sqlite_a" AFTER INSERT ON people BEGIN SELECT 1; END',
    'CREATE TRIGGER t AFTER INSERT ON "Tidemark_push" BEGIN SELECT 1; END',
    'CREATE INDEX i ON turso_sync_last_change_id(change_id)',
    'DROP TABLE "turso_sync_last_change_id"',
    'ALTER TABLE people RENAME TO "tidemark_people"',
    '',
  ]) {
    expect(apply(receiver(people), [schema(sql)]), sql).toMatchObject({ type: 'rejected' })
  }
  expect(apply(receiver(people), [schema('PRAGMA user_version = -7;')])).toMatchObject({ type: 'ok' })
})

test('last push wins: what was there is reported', () => {
  const a = capturedDatabase(
    `${people}; INSERT INTO people VALUES(1, 'ann', 30, 'a'), (2, 'bob', 40, 'b'), (4, 'dan', 60, 'd')`,
  )
  const b = receiver(
    `${people}; INSERT INTO people VALUES(1, 'Ann', 33, 'a'), (2, 'bob', 44, 'b'), (3, 'Cid', 50, 'c'), (4, 'dan', 61, 'd')`,
  )
  a.exec(
    "UPDATE people SET age = 31 WHERE id = 1; DELETE FROM people WHERE id = 2; INSERT INTO people VALUES(3, 'cid', 5, 'c')",
  )
  a.exec('UPDATE people SET age = 61 WHERE id = 4')
  const conflicts = [
    {
      changeId: 1,
      kind: 'update/update',
      table: 'people',
      key: [1n],
      remote: { id: 1n, name: 'Ann', age: 33n, email: 'a' },
    },
    { changeId: 2, kind: 'delete/update', key: [2n], remote: { age: 44n } },
    { changeId: 3, kind: 'insert/insert', key: [3n], remote: { name: 'Cid' } },
  ]
  expect(push(a, b)).toMatchObject({ type: 'conflict', rows: conflicts, rowCount: 3 })
  expect(push(a, b, { conflictPolicy: 'last-push-wins' })).toMatchObject({
    type: 'ok',
    overwritten: conflicts,
    overwrittenCount: 3,
  })
  expect(b.db.prepare('SELECT id, name, age FROM people').raw().all()).toEqual([
    [1, 'Ann', 31],
    [3, 'cid', 5],
    [4, 'dan', 61],
  ])
})

test('an update of a row that is gone is a conflict under either policy', () => {
  const a = capturedDatabase(`${people}; INSERT INTO people VALUES(1, 'ann', 30, 'a')`)
  a.exec('UPDATE people SET age = 31')
  expect(push(a, receiver(people), { conflictPolicy: 'last-push-wins' })).toMatchObject({
    type: 'conflict',
    rows: [{ kind: 'update/delete', key: [1n], remote: null }],
  })
})

test('a row without a key is never taken for another one that has its rowid', () => {
  const sql = 'CREATE TABLE log(a, b)'
  const a = capturedDatabase(`${sql}; INSERT INTO log VALUES(1, 2)`)
  const b = receiver(`${sql}; INSERT INTO log VALUES(1, 3)`)
  a.exec('UPDATE log SET a = 5')
  expect(push(a, b, { conflictPolicy: 'last-push-wins' })).toMatchObject({
    type: 'conflict',
    rows: [{ kind: 'update/update', key: [1n] }],
  })
})

test('conflicting rows are counted, and kept only up to the limits', () => {
  const target = receiver(`${people}; INSERT INTO people(id, name) VALUES(1, 'a'), (2, 'b'), (3, 'c')`)
  const changes = [insert(1, 1n, 'x'), insert(2, 2n, 'y'), insert(3, 3n, 'z')]
  const limits = { conflictRows: 2, conflictBytes: 1e6 }
  const outcome = applyPush(target, { header: header({}), changes: () => changes, limits })
  expect(outcome).toMatchObject({ type: 'conflict', rowCount: 3, rows: [{ key: [1n] }, { key: [2n] }] })
})

test('I8: bad input in the middle of a batch undoes it, and is thrown', () => {
  const target = receiver(people)
  const changes = function* (): Generator<Change> {
    yield schema('CREATE TABLE new(x)')
    yield insert(1, 1n, 'ann')
    throw new ProtocolError('cut')
  }
  expect(() => applyPush(target, { header: header({}), changes })).toThrow(ProtocolError)
  expect(target.db.prepare('SELECT count(*) FROM people').pluck().get()).toBe(0)
  expect(apply(target, [insert(1, 1n, 'ann')])).toMatchObject({ type: 'ok' })
})

test('in a transaction of the caller, the caller commits, and an outcome other than ok undoes only the push', () => {
  const target = receiver(people)
  target.db.exec("BEGIN IMMEDIATE; INSERT INTO people(id, name) VALUES(5, 'caller')")
  expect(apply(target, [schema('CREATE TABLE new(x)'), insert(1, 1n, null)])).toMatchObject({
    type: 'rejected',
  })
  expect(apply(target, [insert(1, 1n, 'ann')])).toMatchObject({ type: 'ok' })
  expect(target.db.inTransaction).toBe(true)
  target.db.exec('COMMIT')
  expect(target.db.prepare('SELECT id FROM people').pluck().all()).toEqual([1, 5])
})

test('while another connection writes, the push is busy', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-'))
  const writer = new Database(join(directory, 'test.db'))
  writer.pragma('journal_mode = WAL')
  writer.exec(people)
  const target = new ApplyConnection(new Database(join(directory, 'test.db'), { timeout: 0 }))
  writer.exec('BEGIN IMMEDIATE')
  expect(() => apply(target, [insert(1, 1n, 'ann')])).toThrow(BusyError)
  writer.exec('COMMIT')
  expect(apply(target, [insert(1, 1n, 'ann')])).toMatchObject({ type: 'ok' })
  writer.close()
  target.db.close()
  rmSync(directory, { recursive: true })
})

test.each([
  'CREATE TABLE pet(id INTEGER PRIMARY KEY, name REFERENCES nowhere(id))',
  'CREATE TABLE pet(id INTEGER PRIMARY KEY, name REFERENCES people(gone))',
  'CREATE TABLE pet(id INTEGER PRIMARY KEY, name REFERENCES seen(id)); CREATE VIEW seen AS SELECT id FROM nowhere',
])('a row whose parents’ table is not there is refused, with SQLite’s reason: %s', (sql) => {
  const target = receiver(`${people}; ${sql}`)
  const pet = { ...shape, name: 'pet' }
  expect(apply(target, [insert(1, 1n, 'ann'), insert(2, 1n, 'rex', pet)])).toMatchObject({
    type: 'rejected',
    changeId: 2,
    table: 'pet',
    key: [1n],
    sqliteCode: 'SQLITE_ERROR',
    message: expect.stringMatching(/no such/) as unknown,
  })
  expect(target.db.prepare('SELECT * FROM people').all()).toEqual([])
  expect(apply(target, [insert(1, 1n, 'ann')], { enforceForeignKeys: true })).toMatchObject({ type: 'ok' })
})

test('a table that would take the place of a function by which the schema is read is refused', () => {
  for (const sql of [
    'CREATE TABLE pragma_table_info (x)',
    'ALTER TABLE people RENAME TO Pragma_Foreign_Key_List',
  ])
    expect(apply(receiver(people), [schema(sql), insert(2, 1n, 'ann')])).toMatchObject({
      type: 'rejected',
      changeId: 1,
    })
})

test('a refused schema change leaves nothing behind for the next schema that has its version', () => {
  const target = receiver(people)
  apply(target, [insert(1, 1n, 'ann')], { lastChangeId: 1 })
  const next = { pushId: id(2), previousPushId: id(1), conflictPolicy: 'last-push-wins' } as const
  const add = { kind: 'schema', changeId: 2, sql: 'ALTER TABLE people ADD COLUMN refused' } as const
  const batch = [add, insert(3, 2n, 'bob'), insert(4, 3n, null)]
  expect(apply(target, batch, next)).toMatchObject({ type: 'rejected', changeId: 4 })
  target.db.exec('ALTER TABLE people ADD COLUMN other')
  const outcome = apply(target, [insert(2, 1n, 'bob')], next)
  expect(outcome.type === 'ok' && outcome.overwritten[0]?.remote).toEqual({
    id: 1n,
    name: 'ann',
    age: null,
    email: null,
    other: null,
  })
})
