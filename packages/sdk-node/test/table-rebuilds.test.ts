import BetterSqlite3 from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import type { Conflict, Database } from '../src/index.ts'
import { contentOf, SyncServer } from './sync-server.ts'

const SCHEMA = `CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT);
  INSERT INTO note VALUES ('1', 'one'), ('2', 'two'), ('3', 'three')`

/** A migration as tools write it where ALTER TABLE does not do: a column gets a constraint, another one is new. */
const REBUILD = `CREATE TABLE new_note (id TEXT PRIMARY KEY, body TEXT NOT NULL, done INTEGER DEFAULT 0);
  INSERT INTO new_note (id, body) SELECT id, body FROM note; DROP TABLE note; ALTER TABLE new_note RENAME TO note`

/** What others do to the old table: every kind of change. */
const WRITES = `UPDATE note SET body = 'ONE' WHERE id = '1'; DELETE FROM note WHERE id = '2';
  INSERT INTO note VALUES ('9', 'nine')`

const AFTER_BOTH = [
  ['1', 'ONE', 0],
  ['3', 'three', 0],
  ['9', 'nine', 0],
]

/** Two clients with the same rows; `b` has not seen what `a` runs and pushes, when it runs its own. */
async function apart(
  server: SyncServer,
  sql: { readonly schema?: string; readonly a: string; readonly b: string },
  options: Parameters<SyncServer['client']>[1] = {},
): Promise<{ a: Database; b: Database; conflicts: Conflict[] }> {
  const conflicts: Conflict[] = []
  const a = await server.client('a.db')
  a.exec(sql.schema ?? SCHEMA)
  await a.push()
  const b = await server.client('b.db', { ...options, onConflict: (conflict) => conflicts.push(conflict) })
  inTransaction(a, sql.a)
  await a.push()
  inTransaction(b, sql.b)
  return { a, b, conflicts }
}

function inTransaction(db: Database, sql: string): void {
  db.exec(`BEGIN; ${sql}; COMMIT`)
}

async function expectRows(a: Database, b: Database, rows: unknown[][], table = 'note'): Promise<void> {
  await a.pull()
  const all = `SELECT * FROM ${table} ORDER BY 1`
  expect(a.prepare(all).raw().all()).toEqual(rows)
  await b.pull()
  expect(b.prepare(all).raw().all()).toEqual(rows)
  expect(contentOf(a)).toEqual(contentOf(b))
  for (const db of [a, b]) {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
    expect((await db.stats()).cdcOperations).toBe(0)
  }
}

const told = (conflicts: readonly Conflict[]): unknown[] =>
  conflicts.map(({ kind, key, base, local, remote }) => [
    kind,
    key[0],
    base?.['body'],
    local?.['body'],
    remote?.['body'],
  ])

describe('a table is built anew here while others write to the old one', () => {
  test.for([
    ['a push', async (b: Database): Promise<void> => void (await b.push())],
    [
      'a pull, then a push',
      async (b: Database): Promise<void> => {
        await b.pull()
        await b.push()
      },
    ],
    ['sync()', async (b: Database): Promise<void> => void (await b.sync())],
  ] as const)('what they did is in the new table: %s', async ([, send]) => {
    await using server = new SyncServer()
    const { a, b, conflicts } = await apart(server, { a: WRITES, b: REBUILD })
    await send(b)
    await expectRows(a, b, AFTER_BOTH)
    expect(conflicts).toEqual([])
  })

  test('it is one revision with what others did, whatever the size of batches', async () => {
    await using server = new SyncServer()
    const { a, b } = await apart(server, { a: WRITES, b: REBUILD }, { pushOperationsThreshold: 1 })
    const revisionOf = async (db: Database): Promise<number> =>
      Number((await db.stats()).revision.split('.').at(-1))
    await a.pull()
    const before = await revisionOf(a)
    await b.push()
    await expectRows(a, b, AFTER_BOTH)
    expect(await revisionOf(a)).toBe(before + 1)
  })

  test('a table that is renamed first and dropped last', async () => {
    await using server = new SyncServer()
    const rebuild = `ALTER TABLE note RENAME TO old_note;
      CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT NOT NULL, done INTEGER DEFAULT 0);
      INSERT INTO note (id, body) SELECT id, body FROM old_note; DROP TABLE old_note`
    const { a, b } = await apart(server, { a: WRITES, b: rebuild })
    await b.push()
    await expectRows(a, b, AFTER_BOTH)
  })

  test.for([
    ['an integer key', 'id INTEGER PRIMARY KEY', ''],
    ['WITHOUT ROWID', 'id INTEGER PRIMARY KEY', ' WITHOUT ROWID'],
  ] as const)('%s', async ([, id, options]) => {
    await using server = new SyncServer()
    const { a, b } = await apart(server, {
      schema: `CREATE TABLE note (${id}, body TEXT)${options}; INSERT INTO note VALUES (1, 'one'), (2, 'two'), (3, 'three')`,
      a: `UPDATE note SET body = 'ONE' WHERE id = 1; DELETE FROM note WHERE id = 2; INSERT INTO note VALUES (9, 'nine')`,
      b: `CREATE TABLE new_note (${id}, body TEXT NOT NULL, done INTEGER)${options};
        INSERT INTO new_note (id, body) SELECT id, body FROM note; DROP TABLE note; ALTER TABLE new_note RENAME TO note;
        INSERT INTO note VALUES (10, 'ten', 1)`,
    })
    await b.push()
    await expectRows(a, b, [
      [1, 'ONE', null],
      [3, 'three', null],
      [9, 'nine', null],
      [10, 'ten', 1],
    ])
  })

  test('no key: rows that are new are there once; what others have changed or deleted is there as well', async () => {
    await using server = new SyncServer()
    const { a, b } = await apart(server, {
      schema: `CREATE TABLE log (line TEXT); INSERT INTO log VALUES ('gone'), ('old'), ('same'), ('same')`,
      a: `DELETE FROM log WHERE line = 'gone'; UPDATE log SET line = 'new' WHERE line = 'old'; INSERT INTO log VALUES ('same'), ('a')`,
      b: `INSERT INTO log VALUES ('before'); CREATE TABLE new_log (line TEXT NOT NULL); INSERT INTO new_log SELECT line FROM log ORDER BY 1;
        DROP TABLE log; ALTER TABLE new_log RENAME TO log; INSERT INTO log VALUES ('b')`,
    })
    await b.push()
    await expectRows(
      a,
      b,
      ['a', 'b', 'before', 'gone', 'new', 'old', 'same', 'same', 'same'].map((line) => [line]),
      'log',
    )
  })

  test('what was pushed from here and has not come back yet is nothing that others have done', async () => {
    await using server = new SyncServer()
    const { a, b, conflicts } = await apart(server, {
      schema: `${SCHEMA}; CREATE TABLE log (line TEXT)`,
      a: `INSERT INTO log VALUES ('a')`,
      b: `INSERT INTO log VALUES ('b'); INSERT INTO note VALUES ('b', 'b'); UPDATE note SET body = 'b' WHERE id = '1'; DELETE FROM note WHERE id = '2'`,
    })
    await b.push()
    inTransaction(
      b,
      `${REBUILD.replace('SELECT id, body', 'SELECT id, upper(body)')}; CREATE TABLE new_log (line TEXT NOT NULL);
       INSERT INTO new_log SELECT line FROM log; DROP TABLE log; ALTER TABLE new_log RENAME TO log`,
    )
    await b.push()
    await expectRows(a, b, [
      ['1', 'B', 0],
      ['3', 'THREE', 0],
      ['b', 'B', 0],
    ])
    await expectRows(a, b, [['a'], ['b']], 'log')
    expect(conflicts).toEqual([])
  })

  test('what the migration writes otherwise, or another program runs, is compared all the same', async () => {
    await using server = new SyncServer()
    const { a, b, conflicts } = await apart(server, { a: WRITES, b: 'SELECT 1' })
    const other = new BetterSqlite3(b.name)
    other.exec(`BEGIN; ${REBUILD.replace('SELECT id, body', 'SELECT id, upper(body)')}; COMMIT`)
    other.close()
    await b.push()
    await expectRows(a, b, [
      ['1', 'ONE', 0],
      ['2', 'TWO', 0],
      ['3', 'THREE', 0],
      ['9', 'nine', 0],
    ])
    expect(told(conflicts)).toEqual([['update/delete', '2', 'two', 'TWO', undefined]])
  })

  test('a row that both have changed stays as it is here, and the other one is told', async () => {
    await using server = new SyncServer()
    const { a, b, conflicts } = await apart(server, {
      a: `UPDATE note SET body = 'a' WHERE id = '1'; UPDATE note SET body = 'a' WHERE id = '2'; DELETE FROM note WHERE id = '3';
        INSERT INTO note VALUES ('9', 'a')`,
      b: `${REBUILD}; UPDATE note SET body = 'b' WHERE id = '1'; DELETE FROM note WHERE id = '2';
        UPDATE note SET body = 'b' WHERE id = '3'; INSERT INTO note VALUES ('9', 'b', 1)`,
    })
    await b.push()
    expect(told(conflicts)).toEqual([
      ['update/delete', '3', 'three', 'b', undefined],
      ['update/update', '1', 'one', 'b', 'a'],
      ['delete/update', '2', 'two', undefined, 'a'],
      ['insert/insert', '9', undefined, 'b', 'a'],
    ])
    await expectRows(a, b, [
      ['1', 'b', 0],
      ['3', 'b', 0],
      ['9', 'b', 1],
    ])
  })

  test('a row that the new table refuses is told, stays pending, and can be discarded', async () => {
    await using server = new SyncServer()
    const { a, b, conflicts } = await apart(server, { a: `INSERT INTO note VALUES ('9', NULL)`, b: REBUILD })
    await b.pull()
    expect(conflicts.map(({ kind, reason }) => [kind, reason?.message])).toContainEqual([
      'constraint',
      'NOT NULL constraint failed: note.body',
    ])
    await expect(b.push()).rejects.toMatchObject({ code: 'TIDEMARK_REJECTED', key: ['9'] })
    await b.discard({ where: ({ blocked }) => blocked !== null })
    await b.push()
    await expectRows(a, b, [
      ['1', 'one', 0],
      ['2', 'two', 0],
      ['3', 'three', 0],
    ])
  })

  test('others go on writing to the old table between a pull and the push', async () => {
    await using server = new SyncServer()
    const { a, b } = await apart(server, { a: WRITES, b: REBUILD })
    await b.pull()
    a.exec(
      `UPDATE note SET body = 'THREE' WHERE id = '3'; INSERT INTO note VALUES ('10', 'ten'); DELETE FROM note WHERE id = '9'`,
    )
    await a.push()
    await b.push()
    await expectRows(a, b, [
      ['1', 'ONE', 0],
      ['10', 'ten', 0],
      ['3', 'THREE', 0],
    ])
  })

  test('many rows, and a pull that finds the file locked at first', async () => {
    await using server = new SyncServer()
    const { a, b } = await apart(server, {
      a: `WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
        INSERT INTO note SELECT i, 'row ' || i FROM n`,
      b: REBUILD,
    })
    const blocker = new BetterSqlite3(b.name)
    blocker.exec('BEGIN IMMEDIATE')
    await expect(b.pull()).rejects.toMatchObject({ code: 'TIDEMARK_BUSY' })
    blocker.close()
    await b.push()
    await a.pull()
    expect(a.prepare('SELECT count(*) FROM note').pluck().get()).toBe(2904)
    expect(contentOf(a)).toEqual(contentOf(b))
  })
})

test('a push that drops a table is refused while it has not seen what others have written since its pull', async () => {
  await using server = new SyncServer()
  const { a, b } = await apart(server, { a: WRITES, b: REBUILD })
  let writes = 0
  const busy = await server.client('b2.db', {
    fetch: async (url, init) => {
      const isPush = new URL(url instanceof Request ? url.url : url).pathname.endsWith('/push-changes')
      if (isPush && writes < 3) {
        writes += 1
        a.exec(
          `INSERT INTO note VALUES ('late ${writes}', 'late'); UPDATE note SET body = 'theirs' WHERE id = '1'`,
        )
        await a.push()
      }
      return await fetch(url, init)
    },
  })
  // What it overwrites itself is in no way of the answer.
  inTransaction(busy, `UPDATE note SET body = 'mine' WHERE id = '1'; ${REBUILD}`)
  await busy.push()
  expect(writes).toBe(3)
  await b.push()
  await a.pull()
  await expectRows(a, busy, [
    ['1', 'mine', 0],
    ...AFTER_BOTH.slice(1),
    ...[1, 2, 3].map((n) => [`late ${n}`, 'late', 0]),
  ])
})

describe('both run the same migration', () => {
  test('the table of the one who was first is kept, with all rows and values of both', async () => {
    await using server = new SyncServer()
    const { a, b, conflicts } = await apart(server, {
      a: `${REBUILD}; INSERT INTO note VALUES ('a', 'a', 1); UPDATE note SET done = 1 WHERE id = '1'; DELETE FROM note WHERE id = '3'`,
      b: `INSERT INTO note VALUES ('b', 'before'); ${REBUILD}; UPDATE note SET done = 2 WHERE id = '2';
        INSERT INTO note VALUES ('c', 'after', 3); CREATE INDEX note_done ON note (done)`,
    })
    await b.push()
    await expectRows(a, b, [
      ['1', 'one', 1],
      ['2', 'two', 2],
      ['a', 'a', 1],
      ['b', 'before', 0],
      ['c', 'after', 3],
    ])
    expect(conflicts).toEqual([])
    expect(a.prepare(`SELECT name FROM sqlite_schema WHERE name = 'note_done'`).get()).toBeDefined()
  })

  test('not the same one: the rows come together in the columns that both have', async () => {
    await using server = new SyncServer()
    const { a, b } = await apart(server, {
      a: `${REBUILD.replace('done', 'finished')}; INSERT INTO note VALUES ('a', 'a', 1)`,
      b: `${REBUILD}; INSERT INTO note VALUES ('b', 'b', 2)`,
    })
    await b.push()
    await expectRows(a, b, [
      ['1', 'one', 0],
      ['2', 'two', 0],
      ['3', 'three', 0],
      ['a', 'a', 0],
      ['b', 'b', 2],
    ])
  })
})

test('a table that is dropped for good: each row that others have inserted or changed is told', async () => {
  await using server = new SyncServer()
  const { a, b, conflicts } = await apart(server, { a: WRITES, b: 'DROP TABLE note' })
  await b.push()
  expect(told(conflicts)).toEqual([
    ['delete/update', '1', 'one', undefined, 'ONE'],
    ['delete/update', '9', undefined, undefined, 'nine'],
  ])
  expect((await b.stats()).conflicts).toBe(2)
  await a.pull()
  expect(contentOf(a)).toEqual({})
})

test('a table that nobody else has written to is dropped and built anew without a word', async () => {
  await using server = new SyncServer()
  const { a, b, conflicts } = await apart(server, {
    a: 'CREATE TABLE other (x)',
    b: `${REBUILD}; UPDATE note SET done = 1 WHERE id = '2'; DELETE FROM note WHERE id = '3'`,
  })
  await b.push()
  await expectRows(a, b, [
    ['1', 'one', 0],
    ['2', 'two', 1],
  ])
  expect(conflicts).toEqual([])
})
