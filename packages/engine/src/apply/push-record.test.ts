import { expect, test } from 'vitest'
import { receiver } from '../../test/captured-database.ts'
import type { ApplyConnection } from './apply-connection.ts'
import { applyPush } from './apply-push.ts'
import type { PushOutcome } from './push-outcome.ts'

const id = (byte: number): Uint8Array => new Uint8Array(16).fill(byte)

function push(target: ApplyConnection, number: number, sql: string | null = null): PushOutcome {
  const header = {
    clientId: 'c',
    pushId: id(number),
    previousPushId: number === 1 ? new Uint8Array() : id(number - 1),
    baseRevision: 'r',
    firstChangeId: number,
    lastChangeId: number,
    walPages: 0,
    conflictPolicy: 'detect',
    enforceForeignKeys: true,
  } as const
  const table = { name: 't', columns: ['x'], key: [] }
  const rest = { key: [], columns: [0], values: ['row'], expectedColumns: [], expected: [] }
  const insert = { kind: 'insert', changeId: number, table, rowid: BigInt(number), ...rest } as const
  const schema = sql === null ? [] : [{ kind: 'schema', changeId: number, sql } as const]
  return applyPush(target, { header, changes: () => [...schema, insert] })
}

const unusable = expect.objectContaining({ code: 'TIDEMARK_PUSH_RECORDS', recovery: 'operator' }) as unknown

test.each([
  'CREATE TABLE tidemark_push (x)',
  'CREATE TABLE Tidemark_Push (x)',
  'CREATE VIEW tidemark_push AS SELECT 1',
  'CREATE TABLE turso_sync_last_change_id (x)',
  'CREATE TABLE turso_sync_last_change_id (client_id, pull_gen, change_id)',
  'CREATE VIEW turso_sync_last_change_id AS SELECT 1',
])('where the application has made the records’ tables itself a push is refused as such: %s', (sql) => {
  const target = receiver(`CREATE TABLE t (x); ${sql}`)
  expect(() => push(target, 1)).toThrow(unusable)
  expect(target.db.prepare('SELECT * FROM t').all()).toEqual([])
  expect(target.db.inTransaction).toBe(false)
})

test('a table of records that was made for a server of Turso’s is widened', () => {
  const target = receiver(
    'CREATE TABLE t (x); CREATE TABLE tidemark_push (client_id TEXT PRIMARY KEY, push_id BLOB NOT NULL, rowids BLOB, base_revision TEXT)',
  )
  const insert = target.db.prepare('INSERT INTO tidemark_push (client_id, push_id) VALUES (?, ?)')
  insert.run('c', id(1))
  expect(push(target, 2)).toMatchObject({ type: 'ok' })
  expect(push(target, 2)).toMatchObject({ type: 'already-applied', overwrittenCount: 0 })
})

test.each([
  "UPDATE tidemark_push SET push_id = 'text'",
  "UPDATE tidemark_push SET overwritten = 'text'",
  "UPDATE tidemark_push SET overwritten = x'ffff'",
  'UPDATE tidemark_push SET push_id = 5',
  "UPDATE tidemark_push SET rowids = 'text'",
  "UPDATE tidemark_push SET rowids = x'ffff'",
  "UPDATE tidemark_push SET base_revision = x'00'",
  "UPDATE turso_sync_last_change_id SET change_id = 'text'",
  'UPDATE turso_sync_last_change_id SET change_id = 1.5',
  'UPDATE turso_sync_last_change_id SET change_id = 9223372036854775807',
  'ALTER TABLE turso_sync_last_change_id RENAME COLUMN change_id TO other',
])('where the application has changed the records a push is refused as such: %s', (sql) => {
  const target = receiver('CREATE TABLE t (x)')
  push(target, 1)
  target.db.exec(sql)
  expect(() => push(target, 2)).toThrow(unusable)
  expect(target.db.prepare('SELECT x FROM t').pluck().all()).toEqual(['row'])
})

test('no trigger fires for the records, also behind a schema change', () => {
  const target = receiver('CREATE TABLE t (x)')
  push(target, 1)
  target.db.exec("CREATE TRIGGER no BEFORE INSERT ON tidemark_push BEGIN SELECT raise(ABORT, 'no'); END")
  expect(push(target, 2)).toMatchObject({ type: 'ok' })
  expect(push(target, 3, 'CREATE TABLE other (x)')).toMatchObject({ type: 'ok' })
})
