import { expect, test } from 'vitest'
import type { CapturedRow } from '../capture/captured-change.ts'
import {
  capturedDatabase,
  contents,
  push,
  rebase,
  receiver,
  runSchema,
} from '../../test/captured-database.ts'
import { readCaptured } from '../capture/read-captured.ts'
import { blockedChanges } from '../queue/blocked-changes.ts'
import { AbsentRows } from './absent-rows.ts'

const sql = 'CREATE TABLE t(id INTEGER PRIMARY KEY, a UNIQUE, b)'

test('what is done to an absent row waits also where its table is renamed in between', () => {
  const local = capturedDatabase('CREATE TABLE log(line UNIQUE, n)')
  const server = receiver('CREATE TABLE log(line UNIQUE, n)')
  server.db.exec("INSERT INTO log VALUES ('x', 9)")
  local.exec("INSERT INTO log VALUES ('x', 1)")
  runSchema(local, 'ALTER TABLE log RENAME TO lines')
  local.exec('UPDATE lines SET n = 2')
  const blocked = rebase(local, server.db)
  expect(blocked.report).toMatchObject({ conflicts: 2, constraint: 2 })
  server.db.exec('DELETE FROM log')
  const { db } = rebase(blocked.db, server.db)
  expect(contents(db)).toEqual(contents(local))
})

test('a table that takes the place of another has its own rows', () => {
  const local = capturedDatabase(sql)
  const server = receiver(sql)
  server.db.exec("INSERT INTO t VALUES (1, 'x', 0)")
  local.exec("INSERT INTO t VALUES (2, 'x', 0)")
  runSchema(local, 'CREATE TABLE new_t(id INTEGER PRIMARY KEY, a, b)')
  local.exec('INSERT INTO new_t SELECT * FROM t')
  runSchema(local, 'DROP TABLE t')
  runSchema(local, 'ALTER TABLE new_t RENAME TO t')
  local.exec('UPDATE t SET b = 5')
  const { db, report } = rebase(local, server.db)
  expect(report).toMatchObject({ conflicts: 1, constraint: 1 })
  expect(contents(db)).toEqual(contents(local))
})

test('what is done to the row in the place of an absent one happens to it', () => {
  const local = capturedDatabase(sql)
  const server = receiver(sql)
  local.exec("INSERT INTO t VALUES (1, 'ours', 0)")
  push(local, server)
  server.db.exec("INSERT INTO t VALUES (2, 'theirs', 0)")
  local.exec('UPDATE t SET id = 2')
  const blocked = rebase(local, server.db)
  blocked.db.exec('UPDATE t SET b = 7 WHERE id = 2; UPDATE t SET b = 8 WHERE id = 2')
  server.db.exec("INSERT INTO t VALUES (3, 'more', 0)")
  const { db, report } = rebase(blocked.db, server.db)
  expect(report).toMatchObject({ replayed: 3, constraint: 1 })
  expect(db.prepare('SELECT * FROM t').raw().all()).toEqual([
    [1, 'ours', 0],
    [2, 'theirs', 8],
    [3, 'more', 0],
  ])
})

test('a row without a key that is left out is not looked for where an earlier row of its rowid went', () => {
  const log = 'CREATE TABLE log(line UNIQUE, n, m)'
  const local = capturedDatabase(log)
  const server = receiver(log)
  server.db.exec("INSERT INTO log VALUES ('x', 0, 0)")
  local.exec("INSERT INTO log VALUES ('a', 0, 0); DELETE FROM log")
  local.exec("INSERT INTO log VALUES ('x', 1, 1); UPDATE log SET line = 'y'")
  const blocked = rebase(local, server.db)
  server.db.exec("INSERT INTO log VALUES ('b', 0, 0), ('c', 0, 0); DELETE FROM log WHERE line = 'b'")
  server.db.exec("UPDATE log SET line = 'd' WHERE line = 'x'")
  const { db, conflicts } = rebase(blocked.db, server.db)
  expect(conflicts).toEqual([])
  expect(db.prepare('SELECT line FROM log ORDER BY line').pluck().all()).toEqual(['c', 'd', 'y'])
})

test('what was done to a row without its parent waits with the change that has put it there', () => {
  const family =
    'CREATE TABLE parent(id INTEGER PRIMARY KEY); CREATE TABLE child(id INTEGER PRIMARY KEY, p REFERENCES parent, note)'
  const local = capturedDatabase(family)
  const server = receiver(family)
  local.exec("INSERT INTO parent VALUES (1), (2); INSERT INTO child VALUES (8, 2, 'other')")
  push(local, server)
  local.exec("INSERT INTO child VALUES (7, 1, 'first'); UPDATE child SET note = 'second' WHERE id = 7")
  local.exec("UPDATE child SET note = 'third'")
  server.db.exec('DELETE FROM parent WHERE id = 1')
  const { db, report } = rebase(local, server.db)
  expect(db.prepare('SELECT * FROM child').raw().all()).toEqual([[8, 2, 'third']])
  expect(report).toMatchObject({ replayed: 4, constraint: 3 })
  const ofOther = [...readCaptured(db, 0)].filter((change) => 'table' in change && change.before?.[0] === 8n)
  expect(ofOther).toHaveLength(1)
  expect(blockedChanges(db, 0).has(ofOther[0]!.changeId)).toBe(false)
})

test('what else was done to a row stays where one change of it is taken out for its parent', () => {
  const family =
    'CREATE TABLE parent(id INTEGER PRIMARY KEY); CREATE TABLE child(id INTEGER PRIMARY KEY, p REFERENCES parent, note)'
  const local = capturedDatabase(family)
  const server = receiver(family)
  local.exec("INSERT INTO parent VALUES (1), (2); INSERT INTO child VALUES (7, 2, 'first')")
  push(local, server)
  local.exec("UPDATE child SET p = 1; UPDATE child SET note = 'second'")
  server.db.exec('DELETE FROM parent WHERE id = 1')
  const { db, report } = rebase(local, server.db)
  expect(report).toMatchObject({ replayed: 2, constraint: 1 })
  expect(db.prepare('SELECT * FROM child').raw().all()).toEqual([[7, 2, 'second']])
})

test('an absent row is known by what it was, not by what has taken the memory of its change', () => {
  const photo = {
    changeId: 1,
    timeMs: 0,
    rowid: null,
    table: { name: 'photo', columns: ['id', 'content', 'thumb', 'name'], key: [0] },
  }
  const row = (bytes: Uint8Array, name: string) => [5n, bytes, bytes, name]
  const reason = { sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE', message: 'UNIQUE constraint failed: photo.name' }
  const memory = Buffer.from('a picture')
  const absent = new AbsentRows()
  absent.add({ ...photo, kind: 'insert', before: null, after: row(memory, 'ours') }, reason)
  memory.fill(0)
  const picture = Buffer.from('a picture')
  const removal: CapturedRow = { ...photo, kind: 'delete', before: row(picture, 'ours'), after: null }
  expect(absent.reasonFor(removal, () => row(picture, 'theirs'))).toBe(reason)
})
