import { describe, expect, test } from 'vitest'
import type { RejectedEvent } from '../src/index.ts'
import { alone, mails, pair } from './people.ts'
import { contentOf, SyncServer } from './sync-server.ts'

describe('quarantine', () => {
  test('a change that the server refuses is set aside with its reason, and the rest is pushed', async () => {
    await using server = new SyncServer()
    const [a, b] = await pair(server)
    const events: RejectedEvent[] = []
    b.on('rejected', (event) => events.push(event))
    alone(b, `INSERT INTO person (id, mail) VALUES (2, 'y')`)
    alone(b, `INSERT INTO person (id, mail) VALUES (3, 'x')`)
    alone(b, `INSERT INTO person (id, mail) VALUES (4, 'z')`)
    const poison = (await b.pending())[1]!
    const before = Date.now()
    expect((await b.sync()).push).toMatchObject({ operations: 2, batches: 1 })
    await a.pull()
    for (const db of [a, b])
      expect(mails(db)).toEqual([
        [1, 'x'],
        [2, 'y'],
        [4, 'z'],
      ])
    expect(events).toMatchObject([
      {
        changeId: poison.changeId,
        table: 'person',
        key: [3n],
        sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE',
        quarantined: 1,
      },
    ])
    const rejected = await b.rejected()
    expect(rejected).toMatchObject([
      {
        id: poison.changeId,
        sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE',
        message: 'UNIQUE constraint failed: person.mail',
        changes: [{ kind: 'insert', table: 'person', key: [3n], after: { id: 3n, mail: 'x', stars: 0n } }],
      },
    ])
    expect(rejected[0]!.rejectedAt).toBeGreaterThanOrEqual(before)
    expect(await b.stats()).toMatchObject({ cdcOperations: 0, rejected: 1, quarantined: 1 })
    expect(await b.pending()).toEqual([])
  })

  test('a transaction is set aside whole, with later transactions that touch its rows (I5)', async () => {
    await using server = new SyncServer()
    const [a, b] = await pair(server)
    alone(b, `INSERT INTO log VALUES ('before')`)
    b.transaction(() => {
      alone(b, `INSERT INTO person (id, mail) VALUES (3, 'x')`)
      alone(b, `INSERT INTO person (id, mail) VALUES (4, 'four')`)
    })()
    b.transaction(() => {
      alone(b, `UPDATE person SET stars = 9 WHERE id = 4`)
      alone(b, `INSERT INTO person (id, mail) VALUES (5, 'five')`)
    })()
    alone(b, `INSERT INTO person (id, mail) VALUES (6, 'six')`)
    alone(b, `UPDATE person SET mail = 'cinq' WHERE id = 5`)
    await b.sync()
    await a.pull()
    expect(contentOf(b)).toEqual(contentOf(a))
    expect(mails(a)).toEqual([
      [1, 'x'],
      [6, 'six'],
    ])
    const [entry] = await b.rejected()
    expect(entry!.changes.map((change) => change.kind)).toEqual([
      'insert',
      'insert',
      'update',
      'insert',
      'update',
    ])
  })

  test('transactions keep their bounds across a pull (I5)', async () => {
    await using server = new SyncServer()
    const [a, b] = await pair(server)
    alone(b, `INSERT INTO log VALUES ('one')`)
    b.transaction(() => {
      alone(b, `INSERT INTO person (id, mail) VALUES (3, 'three')`)
      alone(b, `INSERT INTO log VALUES ('with three')`)
    })()
    await b.pull()
    a.exec(`INSERT INTO person (id, mail) VALUES (7, 'three')`)
    await a.push()
    await b.sync()
    const [entry] = await b.rejected()
    expect(entry!.changes).toMatchObject([{ key: [3n] }, { table: 'log', after: { line: 'with three' } }])
    expect(b.prepare('SELECT line FROM log').pluck().all()).toEqual(['one'])
  })

  test('several poison rows are set aside one after another', async () => {
    await using server = new SyncServer()
    const [a, b] = await pair(server)
    a.exec(`INSERT INTO person (id, mail) VALUES (11, 'p'), (12, 'q')`)
    await a.push()
    for (const [id, mail] of [
      [20, 'p'],
      [21, 'q'],
      [22, 'x'],
      [23, 'free'],
    ] as const)
      alone(b, `INSERT INTO person (id, mail) VALUES (${id}, '${mail}')`)
    await b.sync()
    expect(await b.rejected()).toHaveLength(3)
    await a.pull()
    expect(contentOf(a)).toEqual(contentOf(b))
    expect(a.prepare('SELECT mail FROM person WHERE id = 23').pluck().get()).toBe('free')
  })

  test('a refused schema change is set aside too', async () => {
    await using server = new SyncServer()
    const [a, b] = await pair(server)
    a.exec(`INSERT INTO log VALUES ('same'), ('same')`)
    await a.push()
    alone(b, 'CREATE UNIQUE INDEX log_line ON log (line)')
    alone(b, `INSERT INTO person (id, mail) VALUES (2, 'y')`)
    await b.sync()
    expect(await b.rejected()).toMatchObject([
      {
        sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE',
        changes: [{ kind: 'schema', sql: 'CREATE UNIQUE INDEX log_line ON log (line)' }],
      },
    ])
    expect(b.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'log_line'`).get()).toBeUndefined()
    await a.pull()
    expect(contentOf(a)).toEqual(contentOf(b))
    a.exec('DELETE FROM log WHERE rowid = 1')
    await a.push()
    await b.pull()
    await b.retryRejected((await b.rejected())[0]!.id)
    await b.sync()
    await a.pull()
    expect(a.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'log_line'`).get()).toBeDefined()
  })

  test('taking rows out and putting them back fires no triggers and no foreign key actions', async () => {
    await using server = new SyncServer()
    const [a, b] = await pair(server)
    a.exec(`CREATE TRIGGER person_in AFTER INSERT ON person BEGIN INSERT INTO log VALUES ('in ' || new.id); END;
      CREATE TRIGGER person_out AFTER DELETE ON person BEGIN INSERT INTO log VALUES ('out ' || old.id); END;
      CREATE TABLE child (id INTEGER PRIMARY KEY, person REFERENCES person ON DELETE CASCADE)`)
    await a.push()
    a.exec(`INSERT INTO person (id, mail) VALUES (8, 'taken')`)
    await b.pull()
    b.pragma('foreign_keys = ON')
    alone(b, `INSERT INTO person (id, mail) VALUES (3, 'taken')`)
    alone(b, `INSERT INTO child VALUES (30, 3)`)
    await a.push()
    await b.sync()
    expect(b.prepare('SELECT line FROM log').pluck().all()).toEqual(['in 8'])
    expect(b.prepare('SELECT count(*) FROM child').pluck().get()).toBe(0)
    const entries = await b.rejected()
    expect(entries.map(({ changes }) => changes.length)).toEqual([2, 1])
    await b.retryRejected(entries[0]!.id, { row: { mail: 'free' } })
    await b.retryRejected(entries[1]!.id)
    expect(b.prepare('SELECT line FROM log ORDER BY rowid').pluck().all()).toEqual(['in 8', 'in 3'])
    await b.sync()
    await a.pull()
    expect(contentOf(a)).toEqual(contentOf(b))
    expect(a.prepare('SELECT * FROM child').all()).toEqual([{ id: 30, person: 3 }])
    expect(await b.rejected()).toEqual([])
  })

  test('what was set aside survives pulls, checkpoints, resets and restarts', async () => {
    await using server = new SyncServer()
    const [a, b] = await pair(server)
    alone(b, `INSERT INTO person (id, mail) VALUES (3, 'x')`)
    await b.push()
    const rejected = await b.rejected()
    expect(rejected).toHaveLength(1)
    a.exec(`INSERT INTO log VALUES ('more')`)
    await a.push()
    await b.pull()
    await b.checkpoint()
    await b.reset({ keepPending: false })
    b.close()
    const reopened = server.open('b.db')
    expect(await reopened.discard({ rejected: rejected[0]!.id }, { dryRun: true })).toBe(1)
    expect(await reopened.rejected()).toEqual(rejected)
    expect(await reopened.discard({ rejected: rejected[0]!.id })).toBe(1)
    expect(await reopened.rejected()).toEqual([])
    expect(await reopened.discard({ rejected: rejected[0]!.id })).toBe(0)
  })
})

describe('retryRejected', () => {
  test('puts the change back with another row, and later changes of the row follow it', async () => {
    await using server = new SyncServer()
    const [a, b] = await pair(server)
    alone(b, `INSERT INTO person (id, mail) VALUES (3, 'x')`)
    alone(b, `UPDATE person SET stars = 5 WHERE id = 3`)
    await b.sync()
    const [entry] = await b.rejected()
    await expect(b.retryRejected(entry!.id)).rejects.toMatchObject({
      code: 'TIDEMARK_REFUSED_CHANGE',
      recovery: 'fix-data',
      sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE',
    })
    expect(await b.rejected()).toEqual([entry])
    await expect(b.retryRejected(entry!.id, { row: { nope: 1 } })).rejects.toMatchObject({
      code: 'TIDEMARK_REFUSED_CHANGE',
    })
    expect(await b.retryRejected(entry!.id, { row: { id: 33n, mail: 'own' } })).toBe(2)
    expect(await b.rejected()).toEqual([])
    expect((await b.stats()).cdcOperations).toBe(2)
    expect((await b.sync()).push.batches).toBe(1)
    await a.pull()
    expect(contentOf(a)).toEqual(contentOf(b))
    expect(a.prepare('SELECT * FROM person WHERE id = 33').get()).toEqual({ id: 33, mail: 'own', stars: 5 })
    await expect(b.retryRejected(entry!.id)).rejects.toMatchObject({ code: 'TIDEMARK_NO_SUCH_REJECTION' })
  })

  test('does not write over a row that was given the key since', async () => {
    await using server = new SyncServer()
    const [a, b] = await pair(server)
    alone(b, `INSERT INTO person (id, mail) VALUES (3, 'x')`)
    await b.sync()
    b.exec(`INSERT INTO person (id, mail) VALUES (3, 'good')`)
    await b.sync()
    const [entry] = await b.rejected()
    await expect(b.retryRejected(entry!.id, { row: { mail: 'own' } })).rejects.toThrow(
      'another row of person has the key 3 by now',
    )
    expect(await b.rejected()).toEqual([entry])
    await b.retryRejected(entry!.id, { row: { id: 4n, mail: 'own' } })
    await b.sync()
    await a.pull()
    expect(a.prepare('SELECT mail FROM person WHERE id IN (3, 4) ORDER BY id').pluck().all()).toEqual([
      'good',
      'own',
    ])
  })

  test('what the server refuses again is set aside again, under another id', async () => {
    await using server = new SyncServer()
    const [a, b] = await pair(server)
    alone(b, `INSERT INTO person (id, mail) VALUES (3, 'x')`)
    await b.push()
    a.exec(`UPDATE person SET mail = 'y'`)
    await a.push()
    await b.pull()
    const [first] = await b.rejected()
    await b.retryRejected(first!.id)
    a.exec(`UPDATE person SET mail = 'x'`)
    await a.push()
    await b.sync()
    const [second] = await b.rejected()
    expect(second!.id).toBeGreaterThan(first!.id)
    expect(mails(b)).toEqual([[1, 'x']])
  })

  const change = `UPDATE log SET line = 'changed' WHERE line = 'mine'`
  const insert = `INSERT INTO log VALUES ('another')`
  test.each([
    ['a row', [change]],
    ['a row, and then inserts one', [change, insert]],
    ['one that it inserts, and a row', [insert, change]],
  ])('a row without a key that has moved meanwhile is changed where it is: %s', async (_, statements) => {
    await using server = new SyncServer()
    const [a, b] = await pair(server)
    a.exec(`INSERT INTO log VALUES ('theirs')`)
    await a.push()
    alone(b, `INSERT INTO log VALUES ('mine')`)
    b.transaction(() => {
      for (const sql of statements) b.exec(sql)
      b.exec(`INSERT INTO person (id, mail) VALUES (2, 'x')`)
    })()
    await b.sync()
    const [entry] = await b.rejected()
    a.exec('DELETE FROM person')
    await a.push()
    await b.pull()
    await b.retryRejected(entry!.id)
    await b.sync()
    await a.pull()
    const lines = statements.includes(insert) ? ['another', 'changed', 'theirs'] : ['changed', 'theirs']
    for (const db of [a, b])
      expect(db.prepare('SELECT line FROM log ORDER BY line').pluck().all()).toEqual(lines)
  })

  test.each([
    ['is gone', 'DELETE FROM line'],
    ['has moved', "DELETE FROM line; INSERT INTO line VALUES ('theirs')"],
    ['is still there', "DELETE FROM line WHERE v IN ('p', 'q')"],
  ])('two changes of a row without a key put back are of one row, where it %s', async (_, statement) => {
    await using server = new SyncServer()
    const [a, b] = await pair(server)
    a.exec("CREATE TABLE line(v UNIQUE); INSERT INTO line VALUES ('mine')")
    await a.push()
    await b.pull()
    a.exec("INSERT INTO line VALUES ('p'), ('q')")
    await a.push()
    for (const v of ['p', 'q']) {
      b.exec(`UPDATE line SET v = '${v}' WHERE v = 'mine'`)
      await b.push()
    }
    const entries = await b.rejected()
    expect(entries).toHaveLength(2)
    a.exec(statement)
    await a.push()
    await b.pull()
    for (const { id } of entries) await b.retryRejected(id)
    expect(await b.rejected()).toEqual([])
    await b.sync()
    await a.pull()
    for (const db of [a, b])
      expect(db.prepare("SELECT v FROM line WHERE v <> 'theirs'").pluck().all()).toEqual(['q'])
  })
})

test('stop: the push fails, nothing is pushed, and a discard lets the rest go on', async () => {
  await using server = new SyncServer()
  const [a, b] = await pair(server, {})
  alone(b, `INSERT INTO person (id, mail) VALUES (3, 'x')`)
  alone(b, `INSERT INTO person (id, mail) VALUES (4, 'z')`)
  const error = await b.push().catch((thrown: unknown) => thrown as { changeId: number })
  expect(error).toMatchObject({ code: 'TIDEMARK_REJECTED', key: [3n] })
  expect(await b.rejected()).toEqual([])
  await b.discard({ changeIds: [(error as { changeId: number }).changeId] })
  await b.sync()
  await a.pull()
  expect(contentOf(a)).toEqual(contentOf(b))
  expect(mails(a)).toEqual([
    [1, 'x'],
    [4, 'z'],
  ])
})
