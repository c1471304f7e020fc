import { expect, test } from 'vitest'
import { capturedDatabase, push, rebase, receiver } from '../../test/captured-database.ts'
import { maxChangeId, readCaptured } from '../capture/read-captured.ts'
import { dependentChanges } from './dependent-changes.ts'

test.each(['id INTEGER PRIMARY KEY, name UNIQUE, body', 'name UNIQUE, body'])(
  'a row that was given the key of one that a pull has left out does not depend on it (%s)',
  (columns) => {
    const sql = `CREATE TABLE note(${columns})`
    const local = capturedDatabase(sql)
    const server = receiver(sql)
    local.exec("INSERT INTO note(name) VALUES ('a')")
    push(local, server)
    const afterId = maxChangeId(local)
    local.exec("INSERT INTO note(name) VALUES ('x')")
    server.db.exec("UPDATE note SET name = 'x'")
    const { db } = rebase(local, server.db)
    db.exec("INSERT INTO note(name) VALUES ('good'); UPDATE note SET body = 1 WHERE name = 'good'")
    const [refused, insert, update] = [...readCaptured(db, afterId)].filter((change) => 'table' in change)
    const leaving = (changeId: number): number[] => [
      ...dependentChanges(db, { afterId, seeds: new Set([changeId]), wholeTransactions: false }),
    ]
    expect(leaving(refused!.changeId)).toEqual([refused!.changeId])
    expect(leaving(insert!.changeId)).toEqual([insert!.changeId, update!.changeId])
  },
)

test('what is done to the row in the place of one that a pull has left out does not depend on that', () => {
  const sql = 'CREATE TABLE note(id INTEGER PRIMARY KEY, name UNIQUE, body)'
  const local = capturedDatabase(sql)
  const server = receiver(sql)
  server.db.exec("INSERT INTO note VALUES (1, 'x', 'theirs'), (2, 'y', 'theirs')")
  local.exec("INSERT INTO note VALUES (2, 'x', 'ours'); UPDATE note SET body = 'ours too'")
  const { db } = rebase(local, server.db)
  db.exec("UPDATE note SET body = 'theirs and ours' WHERE id = 2")
  const [insert, update] = [...readCaptured(db, 0)].filter((change) => 'table' in change)
  const leaving = dependentChanges(db, {
    afterId: 0,
    seeds: new Set([insert!.changeId]),
    wholeTransactions: false,
  })
  expect([...leaving]).toEqual([insert!.changeId, update!.changeId])
})

test('a row that is in its table depends on what has put it there, also where one change of it is left out', () => {
  const sql = 'CREATE TABLE note(id INTEGER PRIMARY KEY, name UNIQUE, body)'
  const local = capturedDatabase(sql)
  const server = receiver(sql)
  local.exec("INSERT INTO note VALUES (1, 'a', 'ours'); UPDATE note SET name = 'x'")
  server.db.exec("INSERT INTO note VALUES (2, 'x', 'theirs')")
  const { db } = rebase(local, server.db)
  db.exec('UPDATE note SET id = 3 WHERE id = 1')
  const ids = [...readCaptured(db, 0)].filter((change) => 'table' in change).map(({ changeId }) => changeId)
  for (const [first, changeId] of ids.entries()) {
    const options = { afterId: 0, seeds: new Set([changeId]), wholeTransactions: false }
    expect([...dependentChanges(db, options)]).toEqual(ids.slice(first))
  }
})

test('a row that took the key of one that had left it depends on that', () => {
  const sql = 'CREATE TABLE note(id INTEGER PRIMARY KEY, body)'
  const db = capturedDatabase(sql)
  db.exec("INSERT INTO note VALUES (1, 'a'); DELETE FROM note; INSERT INTO note VALUES (1, 'b')")
  const ids = [...readCaptured(db, 1)].map(({ changeId }) => changeId)
  expect(ids).toHaveLength(2)
  const leaving = dependentChanges(db, { afterId: 1, seeds: new Set([ids[0]!]), wholeTransactions: false })
  expect([...leaving]).toEqual(ids)
})
