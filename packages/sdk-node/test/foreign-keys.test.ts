import { expect, test } from 'vitest'
import { SyncServer } from './sync-server.ts'

const SCHEMA = `CREATE TABLE person (id INTEGER PRIMARY KEY, mail TEXT UNIQUE);
  CREATE TABLE letter (id INTEGER PRIMARY KEY, person INTEGER REFERENCES person)`

test('a deleted parent whose unique value another row has by now: the pull goes on, the server refuses, a discard brings it back', async () => {
  await using server = new SyncServer()
  const a = await server.client('a.db')
  a.exec(`${SCHEMA}; INSERT INTO person VALUES (1, 'x')`)
  await a.push()
  const b = await server.client('b.db')
  b.pragma('foreign_keys = ON')
  b.exec(`DELETE FROM person WHERE id = 1; INSERT INTO person VALUES (2, 'x')`)
  a.exec('INSERT INTO letter VALUES (7, 1)')
  await a.push()
  expect(await b.pull()).toBe(true)
  await expect(b.push()).rejects.toMatchObject({
    code: 'TIDEMARK_REJECTED',
    sqliteCode: 'SQLITE_CONSTRAINT_FOREIGNKEY',
  })
  expect(await b.discard({ where: () => true })).toBe(2)
  expect(b.prepare('SELECT * FROM person').raw().all()).toEqual([[1, 'x']])
  b.exec(`INSERT INTO person VALUES (3, 'y')`)
  expect((await b.sync()).push.operations).toBe(1)
})
