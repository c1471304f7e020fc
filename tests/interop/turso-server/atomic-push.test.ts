import { expect, test } from 'vitest'
import { contentOf, TursoSite } from './turso-site.ts'

test('a push in which one row fails applies nothing and says which row (I5)', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec('CREATE TABLE account (id INTEGER PRIMARY KEY, email TEXT UNIQUE)')
  await a.push()
  const b = await site.client('b.db')
  a.exec(`INSERT INTO account VALUES (1, 'x@example.org')`)
  await a.push()
  b.exec(`INSERT INTO account VALUES (7, 'before'), (8, 'x@example.org'), (9, 'after')`)
  const rejections: unknown[] = []
  b.on('rejected', (rejection) => rejections.push(rejection))
  await expect(b.push()).rejects.toMatchObject({
    name: 'RejectedError',
    table: 'account',
    key: [8n],
    sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE',
    message: expect.stringContaining('UNIQUE constraint failed: account.email') as string,
  })
  expect(rejections).toHaveLength(1)
  expect(await site.sql('SELECT id FROM account')).toEqual([['1']])
  await b.pull()
  expect(await b.pending()).toHaveLength(3)
  b.exec(`UPDATE account SET email = 'y@example.org' WHERE id = 8`)
  // The transaction is not open any more: another client can write.
  a.exec(`INSERT INTO account VALUES (2, 'z')`)
  await a.push()
})

test('constraints, missing tables and what tursodb does not have are refused with its words', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db', { pushOperationsThreshold: 1 })
  a.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)')
  await a.push()
  await site.sql('CREATE TABLE strict_one (id INTEGER PRIMARY KEY, n CHECK (n > 0), m NOT NULL)')
  a.exec('CREATE TABLE strict_one (id INTEGER PRIMARY KEY, n, m)')
  a.exec('INSERT INTO strict_one VALUES (1, 0, 1)')
  await expect(a.push()).rejects.toMatchObject({ sqliteCode: 'SQLITE_CONSTRAINT_CHECK', key: [1n] })
  a.exec('UPDATE strict_one SET n = 1, m = NULL')
  const b = await site.client('b.db')
  b.exec('CREATE TABLE w (id TEXT PRIMARY KEY) WITHOUT ROWID')
  await expect(b.push()).rejects.toMatchObject({
    name: 'RejectedError',
    table: '',
    message: expect.stringContaining('WITHOUT ROWID') as string,
  })
  expect(await site.sql(`SELECT count(*) FROM sqlite_schema WHERE name = 'w'`)).toEqual([['0']])
  const c = await site.client('c.db')
  c.exec('INSERT INTO t VALUES (1, 1)')
  await site.sql('DROP TABLE t')
  await expect(c.push()).rejects.toMatchObject({
    table: 't',
    message: expect.stringContaining('no such table: "t"') as string,
  })
})

test('schema changes that another client has made already are tolerated, whoever made them', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, a, gone)')
  await a.push()
  const b = await site.client('b.db')
  const turso = await site.turso('turso.db')
  for (const db of [a, b]) {
    db.exec('ALTER TABLE t ADD COLUMN b TEXT')
    db.exec('ALTER TABLE t RENAME COLUMN a TO c')
    db.exec('ALTER TABLE t DROP COLUMN gone')
    db.exec('CREATE INDEX t_b ON t (b)')
    db.exec('CREATE TABLE IF NOT EXISTS u (x)')
    db.exec('CREATE VIEW v AS SELECT * FROM t')
    db.exec('CREATE TABLE short (x)')
    db.exec('DROP TABLE short')
    db.exec('PRAGMA user_version = 5')
    await db.push()
  }
  b.exec(`INSERT INTO t VALUES (1, 'c', 'b')`)
  await b.sync()
  await turso.pull()
  await turso.exec('ALTER TABLE t ADD COLUMN d')
  await turso.exec(`UPDATE t SET d = 'd'`)
  await turso.push()
  await a.pull()
  expect(contentOf(a)).toEqual({ t: [{ id: 1, c: 'c', b: 'b', d: 'd' }], u: [] })
  expect(a.pragma('user_version', { simple: true })).toBe(5)
  await turso.close()
})

test('a row that another client has deleted: the update is refused, and sync() makes it an insert', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec(`CREATE TABLE t (id TEXT PRIMARY KEY, x, y); INSERT INTO t VALUES ('1', 'x', 'y')`)
  await a.push()
  const b = await site.client('b.db')
  b.exec('DELETE FROM t')
  await b.push()
  a.exec(`UPDATE t SET x = 'new'`)
  await expect(a.push()).rejects.toMatchObject({
    name: 'SyncConflictError',
    conflicts: [{ table: 't', key: ['1'], kind: 'update/delete' }],
  })
  await a.sync()
  await b.pull()
  expect(contentOf(b)).toEqual({ t: [{ id: '1', x: 'new', y: 'y' }] })
})

test('while another program has a transaction open on the server, a push is busy and touches nothing', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db', { retry: { attempts: 2, delayMs: 1, maxDelayMs: 1 } })
  a.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)')
  await a.push()
  await site.sql('BEGIN')
  await site.sql('INSERT INTO t VALUES (2)')
  a.exec('INSERT INTO t VALUES (3)')
  await expect(a.push()).rejects.toMatchObject({ name: 'BusyError', recovery: 'retry' })
  await site.sql('COMMIT')
  await a.sync()
  expect(await site.sql('SELECT x FROM t ORDER BY x')).toEqual([['1'], ['2'], ['3']])
})

test('triggers fire at the client that writes, not again at the server', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, n); CREATE TABLE log (id TEXT PRIMARY KEY, what);
    CREATE TRIGGER t_log AFTER INSERT ON t BEGIN INSERT INTO log VALUES (hex(randomblob(8)), new.n); END`)
  a.exec('INSERT INTO t VALUES (1, 10)')
  await a.push()
  expect(await site.sql('SELECT what FROM log')).toEqual([['10']])
  const b = await site.client('b.db')
  b.exec('INSERT INTO t VALUES (2, 20)')
  b.exec('ALTER TABLE t ADD COLUMN m')
  b.exec('INSERT INTO t VALUES (3, 30, 31)')
  await b.push()
  expect(await site.sql('SELECT what FROM log ORDER BY what')).toEqual([['10'], ['20'], ['30']])
  const turso = await site.turso('turso.db')
  await turso.exec('INSERT INTO t VALUES (4, 40, 41)')
  await turso.close()
  b.exec('DROP TRIGGER t_log')
  b.exec('INSERT INTO t VALUES (5, 50, 51)')
  await b.push()
  expect(await site.sql(`SELECT name FROM sqlite_schema WHERE type = 'trigger'`)).toEqual([])
  await a.pull()
  expect(contentOf(a)['log']).toHaveLength(3)
})

test('a trigger that another client replaces by one of the same length while a push is on its way stays', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  const trigger = (n: number): string =>
    `CREATE TRIGGER noted AFTER INSERT ON t BEGIN INSERT INTO line VALUES (${n}); END`
  a.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE line (x); ${trigger(1)}`)
  await a.push()
  let isReplaced = false
  const b = await site.client('b.db', {
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      if ((input as Request).url.endsWith('/pipeline') && !isReplaced) {
        isReplaced = true
        await site.sql('DROP TRIGGER noted')
        await site.sql(trigger(2))
      }
      return response
    },
  })
  b.exec('INSERT INTO t VALUES (1)')
  await b.push()
  expect(await site.sql(`SELECT sql FROM sqlite_schema WHERE type = 'trigger'`)).toEqual([[trigger(2)]])
  expect(await site.sql('SELECT x FROM line')).toEqual([['1']])
})

test('names that sound like a passing failure: what is refused because of them is refused for good', async () => {
  await using site = await TursoSite.start()
  const c = await site.client('c.db', { retry: { attempts: 1 } })
  c.exec('CREATE TABLE disk_usage (id INTEGER PRIMARY KEY, locked)')
  await c.push()
  await site.sql('ALTER TABLE disk_usage RENAME COLUMN locked TO is_locked')
  c.exec('INSERT INTO disk_usage VALUES (1, 1)')
  await expect(c.push()).rejects.toMatchObject({ code: 'TIDEMARK_REJECTED', table: 'disk_usage' })
})
