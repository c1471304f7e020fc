import type { Database } from '@tidemark/sdk-node'
import { expect, test } from 'vitest'
import { contentOf, rowsOf, TursoSite } from './turso-site.ts'
import type { TursoClient } from './turso-site.ts'

test('rows without a key that got another rowid on the server are still found, before and after a pull', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec('CREATE TABLE line (word, n)')
  await a.sync()
  const b = await site.client('b.db')
  a.exec(`INSERT INTO line VALUES ('a1', 1), ('a2', 2), ('a3', 3)`)
  b.exec(`INSERT INTO line VALUES ('b1', 1), ('b2', 2), ('b3', 3)`)
  await a.push()
  await b.push()
  // Not pulled yet: b's rows have the rowids 1 to 3 here, which are a's on the server.
  b.exec(`UPDATE line SET n = 20 WHERE word = 'b2'; DELETE FROM line WHERE word = 'b3'`)
  await b.push()
  b.exec(`UPDATE line SET n = 21 WHERE word = 'b2'`)
  await b.pull()
  b.exec(`UPDATE line SET word = 'b2 again' WHERE word = 'b2'`)
  await b.sync()
  await a.sync()
  expect(contentOf(a)['line']).toEqual([
    { word: 'a1', n: 1 },
    { word: 'a2', n: 2 },
    { word: 'a3', n: 3 },
    { word: 'b1', n: 1 },
    { word: 'b2 again', n: 21 },
  ])
  expect(contentOf(b)).toEqual(contentOf(a))
})

test('a rowid that was freed and taken by the row of another client: that row stays as it is', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec(`CREATE TABLE line (word, n); INSERT INTO line VALUES ('first', 1), ('second', 2)`)
  await a.sync()
  const turso = await site.turso('turso.db')
  await turso.exec(`DELETE FROM line WHERE word = 'second'`)
  await turso.exec(`INSERT INTO line VALUES ('other', 9)`)
  await turso.push()
  expect(await site.sql('SELECT rowid, word FROM line')).toEqual([
    ['1', 'first'],
    ['2', 'other'],
  ])
  a.exec(`UPDATE line SET n = 22 WHERE word = 'second'`)
  await expect(a.push()).rejects.toMatchObject({ name: 'SyncConflictError' })
  await a.sync()
  expect(rowsOf(a, 'line')).toEqual([
    { word: 'first', n: 1 },
    { word: 'other', n: 9 },
    { word: 'second', n: 22 },
  ])
  a.exec(`DELETE FROM line WHERE word = 'second'`)
  await turso.pull()
  await turso.exec(`DELETE FROM line WHERE word = 'second'`)
  await turso.exec(`INSERT INTO line VALUES ('another', 9)`)
  await turso.push()
  await a.sync()
  expect(await site.sql('SELECT word FROM line ORDER BY word')).toEqual([['another'], ['first'], ['other']])
  await turso.close()
})

test('a row of another client at the same rowid is not taken for the own one, however alike they are', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec(`CREATE TABLE task (owner, state, done); INSERT INTO task VALUES ('a', 'new', 0), ('a', 'old', 0)`)
  await a.sync()
  const turso = await site.turso('turso.db')
  await turso.exec(`DELETE FROM task WHERE state = 'old'`)
  await turso.exec(`INSERT INTO task VALUES ('turso', 'old', 0)`)
  await turso.push()
  a.exec(`UPDATE task SET done = 1 WHERE state = 'old'; UPDATE task SET done = 2 WHERE state = 'old'`)
  await a.sync()
  expect(await site.sql('SELECT * FROM task ORDER BY owner, state')).toEqual([
    ['a', 'new', '0'],
    ['a', 'old', '2'],
    ['turso', 'old', '0'],
  ])
  await turso.pull()
  await turso.exec(`DELETE FROM task WHERE done = 2`)
  await turso.exec(`INSERT INTO task VALUES ('turso', 'old', 2)`)
  await turso.push()
  a.exec(`DELETE FROM task WHERE done = 2`)
  await a.sync()
  expect(await site.sql('SELECT owner, done FROM task ORDER BY owner, done')).toEqual([
    ['a', '0'],
    ['turso', '0'],
    ['turso', '2'],
  ])
  await turso.close()
})

test('what remains: a client of Turso that has not pulled changes whatever row has its rowid', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec('CREATE TABLE line (word)')
  await a.sync()
  const turso = await site.turso('turso.db')
  a.exec(`INSERT INTO line VALUES ('by a')`)
  await a.push()
  await turso.exec(`INSERT INTO line VALUES ('by turso')`)
  await turso.push()
  await turso.exec(`UPDATE line SET word = 'changed' WHERE word = 'by turso'`)
  await turso.push()
  await a.pull()
  expect(rowsOf(a, 'line')).toEqual([{ word: 'by turso' }, { word: 'changed' }])
  await turso.close()
})

test('of equal rows one is changed, the one at the same rowid if it is there', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec(`CREATE TABLE line (word, n); INSERT INTO line VALUES ('x', 1), ('x', 1), ('x', 1)`)
  await a.sync()
  a.exec('UPDATE line SET n = 2 WHERE rowid = 2')
  await a.push()
  expect(await site.sql('SELECT rowid, n FROM line')).toEqual([
    ['1', '1'],
    ['2', '2'],
    ['3', '1'],
  ])
  a.exec('DELETE FROM line WHERE rowid = 1')
  await site.sql('DELETE FROM line WHERE rowid = 1')
  await a.push()
  // Nobody can say which of two equal rows was meant.
  expect(await site.sql('SELECT n FROM line')).toEqual([['2']])
})

test('a NULL in the key: the row is known like one without a key', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec(`CREATE TABLE t (id TEXT PRIMARY KEY, x); INSERT INTO t VALUES (NULL, 1), (NULL, 2), ('k', 3)`)
  await a.push()
  a.exec(`UPDATE t SET x = 20 WHERE x = 2; UPDATE t SET id = NULL WHERE id = 'k'`)
  await a.push()
  a.exec(`UPDATE t SET x = 30 WHERE x = 3; UPDATE t SET id = 'one' WHERE x = 1`)
  await a.sync()
  const b = await site.client('b.db')
  expect(rowsOf(b, 't')).toEqual([
    { id: null, x: 20 },
    { id: null, x: 30 },
    { id: 'one', x: 1 },
  ])
  expect(rowsOf(a, 't')).toEqual(rowsOf(b, 't'))
})

test('rows with a NULL in the key among rows with whole keys, in one push, in any order', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  const other = await site.client('other.db')
  a.exec(`CREATE TABLE t (id TEXT PRIMARY KEY, x); INSERT INTO t VALUES ('k', 1), (NULL, 2)`)
  await a.sync()
  await other.sync()
  other.exec(`INSERT INTO t VALUES ('o', 100), (NULL, 101), ('p', 102)`)
  await other.push()
  a.exec(
    `INSERT INTO t VALUES (NULL, 3), ('l', 4), (NULL, 5), ('m', 6), (NULL, 7); UPDATE t SET x = 20 WHERE x = 2`,
  )
  await a.push()
  a.exec('UPDATE t SET x = 50 WHERE x = 5; DELETE FROM t WHERE x = 7')
  await a.push()
  a.exec('UPDATE t SET x = 30 WHERE x = 3; UPDATE t SET x = 51 WHERE x = 50')
  await a.pull()
  await a.sync()
  await other.sync()
  expect(rowsOf(other, 't')).toEqual([
    { id: null, x: 20 },
    { id: null, x: 30 },
    { id: null, x: 51 },
    { id: null, x: 101 },
    { id: 'k', x: 1 },
    { id: 'l', x: 4 },
    { id: 'm', x: 6 },
    { id: 'o', x: 100 },
    { id: 'p', x: 102 },
  ])
  expect(rowsOf(a, 't')).toEqual(rowsOf(other, 't'))
})

test.each([
  ['before its rows are pushed', ['rename', 'push']],
  ['between two pushes', ['push', 'rename', 'push']],
  ['behind a push', ['push', 'push', 'rename']],
])('a table that is renamed %s: rows that are elsewhere on the server are still found', async (_, steps) => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec('CREATE TABLE line (x); INSERT INTO line VALUES (1), (2)')
  await a.sync()
  const other = await site.client('other.db')
  other.exec('INSERT INTO line VALUES (100), (101)')
  await other.push()
  a.exec('INSERT INTO line VALUES (3), (4), (5)')
  let name = 'line'
  for (const step of steps) {
    if (step === 'rename') a.exec(`ALTER TABLE line RENAME TO ${(name = 'word')}`)
    else {
      await a.push()
      a.exec(`DELETE FROM ${name} WHERE x = 4; UPDATE ${name} SET x = x + 10 WHERE x % 10 = 5`)
    }
  }
  a.exec(`UPDATE ${name} SET x = x + 100 WHERE x % 10 = 5; UPDATE ${name} SET x = 30 WHERE x = 3`)
  await a.pull()
  await a.sync()
  await other.sync()
  const last = 5 + 10 * steps.filter((step) => step === 'push').length + 100
  const rows = [1, 2, 30, 100, 101, last].map((x) => ({ x }))
  expect([rowsOf(a, 'word'), rowsOf(other, 'word')]).toEqual([rows, rows])
})

test('clients of both kinds hammer one table without a key: no client ever changes the row of another', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec('CREATE TABLE line (owner, word, n)')
  await a.sync()
  const b = await site.client('b.db')
  const turso = await site.turso('turso.db')
  const models = await Promise.all([hammer(a, 'a'), hammer(b, 'b'), hammerTurso(turso, 'turso')])
  await turso.push()
  for (const client of [a, b, a, b]) await client.sync()
  const expected = models.flat().toSorted((x, y) => (x < y ? -1 : 1))
  const lines = `SELECT owner || ' ' || word || ' ' || n FROM line ORDER BY 1`
  expect((await site.sql(lines)).flat()).toEqual(expected)
  for (const client of [a, b]) expect(client.prepare(lines).pluck().all()).toEqual(expected)
  await turso.close()
})

const ROUNDS = 10

interface Line {
  readonly word: string
  n: number
}

/** Changes rows of its own at random and syncs at random; returns the rows that must be there at the end. */
async function hammer(db: Database, owner: string): Promise<string[]> {
  const lines: Line[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let i = 0; i < 4; i += 1) {
      const line = lines[Math.floor(Math.random() * lines.length * 2)]
      if (line === undefined) {
        lines.push({ word: `${round}-${i}`, n: 0 })
        db.prepare('INSERT INTO line VALUES (?, ?, 0)').run(owner, `${round}-${i}`)
      } else if (Math.random() < 0.6) {
        line.n += 1
        db.prepare('UPDATE line SET n = ? WHERE owner = ? AND word = ?').run(BigInt(line.n), owner, line.word)
      } else {
        lines.splice(lines.indexOf(line), 1)
        db.prepare('DELETE FROM line WHERE owner = ? AND word = ?').run(owner, line.word)
      }
    }
    const step = Math.random()
    if (step < 0.4) await db.sync()
    else if (step < 0.6) await db.pull()
    else if (step < 0.8) await db.push()
  }
  return lines.map(({ word, n }) => `${owner} ${word} ${n}`)
}

/** The same for Turso's client, which finds rows by their rowid: it must know the server's before it changes one. */
async function hammerTurso(db: TursoClient, owner: string): Promise<string[]> {
  const lines: Line[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    lines.push({ word: String(round), n: 0 })
    await db.exec(`INSERT INTO line VALUES ('${owner}', '${round}', 0)`)
    await db.push()
    await db.pull()
    const line = lines[Math.floor(Math.random() * lines.length)]!
    if (Math.random() < 0.7) {
      line.n += 1
      await db.exec(`UPDATE line SET n = ${line.n} WHERE owner = '${owner}' AND word = '${line.word}'`)
    } else {
      lines.splice(lines.indexOf(line), 1)
      await db.exec(`DELETE FROM line WHERE owner = '${owner}' AND word = '${line.word}'`)
    }
    await db.push()
    await db.pull()
  }
  return lines.map(({ word, n }) => `${owner} ${word} ${n}`)
}

test('rows without a key that are where they were are found without reading the whole table for each', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec(
    `CREATE TABLE line (word, n); CREATE TABLE keyed (word, n INTEGER PRIMARY KEY);
     WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20000) INSERT INTO line SELECT 'a', n FROM c;
     INSERT INTO keyed SELECT * FROM line`,
  )
  await a.sync()
  const pushWithout = async (table: string): Promise<number> => {
    a.exec(`DELETE FROM ${table} WHERE n % 20 = 0`)
    const start = performance.now()
    await a.push()
    return performance.now() - start
  }
  const keyed = await pushWithout('keyed')
  // Thirty times as long where each statement reads the table.
  expect(await pushWithout('line')).toBeLessThan(8 * keyed)
  expect(await site.sql('SELECT count(*) FROM line')).toEqual([['19000']])
}, 60_000)
