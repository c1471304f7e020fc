import { expect, test } from 'vitest'
import { contentOf, TursoSite } from './turso-site.ts'

test('the last push wins, column by column after a pull, the whole row for an insert', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec(`CREATE TABLE t (id TEXT PRIMARY KEY, x, y); INSERT INTO t VALUES ('1', 'x', 'y'), ('2', 'x', 'y')`)
  await a.sync()
  const b = await site.client('b.db')
  a.exec(
    `UPDATE t SET x = 'a' WHERE id = '1'; UPDATE t SET x = 'a' WHERE id = '2'; INSERT INTO t VALUES ('3', 'a', 'a')`,
  )
  b.exec(
    `UPDATE t SET y = 'b' WHERE id = '1'; UPDATE t SET x = 'b' WHERE id = '2'; INSERT INTO t VALUES ('3', 'b', 'b')`,
  )
  await a.push()
  await b.push()
  await a.pull()
  await b.pull()
  expect(contentOf(a)['t']).toEqual([
    { id: '1', x: 'a', y: 'b' },
    { id: '2', x: 'b', y: 'y' },
    { id: '3', x: 'b', y: 'b' },
  ])
  expect(contentOf(b)).toEqual(contentOf(a))
})

test('with detectConflicts a push that would overwrite fails with the row as it is there, and sync() resolves it', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec(
    `CREATE TABLE t (id TEXT PRIMARY KEY, x, y); INSERT INTO t VALUES ('1', 'x', 9e999), ('2', 'x', 1.5)`,
  )
  await a.sync()
  const b = await site.client('b.db', { detectConflicts: true })
  const turso = await site.turso('turso.db')
  await turso.exec(`UPDATE t SET x = 'turso' WHERE id = '2'`)
  await turso.push()
  b.exec(`UPDATE t SET x = 'b' WHERE id = '1'; UPDATE t SET x = 'b' WHERE id = '2'`)
  await expect(b.push()).rejects.toMatchObject({
    name: 'SyncConflictError',
    conflicts: [{ table: 't', key: ['2'], kind: 'update/update', remote: { id: '2', x: 'turso', y: 1.5 } }],
  })
  expect(await site.sql('SELECT x FROM t ORDER BY id')).toEqual([['x'], ['turso']])
  await b.sync()
  expect(await site.sql('SELECT x FROM t ORDER BY id')).toEqual([['b'], ['b']])

  await turso.exec(`INSERT INTO t VALUES ('3', 'turso', 1)`)
  await turso.push()
  b.exec(`INSERT INTO t VALUES ('3', 'b', 1)`)
  await expect(b.push()).rejects.toMatchObject({ conflicts: [{ key: ['3'], kind: 'insert/insert' }] })
  await b.sync()
  await turso.pull()
  await turso.exec(`UPDATE t SET y = 7 WHERE id = '3'`)
  await turso.push()
  b.exec(`DELETE FROM t WHERE id = '3'`)
  await expect(b.push()).rejects.toMatchObject({ conflicts: [{ key: ['3'], kind: 'delete/update' }] })
  await b.sync()
  expect(await site.sql('SELECT id FROM t ORDER BY id')).toEqual([['1'], ['2']])
  // Two changes of the same row in one batch are no conflict.
  b.exec(
    `INSERT INTO t VALUES ('4', 1, NULL); UPDATE t SET x = 2.5 WHERE id = '4'; DELETE FROM t WHERE id = '4'`,
  )
  await b.push()
  await turso.close()
})
