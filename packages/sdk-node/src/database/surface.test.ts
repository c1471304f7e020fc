import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import BetterSqlite3 from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { TemporaryDirectory } from '../../test/temporary-directory.ts'
import { Database } from './database.ts'

type AnyDatabase = BetterSqlite3.Database

/** What an operation gives or throws, so that two implementations can be compared. */
function outcome(run: () => unknown): unknown {
  try {
    return { gives: run() }
  } catch (error) {
    const { name, message, code } = error as Error & { code?: string }
    return { throws: { name, message, code } }
  }
}

const SETUP = `
  CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, height REAL, photo BLOB, UNIQUE (name));
  CREATE TABLE pet (name TEXT PRIMARY KEY, owner INTEGER REFERENCES person (id)) WITHOUT ROWID;
  INSERT INTO person VALUES (1, 'Ada', 1.65, x'0102'), (2, 'Béla', NULL, NULL), (9007199254740993, 'Çelik', -0.0, x'');
  INSERT INTO pet VALUES ('Rex', 1), ('Tom', 2);
`

const battery: Readonly<Record<string, (db: AnyDatabase) => unknown>> = {
  'get with a positional value': (db) => db.prepare('SELECT * FROM person WHERE id = ?').get(1),
  'get of nothing': (db) => db.prepare('SELECT * FROM person WHERE id = ?').get(77),
  'all with an array of values': (db) =>
    db.prepare('SELECT name FROM person WHERE id IN (?, ?) ORDER BY id').all([1, 2]),
  'all with named values': (db) =>
    db.prepare('SELECT name FROM person WHERE name = @name').all({ name: 'Ada' }),
  iterate: (db) => [...db.prepare('SELECT name FROM person ORDER BY id').iterate()],
  'iterate and stop': (db) => {
    const statement = db.prepare('SELECT name FROM person ORDER BY id')
    const names: unknown[] = []
    for (const row of statement.iterate()) {
      names.push(row, statement.busy)
      break
    }
    return [names, statement.busy]
  },
  pluck: (db) => db.prepare('SELECT name FROM person ORDER BY id').pluck().all(),
  'pluck and back': (db) => db.prepare('SELECT name FROM person ORDER BY id').pluck().pluck(false).get(),
  raw: (db) => db.prepare('SELECT id, name FROM person WHERE id < 10').raw().all(),
  expand: (db) => db.prepare('SELECT * FROM person JOIN pet ON owner = id WHERE id = 1').expand().get(),
  columns: (db) => db.prepare('SELECT id AS number, name, 1 + 1 FROM person').columns(),
  bind: (db) => db.prepare('SELECT name FROM person WHERE id = ?').bind(2).get(),
  'bind twice': (db) => db.prepare('SELECT name FROM person WHERE id = ?').bind(2).bind(2),
  safeIntegers: (db) => db.prepare('SELECT id FROM person ORDER BY id DESC').safeIntegers().get(),
  defaultSafeIntegers: (db) => db.defaultSafeIntegers().prepare('SELECT 1').pluck().get(),
  run: (db) => db.prepare('INSERT INTO person (name) VALUES (?)').run('Dora'),
  'run of an update': (db) => db.prepare('UPDATE person SET height = ? WHERE id < 10').run(2),
  'run of a delete': (db) => db.prepare('DELETE FROM pet').run(),
  'run of nothing': (db) => db.prepare('DELETE FROM pet WHERE name = ?').run('Nobody'),
  RETURNING: (db) => db.prepare('UPDATE person SET height = 1 WHERE id = 1 RETURNING id, height').all(),
  'an upsert': (db) =>
    db.prepare("INSERT INTO person (name) VALUES ('Ada') ON CONFLICT (name) DO UPDATE SET height = 3").run(),
  'WITH before INSERT': (db) =>
    db.prepare("WITH x (n) AS (VALUES ('Eve')) INSERT INTO person (name) SELECT n FROM x").run().changes,
  'a UNIQUE violation': (db) => db.prepare("INSERT INTO person (name) VALUES ('Ada')").run(),
  'a NOT NULL violation': (db) => db.prepare('INSERT INTO person (name) VALUES (NULL)').run(),
  'a syntax error': (db) => db.prepare('SELEC 1'),
  'a missing table': (db) => db.prepare('SELECT * FROM nothing'),
  'two statements in prepare': (db) => db.prepare('SELECT 1; SELECT 2'),
  'an empty statement': (db) => db.prepare(' -- nothing'),
  'too few values': (db) => db.prepare('SELECT ?, ?').get(1),
  'too many values': (db) => db.prepare('SELECT ?').get(1, 2),
  'a value of a wrong type': (db) => db.prepare('SELECT ?').get(true),
  'run of a read': (db) => db.prepare('SELECT 1').run(),
  'all of a write': (db) => db.prepare('DELETE FROM pet').all(),
  'reader, readonly and source': (db) =>
    ['SELECT 1', 'DELETE FROM pet', 'BEGIN', 'CREATE TABLE x (a)', 'DELETE FROM pet RETURNING *'].map(
      (sql) => {
        const { reader, readonly, source } = db.prepare(sql)
        return { reader, readonly, source }
      },
    ),
  'exec of a script': (db) => {
    const result = db.exec(
      "CREATE TABLE a (x); INSERT INTO a VALUES (';'); -- end;\n CREATE TABLE b AS SELECT * FROM a",
    )
    return [result === db, db.prepare('SELECT * FROM b').all()]
  },
  'exec of a script that fails half-way': (db) => [
    outcome(() =>
      db.exec(
        'CREATE TABLE a (x); INSERT INTO a VALUES (1); INSERT INTO nothing VALUES (1); INSERT INTO a VALUES (2)',
      ),
    ),
    db.prepare('SELECT * FROM a').all(),
  ],
  'exec of a trigger with statements inside': (db) => {
    db.exec(`CREATE TABLE log (n); CREATE TRIGGER t AFTER INSERT ON person BEGIN INSERT INTO log VALUES (new.name); UPDATE log SET n = n || '!'; END;
      INSERT INTO person (name) VALUES ('Ed')`)
    return db.prepare('SELECT n FROM log').all()
  },
  'exec of nothing': (db) => db.exec('') === db,
  'exec of something else': (db) => db.exec(7 as unknown as string),
  'a transaction': (db) => {
    const insert = db.prepare('INSERT INTO person (name) VALUES (?)')
    const many = db.transaction((names: string[]) => {
      for (const name of names) insert.run(name)
      return db.inTransaction
    })
    return [many(['X', 'Y']), db.inTransaction, db.prepare('SELECT count(*) FROM person').get()]
  },
  'a transaction that throws': (db) => {
    const failing = db.transaction(() => {
      db.prepare('DELETE FROM pet').run()
      throw new RangeError('no')
    })
    return [outcome(failing), db.inTransaction, db.prepare('SELECT count(*) FROM pet').pluck().get()]
  },
  'nested transactions': (db) => {
    const inner = db.transaction((fail: boolean) => {
      db.prepare("INSERT INTO pet VALUES ('inner' || ?, NULL)").run(String(fail))
      if (fail) throw new Error('inner')
    })
    const outer = db.transaction(() => {
      inner(false)
      return outcome(() => {
        inner(true)
      })
    })
    return [outer(), db.prepare('SELECT name FROM pet ORDER BY name').pluck().all()]
  },
  'transaction behaviours': (db) => {
    const fn = db.transaction(() => db.inTransaction)
    return [fn.deferred(), fn.immediate(), fn.exclusive(), fn.default()]
  },
  'a transaction that returns a promise': (db) => db.transaction(async () => 1)(),
  'transaction of something else': (db) => db.transaction('x' as never),
  'BEGIN and COMMIT through statements': (db) => {
    db.prepare('BEGIN').run()
    const inside = db.inTransaction
    db.prepare('DELETE FROM pet').run()
    db.prepare('COMMIT').run()
    return [inside, db.inTransaction, db.prepare('SELECT count(*) FROM pet').pluck().get()]
  },
  'savepoints through statements': (db) => {
    db.prepare('SAVEPOINT a').run()
    db.prepare("DELETE FROM pet WHERE name = 'Rex'").run()
    db.prepare('SAVEPOINT A').run()
    db.prepare('DELETE FROM pet').run()
    db.prepare('ROLLBACK TO a').run()
    db.prepare('RELEASE a').run()
    const between = db.inTransaction
    db.prepare('RELEASE SAVEPOINT a').run()
    return [between, db.inTransaction, db.prepare('SELECT name FROM pet').pluck().all()]
  },
  'COMMIT without BEGIN': (db) => db.prepare('COMMIT').run(),
  'BEGIN twice': (db) => {
    db.exec('BEGIN')
    return outcome(() => db.exec('BEGIN'))
  },
  'ROLLBACK through exec': (db) => {
    db.exec('BEGIN; DELETE FROM pet; ROLLBACK')
    return [db.inTransaction, db.prepare('SELECT count(*) FROM pet').pluck().get()]
  },
  'DDL in a transaction that is rolled back': (db) => {
    db.exec('BEGIN; CREATE TABLE a (x); ROLLBACK')
    return outcome(() => db.prepare('SELECT * FROM a'))
  },
  pragma: (db) => [
    db.pragma('foreign_keys'),
    db.pragma('foreign_keys', { simple: true }),
    db.pragma('table_info(pet)'),
  ],
  'pragma user_version': (db) => [db.pragma('user_version = 7'), db.pragma('user_version', { simple: true })],
  'pragma through a statement': (db) => [
    db.prepare('PRAGMA user_version = 8').run(),
    db.prepare('PRAGMA user_version').get(),
  ],
  'pragma of something else': (db) => db.pragma(7 as unknown as string),
  'foreign keys': (db) => {
    db.pragma('foreign_keys = ON')
    return outcome(() => db.prepare("INSERT INTO pet VALUES ('Kit', 99)").run())
  },
  'a function': (db) => {
    const result = db.function('shout', { deterministic: true }, (text: string) => `${text.toUpperCase()}!`)
    return [result === db, db.prepare("SELECT shout('hi')").pluck().get()]
  },
  'an aggregate': (db) => {
    db.aggregate('total_length', {
      start: 0,
      step: (total: number, next: unknown) => total + String(next).length,
    })
    return db.prepare('SELECT total_length(name) FROM person').pluck().get()
  },
  'a virtual table': (db) => {
    db.table('numbers', {
      columns: ['n'],
      parameters: ['count'],
      *rows(count: unknown) {
        for (let n = 1; n <= Number(count); n += 1) yield [n]
      },
    })
    return db.prepare('SELECT n FROM numbers(3)').pluck().all()
  },
  REPLACE: (db) => [
    db.prepare("REPLACE INTO person (id, name) VALUES (5, 'Ada')").run(),
    db.prepare('SELECT id FROM person ORDER BY id').pluck().all(),
  ],
  'ALTER TABLE': (db) => {
    db.exec(
      'ALTER TABLE person ADD COLUMN age INT; ALTER TABLE person RENAME COLUMN height TO size; ALTER TABLE person DROP COLUMN photo',
    )
    db.exec('ALTER TABLE person RENAME TO people')
    return db.prepare('SELECT * FROM people WHERE id = 1').get()
  },
  'a statement held across ALTER TABLE': (db) => {
    const statement = db.prepare('SELECT * FROM pet ORDER BY name')
    const before = statement.all()
    db.exec("ALTER TABLE pet ADD COLUMN kind TEXT DEFAULT 'dog'")
    return [before, statement.all()]
  },
  'DROP TABLE': (db) => {
    db.exec('DROP TABLE pet')
    return outcome(() => db.prepare('SELECT * FROM pet'))
  },
  'bigints by default, also for functions, settings and statements that change the schema': (db) => {
    db.defaultSafeIntegers()
    db.function('kind', (value: unknown) => typeof value)
    db.exec('CREATE TABLE big (id INTEGER PRIMARY KEY, kind TEXT); ALTER TABLE big ADD COLUMN more')
    db.transaction(() => db.exec('INSERT INTO big VALUES (1, kind(1), 2)'))()
    const rows = [db.prepare('SELECT * FROM big').get(), db.pragma('user_version')]
    db.defaultSafeIntegers(false)
    return [rows, db.prepare('SELECT * FROM big').get()]
  },
  'a temporary table': (db) => {
    db.exec("CREATE TEMP TABLE scratch (x); INSERT INTO scratch VALUES ('y')")
    return db.prepare('SELECT * FROM scratch').all()
  },
  'an attached database': (db) => {
    db.exec("ATTACH ':memory:' AS other; CREATE TABLE other.x (a); INSERT INTO other.x VALUES (1)")
    return db.prepare('SELECT a FROM other.x').all()
  },
  'a write while iterating': (db) => {
    for (const _row of db.prepare('SELECT 1').iterate())
      return outcome(() => db.prepare('DELETE FROM pet').run())
    return null
  },
  'last_insert_rowid and changes()': (db) => {
    db.prepare("INSERT INTO person (id, name) VALUES (50, 'Flo')").run()
    return db.prepare('SELECT last_insert_rowid() AS rowid, changes() AS changes').get()
  },
}

describe('the same outcome as plain better-sqlite3', () => {
  test.for(Object.entries(battery))('%s', ([, operation]) => {
    using directory = new TemporaryDirectory()
    const plain = new BetterSqlite3(directory.file('plain.db'))
    const synced = new Database({ path: directory.file('synced.db'), url: () => null })
    plain.pragma('journal_mode = WAL')
    plain.exec(SETUP)
    synced.exec(SETUP)
    try {
      expect(outcome(() => operation(synced))).toEqual(outcome(() => operation(plain)))
    } finally {
      plain.close()
      synced.close()
    }
  })
})

describe('a database', () => {
  test('is an extensible instance of its class with the properties of better-sqlite3', () => {
    using directory = new TemporaryDirectory()
    const path = directory.file('a.db')
    const db = new Database({ path, url: () => null })
    expect(db).toBeInstanceOf(Database)
    expect(Object.isExtensible(db)).toBe(true)
    expect({
      name: db.name,
      open: db.open,
      memory: db.memory,
      readonly: db.readonly,
      inTransaction: db.inTransaction,
    }).toEqual({
      name: path,
      open: true,
      memory: false,
      readonly: false,
      inTransaction: false,
    })
    expect(db.prepare('SELECT 1').database).toBe(db)
    expect(db.close()).toBe(db)
    expect(db.open).toBe(false)
    expect(() => db.prepare('SELECT 1')).toThrow(
      expect.objectContaining({ code: 'TIDEMARK_CLOSED' }) as Error,
    )
    expect(db.close()).toBe(db)
  })

  test('keeps its rows when it is closed and opened again', () => {
    using directory = new TemporaryDirectory()
    const path = directory.file('a.db')
    const first = new Database({ path, url: () => null })
    first.exec("CREATE TABLE t (a); INSERT INTO t VALUES ('x')")
    first.close()
    const second = new Database({ path, url: () => null })
    expect(second.prepare('SELECT a FROM t').pluck().all()).toEqual(['x'])
    second.close()
  })

  test(':memory: is a file of its own that is removed on close', () => {
    const db = new Database({ path: ':memory:', url: () => null })
    db.exec('CREATE TABLE t (a)')
    const [{ file }] = db.pragma('database_list') as [{ file: string }]
    expect([db.memory, db.name, existsSync(file)]).toEqual([true, ':memory:', true])
    db.close()
    expect(existsSync(file)).toBe(false)
  })

  test('makes a backup', async () => {
    using directory = new TemporaryDirectory()
    const db = new Database({ path: ':memory:', url: () => null })
    db.exec("CREATE TABLE t (a); INSERT INTO t VALUES ('x')")
    await db.backup(directory.file('copy.db'))
    db.close()
    const copy = new BetterSqlite3(directory.file('copy.db'))
    expect(copy.prepare('SELECT a FROM t').get()).toEqual({ a: 'x' })
    copy.close()
  })

  test('explains a statement and serializes the file', () => {
    const db = new Database({ path: ':memory:', url: () => null })
    expect(db.explain('SELECT 1')[0]).toHaveProperty('opcode')
    expect(db.serialize().subarray(0, 15).toString()).toBe('SQLite format 3')
    db.close()
  })

  test.for([
    'VACUUM',
    'PRAGMA journal_mode = DELETE',
    'PRAGMA locking_mode = EXCLUSIVE',
    'PRAGMA main.journal_mode(memory)',
    'PRAGMA locking_mode = /* nobody else */ exclusive',
    'PRAGMA full_column_names = ON',
    'PRAGMA short_column_names(0)',
  ])('refuses %s, which would move pages or rows behind capture (I2)', (sql) => {
    const db = new Database({ path: ':memory:', url: () => null })
    const refused = expect.objectContaining({ code: 'TIDEMARK_STATEMENT_REFUSED' }) as Error
    expect(() => db.exec(sql)).toThrow(refused)
    expect(() => db.prepare(sql)).toThrow(refused)
    expect(() => db.exec(`CREATE TABLE t (a); ${sql}`)).toThrow(refused)
    db.close()
  })

  test('allows what only looks like it', () => {
    using directory = new TemporaryDirectory()
    const db = new Database({ path: ':memory:', url: () => null })
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal')
    expect(db.pragma('journal_mode = WAL', { simple: true })).toBe('wal')
    expect(db.pragma(`locking_mode = 'NORMAL'`, { simple: true })).toBe('normal')
    db.exec(`VACUUM INTO '${directory.file('copy.db')}'`)
    expect(existsSync(directory.file('copy.db'))).toBe(true)
    db.close()
  })

  test('can be used from CommonJS', () => {
    const require = createRequire(import.meta.url)
    expect(require('@tidemark/sdk-node')).toHaveProperty('connect')
  })
})
