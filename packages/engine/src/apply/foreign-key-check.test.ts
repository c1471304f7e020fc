import { expect, test } from 'vitest'
import { capturedDatabase, contents, push, receiver, runSchema } from '../../test/captured-database.ts'

const sql = `
  CREATE TABLE parent(id INTEGER PRIMARY KEY, code TEXT UNIQUE);
  CREATE TABLE child(id INTEGER PRIMARY KEY, parent REFERENCES parent, code REFERENCES parent(code));
  CREATE TABLE free(a, b, FOREIGN KEY(a) REFERENCES parent(id));
  INSERT INTO parent VALUES(1, 'a'), (2, 'b'), (3, 'a code of more than thirty-two bytes')`

const refused = { type: 'rejected', sqliteCode: 'SQLITE_CONSTRAINT_FOREIGNKEY' }

test('a child whose parent is gone on the server is refused', () => {
  const a = capturedDatabase(sql)
  const b = receiver(sql)
  b.db.exec('DELETE FROM parent WHERE id = 1')
  a.exec("INSERT INTO child VALUES(10, 2, 'b'), (11, NULL, NULL), (12, 1, NULL)")
  expect(push(a, b)).toMatchObject({ ...refused, table: 'child', key: [12n], changeId: 3 })
  expect(b.db.prepare('SELECT count(*) FROM child').pluck().get()).toBe(0)
  expect(push(a, b, { enforceForeignKeys: false })).toMatchObject({ type: 'ok' })
})

test('a child without a key is checked under the rowid it has got', () => {
  const a = capturedDatabase(sql)
  const b = receiver(sql)
  b.db.exec('INSERT INTO free VALUES(1, 1); DELETE FROM parent WHERE id = 2')
  a.exec('INSERT INTO free VALUES(2, 1)')
  expect(push(a, b)).toMatchObject({ ...refused, table: 'free', key: [1n] })
})

test('a parent that has got children on the server cannot be deleted, nor its key changed', () => {
  const b = receiver(sql)
  b.db.exec(
    "INSERT INTO child VALUES(20, 1, NULL), (21, NULL, 'b'), (22, NULL, 'a code of more than thirty-two bytes')",
  )
  for (const change of [
    'DELETE FROM parent WHERE id = 1',
    'UPDATE parent SET id = 9 WHERE id = 1',
    'DELETE FROM parent WHERE id = 2',
    "UPDATE parent SET code = 'c' WHERE id = 2",
    'DELETE FROM parent WHERE id = 3',
    'UPDATE parent SET code = NULL WHERE id = 3',
  ]) {
    const a = capturedDatabase(sql)
    a.exec(change)
    expect(push(a, b, { clientId: change }), change).toMatchObject({ ...refused, table: 'parent' })
  }
})

test('only the state at the end counts', () => {
  const a = capturedDatabase(sql)
  const b = receiver(sql)
  a.pragma('foreign_keys = OFF')
  a.exec(
    "INSERT INTO child VALUES(1, 7, 'g'); INSERT INTO parent VALUES(7, 'g'); DELETE FROM parent WHERE id = 1; INSERT INTO parent VALUES(1, 'a')",
  )
  expect(push(a, b)).toMatchObject({ type: 'ok' })
  expect(contents(b.db)).toEqual(contents(a))
})

test('a foreign key that came with a later push is checked', () => {
  const a = capturedDatabase(sql)
  const b = receiver(sql)
  a.exec("INSERT INTO child VALUES(1, 1, 'a')")
  expect(push(a, b)).toMatchObject({ type: 'ok' })
  runSchema(a, 'CREATE TABLE later(id INTEGER PRIMARY KEY, parent REFERENCES parent)')
  expect(push(a, b)).toMatchObject({ type: 'ok' })
  b.db.exec('DELETE FROM parent WHERE id = 2')
  a.exec('INSERT INTO later VALUES(5, 2)')
  expect(push(a, b)).toMatchObject({ ...refused, table: 'later', key: [5n] })
})
