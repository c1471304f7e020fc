import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import {
  capturedDatabase,
  contents,
  push,
  rebase,
  receiver,
  runSchema,
} from '../../test/captured-database.ts'
import { ApplyConnection } from '../apply/apply-connection.ts'
import { captureDifference } from '../capture/difference.ts'
import { installCapture, prepareCapture } from '../capture/install.ts'
import { maxChangeId, readCaptured } from '../capture/read-captured.ts'
import { replayCaptured } from './replay-captured.ts'

const people = 'CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT, age, email TEXT UNIQUE)'

function forked(rows: string): { local: Database.Database; server: ApplyConnection } {
  const local = capturedDatabase(`${people}; ${rows}`)
  const server = receiver(`${people}; ${rows}`)
  return { local, server }
}

const one = "INSERT INTO people VALUES(1,'ann',30,'a@x')"

test('an insert that meets a row wins over it and becomes an update', () => {
  const { local, server } = forked('')
  local.exec(one)
  server.db.exec("INSERT INTO people VALUES(1,'bob',40,'b@x')")
  const { db, report, conflicts } = rebase(local, server.db)
  expect(report).toEqual({ replayed: 1, conflicts: 1, constraint: 0 })
  expect(conflicts).toMatchObject([
    { kind: 'insert/insert', key: [1n], base: null, local: { name: 'ann' }, remote: { name: 'bob' } },
  ])
  expect(db.prepare('SELECT name, email FROM people').all()).toEqual([{ name: 'ann', email: 'a@x' }])
  expect(push(db, server)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
  expect(contents(server.db)).toEqual(contents(db))
})

test('an update keeps what the remote wrote in other columns', () => {
  const { local, server } = forked(one)
  local.exec('UPDATE people SET age = 31')
  server.db.exec("UPDATE people SET name = 'Ann'")
  const { db, report } = rebase(local, server.db)
  expect(report).toEqual({ replayed: 1, conflicts: 0, constraint: 0 })
  expect(db.prepare('SELECT name, age FROM people').all()).toEqual([{ name: 'Ann', age: 31 }])
  expect(push(db, server)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
  expect(contents(server.db)).toEqual(contents(db))
})

test('an update of a column that the remote wrote too wins and is reported', () => {
  const { local, server } = forked(one)
  local.exec('UPDATE people SET age = 31')
  server.db.exec('UPDATE people SET age = 99')
  expect(push(local, server)).toMatchObject({
    type: 'conflict',
    rowCount: 1,
    rows: [{ kind: 'update/update', remote: { age: 99n } }],
  })
  const { db, conflicts } = rebase(local, server.db)
  expect(conflicts).toMatchObject([
    { kind: 'update/update', base: { age: 30n }, local: { age: 31n }, remote: { age: 99n } },
  ])
  expect(push(db, server)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
  expect(contents(server.db)).toEqual(contents(db))
})

test('a resolver’s row sets its own columns, not what every object has', () => {
  const { local, server } = forked(
    'CREATE TABLE t(id PRIMARY KEY, a, constructor); INSERT INTO t VALUES(1, 2, 3)',
  )
  local.exec('UPDATE t SET a = 4')
  server.db.exec('UPDATE t SET a = 5')
  const { db } = rebase(local, server.db, { resolve: () => ({ row: { a: 6n } }) })
  expect(db.prepare('SELECT * FROM t').all()).toEqual([{ id: 1, a: 6, constructor: 3 }])
})

test('an update of a row that is gone puts it back', () => {
  const { local, server } = forked(one)
  local.exec('UPDATE people SET age = 31')
  server.db.exec('DELETE FROM people')
  const { db, conflicts } = rebase(local, server.db)
  expect(conflicts).toMatchObject([{ kind: 'update/delete', remote: null }])
  expect(push(db, server)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
  expect(contents(server.db)).toEqual(contents(db))
})

test('a delete of a row that has changed wins and is reported', () => {
  const { local, server } = forked(one)
  local.exec('DELETE FROM people')
  server.db.exec('UPDATE people SET age = 99')
  const { db, conflicts } = rebase(local, server.db)
  expect(conflicts).toMatchObject([{ kind: 'delete/update', local: null, remote: { age: 99n } }])
  expect(push(db, server)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
  expect(contents(server.db)).toEqual(contents(db))
})

test('a change that violates a constraint stays pending and out of its table', () => {
  const { local, server } = forked('')
  local.exec(one)
  server.db.exec("INSERT INTO people VALUES(2,'bob',40,'a@x')")
  const { db, report, conflicts } = rebase(local, server.db)
  expect(report).toEqual({ replayed: 1, conflicts: 1, constraint: 1 })
  expect(conflicts).toMatchObject([{ kind: 'constraint', key: [1n], local: { name: 'ann' } }])
  expect(db.prepare('SELECT id FROM people').pluck().all()).toEqual([2])
  expect(push(db, server)).toMatchObject({
    type: 'rejected',
    table: 'people',
    key: [1n],
    sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE',
  })
})

test('a row that is gone and had got another key meets the row that has it by now', () => {
  const { local, server } = forked(one)
  local.exec('UPDATE people SET id = 7, age = 31')
  server.db.exec("UPDATE people SET id = 7, name = 'Ann'")
  const { db, report, conflicts } = rebase(local, server.db)
  expect(report).toEqual({ replayed: 1, conflicts: 2, constraint: 0 })
  expect(conflicts.map(({ kind }) => kind)).toEqual(['update/delete', 'insert/insert'])
  expect(db.prepare('SELECT id, name, age FROM people').all()).toEqual([{ id: 7, name: 'ann', age: 31 }])
  expect(push(db, server)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
  expect(contents(server.db)).toEqual(contents(db))
})

test('an update of a row that is gone, and that cannot be put back, is refused for its constraint', () => {
  const { local, server } = forked(one)
  local.exec('UPDATE people SET age = 31')
  server.db.exec("DELETE FROM people; INSERT INTO people VALUES(2,'bob',40,'a@x')")
  const { db, report } = rebase(local, server.db)
  expect(report).toMatchObject({ conflicts: 2, constraint: 1 })
  expect(push(db, server)).toMatchObject({ type: 'rejected', sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE' })
})

test('an update that violates a constraint on a row that others have changed is refused for its constraint', () => {
  const { local, server } = forked(one)
  local.exec("UPDATE people SET email = 'b@x'")
  server.db.exec("UPDATE people SET email = 'c@x'; INSERT INTO people VALUES(2,'bob',40,'b@x')")
  const { db, report } = rebase(local, server.db)
  expect(report).toMatchObject({ constraint: 1 })
  expect(push(db, server)).toMatchObject({ type: 'rejected', sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE' })
})

test('a row without a key whose rowid is taken moves, and later changes follow it', () => {
  const sql = 'CREATE TABLE log(line)'
  const local = capturedDatabase(sql)
  const server = receiver(sql)
  server.db.exec("INSERT INTO log VALUES('theirs')")
  local.exec("INSERT INTO log VALUES('ours'); UPDATE log SET line = 'ours 2'")
  const { db } = rebase(local, server.db)
  expect(db.prepare('SELECT rowid, line FROM log').all()).toEqual([
    { rowid: 1, line: 'theirs' },
    { rowid: 2, line: 'ours 2' },
  ])
  expect(push(db, server)).toMatchObject({ type: 'ok', overwrittenCount: 0, rowids: [] })
  expect(contents(server.db)).toEqual(contents(db))
})

test('a row without a key that has got the rowid of a deleted one is left alone, however many columns both leave NULL', () => {
  const sql = "CREATE TABLE log(line, a, b, c, d); INSERT INTO log(line) VALUES('gone')"
  for (const change of ['DELETE FROM log', "UPDATE log SET line = 'changed'"]) {
    const local = capturedDatabase(sql)
    const server = receiver(sql)
    server.db.exec("DELETE FROM log; INSERT INTO log(line) VALUES('theirs')")
    local.exec(change)
    const { db } = rebase(local, server.db)
    expect(db.prepare('SELECT line FROM log WHERE rowid = 1').pluck().get()).toBe('theirs')
  }
})

test('a row that cannot be put in, and is deleted again, does not appear when it could be', () => {
  const sql = 'CREATE TABLE t(id INTEGER PRIMARY KEY, a UNIQUE)'
  const local = capturedDatabase(sql)
  const server = receiver(sql)
  server.db.exec("INSERT INTO t VALUES(1, 'x')")
  local.exec("INSERT INTO t VALUES(2, 'x'); DELETE FROM t")
  const blocked = rebase(local, server.db)
  server.db.exec('DELETE FROM t')
  const { db } = rebase(blocked.db, server.db)
  expect(contents(db)).toEqual(contents(local))
})

test('what is done to a row that cannot get another’s key does not happen to that one', () => {
  const sql = "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b); INSERT INTO t VALUES(1, 'ours', 0)"
  const local = capturedDatabase(sql)
  const server = receiver(sql)
  server.db.exec("INSERT INTO t VALUES(2, 'theirs', 0)")
  local.exec(
    'UPDATE t SET id = 2; UPDATE t SET b = 1 WHERE id = 2; UPDATE t SET id = 3 WHERE id = 2; UPDATE t SET b = 2',
  )
  const blocked = rebase(local, server.db)
  expect(blocked.report).toMatchObject({ replayed: 4, constraint: 4 })
  expect(contents(blocked.db)).toEqual(contents(server.db))
  server.db.exec('DELETE FROM t WHERE id = 2')
  const { db } = rebase(blocked.db, server.db)
  expect(contents(db)).toEqual(contents(local))
})

describe('a change that violates a constraint in a row without a key', () => {
  const sql = 'CREATE TABLE log(line UNIQUE, n)'

  test('is refused for it also where the row has moved', () => {
    const local = capturedDatabase(sql)
    const server = receiver(sql)
    server.db.exec("INSERT INTO log VALUES('theirs', 1)")
    local.exec("INSERT INTO log VALUES('ours', 1); UPDATE log SET line = 'theirs'")
    const { db } = rebase(local, server.db)
    expect(push(db, server)).toMatchObject({ type: 'rejected', sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE' })
  })

  test('becomes no change of the row that has its rowid by now', () => {
    const both = `${sql}; INSERT INTO log VALUES('x', 1)`
    const local = capturedDatabase(both)
    const server = receiver(both)
    server.db.exec("DELETE FROM log; INSERT INTO log VALUES('theirs', 8), ('x', 9)")
    local.exec('UPDATE log SET n = 2')
    const { db, conflicts } = rebase(local, server.db)
    expect(conflicts.at(-1)).toMatchObject({ kind: 'constraint', remote: null })
    expect(push(db, server)).toMatchObject({ type: 'rejected', sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE' })
    expect(server.db.prepare('SELECT * FROM log').raw().all()).toEqual([
      ['theirs', 8],
      ['x', 9],
    ])
  })

  test('keeps what follows it out too where its row is gone', () => {
    const both = `${sql}; INSERT INTO log VALUES('x', 1)`
    const local = capturedDatabase(both)
    const server = receiver(both)
    server.db.exec(
      "INSERT INTO log VALUES('other', 8); UPDATE log SET line = NULL WHERE rowid = 1; DELETE FROM log WHERE line IS NULL; INSERT INTO log VALUES('x', 9)",
    )
    local.exec("UPDATE log SET n = 2; UPDATE log SET line = 'y'")
    const blocked = rebase(local, server.db)
    expect(blocked.report).toMatchObject({ constraint: 2 })
    server.db.exec("DELETE FROM log WHERE line = 'x'")
    const { db } = rebase(blocked.db, server.db)
    expect(db.prepare('SELECT line, n FROM log ORDER BY line').raw().all()).toEqual([
      ['other', 8],
      ['y', 2],
    ])
  })

  test.each(["line = 'y'", 'n = 2'])('keeps what follows it out too, until both go in: SET %s', (set) => {
    const local = capturedDatabase(sql)
    const server = receiver(sql)
    server.db.exec("INSERT INTO log VALUES('x', 9)")
    local.exec(`INSERT INTO log VALUES('x', 1); UPDATE log SET ${set}`)
    const blocked = rebase(local, server.db)
    expect(blocked.report).toMatchObject({ constraint: 2 })
    expect(blocked.db.prepare('SELECT * FROM log').raw().all()).toEqual([['x', 9]])
    server.db.exec('DELETE FROM log')
    const { db } = rebase(blocked.db, server.db)
    expect(contents(db)).toEqual(contents(local))
    expect(push(db, server)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
    expect(contents(server.db)).toEqual(contents(db))
  })
})

test('a push maps a rowid that is taken, and later changes of the same base follow it', () => {
  const sql = 'CREATE TABLE log(line)'
  const local = capturedDatabase(sql)
  const server = receiver(sql)
  server.db.exec("INSERT INTO log VALUES('theirs')")
  local.exec("INSERT INTO log VALUES('ours')")
  expect(push(local, server)).toMatchObject({ type: 'ok', rowids: [{ table: 'log', local: 1n, remote: 2n }] })
  local.exec("UPDATE log SET line = 'ours 2'")
  expect(push(local, server)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
  local.exec("UPDATE log SET line = 'ours 3'")
  const { db, report } = rebase(local, server.db)
  expect(report).toEqual({ replayed: 1, conflicts: 0, constraint: 0 })
  expect(push(db, server, { baseRevision: 'next' })).toMatchObject({
    type: 'ok',
    overwrittenCount: 0,
    rowids: [],
  })
  expect(contents(server.db)).toEqual(contents(db))
  expect(server.db.prepare('SELECT line FROM log ORDER BY rowid').pluck().all()).toEqual(['theirs', 'ours 3'])
})

test.each([
  ['and the server has both', ['push', 'rename', 'push']],
  ['and the server has the row alone', ['push', 'rename']],
  ['in the same push', ['rename', 'push']],
  ['and the server has neither', ['rename']],
])('a row without a key that has moved is followed when its table is renamed, %s', (_, steps) => {
  const sql = 'CREATE TABLE log(line)'
  const local = capturedDatabase(sql)
  const server = receiver(sql)
  server.db.exec("INSERT INTO log VALUES('theirs')")
  local.exec("INSERT INTO log VALUES('ours')")
  let name = 'log'
  for (const step of steps) {
    if (step === 'rename') {
      runSchema(local, 'ALTER TABLE log RENAME TO line')
      name = 'line'
    } else {
      expect(push(local, server)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
      local.exec(`UPDATE ${name} SET line = line || '!'`)
    }
  }
  local.exec(`UPDATE ${name} SET line = line || '?'`)
  const { db, report } = rebase(local, server.db)
  expect(report).toMatchObject({ conflicts: 0, constraint: 0 })
  expect(push(db, server, { baseRevision: 'next' })).toMatchObject({ type: 'ok', overwrittenCount: 0 })
  const changed = `ours${steps.flatMap((step) => (step === 'push' ? ['!'] : [])).join('')}?`
  expect(contents(server.db)).toEqual(contents(db))
  expect(server.db.prepare('SELECT line FROM line ORDER BY rowid').pluck().all()).toEqual(['theirs', changed])
})

test('renamed tables that exchange their names take the places of their rows with them', () => {
  const sql = 'CREATE TABLE a(line); CREATE TABLE b(line)'
  const local = capturedDatabase(sql)
  const server = receiver(sql)
  server.db.exec("INSERT INTO a VALUES('theirs'); INSERT INTO b VALUES('theirs'), ('theirs too')")
  local.exec("INSERT INTO a VALUES('a'); INSERT INTO b VALUES('b')")
  push(local, server)
  for (const [from, to] of ['a c', 'b a', 'c b'].map((names) => names.split(' ')))
    runSchema(local, `ALTER TABLE ${from} RENAME TO ${to}`)
  local.exec("UPDATE a SET line = 'was b'; UPDATE b SET line = 'was a'")
  expect(push(local, server)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
  local.exec("UPDATE a SET line = 'was b!'; UPDATE b SET line = 'was a!'")
  const { db, report } = rebase(local, server.db)
  expect(report).toEqual({ replayed: 2, conflicts: 0, constraint: 0 })
  expect(push(db, server, { baseRevision: 'next' })).toMatchObject({ type: 'ok', overwrittenCount: 0 })
  const rows = (table: string): unknown[] =>
    server.db.prepare(`SELECT line FROM ${table} ORDER BY rowid`).pluck().all()
  expect([rows('a'), rows('b')]).toEqual([
    ['theirs', 'theirs too', 'was b!'],
    ['theirs', 'was a!'],
  ])
})

test('schema changes are replayed with the rows that need them', () => {
  const { local, server } = forked(one)
  runSchema(local, 'ALTER TABLE people ADD COLUMN nick')
  runSchema(local, 'CREATE TABLE pets(id INTEGER PRIMARY KEY, a, b, c, d, e, f, g, h)')
  local.exec("UPDATE people SET nick = 'a'; INSERT INTO pets(a) VALUES('cat')")
  const { db, report } = rebase(local, server.db)
  expect(report).toEqual({ replayed: 4, conflicts: 0, constraint: 0 })
  db.exec("INSERT INTO pets(h) VALUES('dog')")
  expect(push(db, server)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
  expect(contents(server.db)).toEqual(contents(db))
  expect(server.db.prepare('SELECT count(*) FROM pets').pluck().get()).toBe(2)
})

test('I6: what slipped in on the bare base comes after what was pending before', () => {
  const { local, server } = forked(one)
  local.exec('UPDATE people SET age = 31')
  const connection = new ApplyConnection(new Database(server.db.serialize()))
  const { db } = connection
  const bare = new Database(db.serialize())
  db.exec("UPDATE people SET age = 32, name = 'Ann'; INSERT INTO people(id, name) VALUES(2, 'bob')")
  db.exec('BEGIN')
  const ids = { firstChangeId: maxChangeId(local) + 1 }
  prepareCapture(db, ids)
  expect(captureDifference(bare, db)).toBe(2)
  const options = {
    acknowledgedId: 0,
    rowids: [],
    resolve: () => 'keep-local' as const,
    onConflict: () => undefined,
  } as const
  expect(replayCaptured(connection, readCaptured(local, 0), options)).toMatchObject({ replayed: 3 })
  installCapture(db, ids)
  db.exec('COMMIT')
  expect(db.prepare('SELECT name, age FROM people WHERE id = 1').get()).toEqual({ name: 'Ann', age: 32 })
  expect(push(db, server)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
  expect(contents(server.db)).toEqual(contents(db))
})

test('a pending child whose parent is gone stays out of its table, a pending delete of a parent that got children does not happen', () => {
  const sql = `CREATE TABLE parent(id INTEGER PRIMARY KEY); CREATE TABLE child(id INTEGER PRIMARY KEY, parent REFERENCES parent);
    INSERT INTO parent VALUES(1), (2), (3)`
  const local = capturedDatabase(sql)
  const server = receiver(sql)
  local.exec('INSERT INTO child VALUES(10, 1), (11, 3); DELETE FROM parent WHERE id = 2')
  server.db.exec('DELETE FROM parent WHERE id = 1; INSERT INTO child VALUES(20, 2)')
  const { db, report, conflicts } = rebase(local, server.db)
  expect(report).toEqual({ replayed: 3, conflicts: 2, constraint: 2 })
  expect(conflicts.map(({ kind, table, key }) => [kind, table, key])).toEqual([
    ['constraint', 'parent', [2n]],
    ['constraint', 'child', [10n]],
  ])
  expect(db.pragma('foreign_key_check')).toEqual([])
  expect(db.prepare('SELECT id FROM child').pluck().all()).toEqual([11, 20])
  expect(push(db, server)).toMatchObject({ type: 'rejected', sqliteCode: 'SQLITE_CONSTRAINT_FOREIGNKEY' })
})

test('what hangs on a pending child whose parent is gone stays out of its table too', () => {
  const sql = `CREATE TABLE parent(id INTEGER PRIMARY KEY); CREATE TABLE child(id INTEGER PRIMARY KEY, parent REFERENCES parent);
    CREATE TABLE leaf(id INTEGER PRIMARY KEY, child REFERENCES child, next REFERENCES leaf); INSERT INTO parent VALUES(1)`
  const local = capturedDatabase(sql)
  const server = receiver(sql)
  local.exec(
    'INSERT INTO child VALUES(10, 1); INSERT INTO leaf VALUES(20, 10, NULL), (21, NULL, 20), (22, NULL, NULL)',
  )
  server.db.exec('DELETE FROM parent')
  const { db, report } = rebase(local, server.db)
  expect(report).toEqual({ replayed: 4, conflicts: 3, constraint: 3 })
  expect(db.pragma('foreign_key_check')).toEqual([])
  expect(db.prepare('SELECT id FROM leaf').pluck().all()).toEqual([22])
})

test('a change to a column that is gone stays pending, also where foreign keys are checked', () => {
  const tables =
    'CREATE TABLE parent(id INTEGER PRIMARY KEY); CREATE TABLE child(id PRIMARY KEY, up REFERENCES parent(id)'
  const local = capturedDatabase(`${tables}, extra); INSERT INTO parent VALUES (1)`)
  const server = receiver(`${tables}); INSERT INTO parent VALUES (1)`)
  local.exec("INSERT INTO child VALUES ('a', 1, 'more')")
  const { db, conflicts } = rebase(local, server.db)
  expect(conflicts).toMatchObject([
    { kind: 'constraint', reason: { message: 'table child has no column named extra' } },
  ])
  expect(db.prepare('SELECT count(*) FROM child').pluck().get()).toBe(0)
  expect([...readCaptured(db, 0)].filter((change) => change.kind !== 'commit')).toHaveLength(1)
})
