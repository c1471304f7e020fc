import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { capturedDatabase, contents, push, receiver, runSchema } from '../../test/captured-database.ts'
import type { ApplyConnection } from '../apply/apply-connection.ts'
import { captureForeignSchema } from './foreign-schema.ts'
import { readCaptured } from './read-captured.ts'

const base = `
  CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT, age);
  CREATE TABLE "odd ""name"" ö"("a ""b""", "select" PRIMARY KEY);
  CREATE INDEX people_name ON people(name);
  CREATE VIEW names AS SELECT name FROM people;
  CREATE TABLE log(line);
  CREATE TRIGGER people_log AFTER INSERT ON people BEGIN INSERT INTO log VALUES(NEW.name); END;
  INSERT INTO people VALUES(1, 'ann', 30), (2, 'bob', 40)`

/** Each script, run through the SDK's path and by another program, must lead to the same schema and rows elsewhere. */
const scripts: Record<string, string[]> = {
  'CREATE TABLE': [
    'CREATE TABLE IF NOT EXISTS pets(id INTEGER PRIMARY KEY, name)',
    "INSERT INTO pets(name) VALUES('cat')",
  ],
  'CREATE TABLE AS SELECT': [
    'CREATE TABLE copies AS SELECT * FROM people',
    "INSERT INTO copies VALUES(3, 'eve', 50)",
  ],
  'a wide table': [
    `CREATE TABLE wide(id INTEGER PRIMARY KEY, ${Array.from({ length: 299 }, (_, i) => `c${i}`).join()})`,
    'INSERT INTO wide(c298) VALUES(1)',
    'UPDATE wide SET c0 = 2',
  ],
  'DROP TABLE': ['DROP TABLE people'],
  'DROP TABLE and a new one of its name': [
    'DROP TABLE people',
    'CREATE TABLE people(name TEXT PRIMARY KEY)',
    "INSERT INTO people VALUES('new')",
  ],
  'DROP TABLE and the same again': [
    'DROP TABLE log',
    'CREATE TABLE log(line)',
    "INSERT INTO log VALUES('fresh')",
  ],
  'RENAME TABLE': [
    'UPDATE people SET age = 31 WHERE id = 1',
    'ALTER TABLE people RENAME TO "the people"',
    'UPDATE "the people" SET age = 32 WHERE id = 1',
  ],
  'two tables change names': [
    'CREATE TABLE log2(line)',
    "INSERT INTO log2 VALUES('second')",
    'ALTER TABLE log RENAME TO x',
    'ALTER TABLE log2 RENAME TO log',
    'ALTER TABLE x RENAME TO log2',
    "INSERT INTO log VALUES('third')",
  ],
  'RENAME COLUMN': [
    'UPDATE people SET age = 31',
    'ALTER TABLE people RENAME COLUMN name TO "full name"',
    `INSERT INTO people VALUES(3, 'eve', 1)`,
  ],
  'ADD COLUMN': [
    "ALTER TABLE people ADD COLUMN nick TEXT DEFAULT 'none' COLLATE NOCASE",
    "UPDATE people SET nick = 'b' WHERE id = 2",
    "INSERT INTO people VALUES(3, 'eve', 1, NULL)",
  ],
  'ADD generated COLUMN': [
    'ALTER TABLE people ADD COLUMN upper AS (upper(name))',
    "INSERT INTO people(name) VALUES('x')",
  ],
  'CREATE INDEX, VIEW, TRIGGER': [
    'CREATE UNIQUE INDEX people_age ON people(age) WHERE age > 1',
    'CREATE VIEW ages AS SELECT age FROM people',
    'CREATE TRIGGER people_upper AFTER INSERT ON people BEGIN UPDATE people SET name = upper(name) WHERE id = NEW.id; END',
  ],
  'DROP INDEX, VIEW, TRIGGER': ['DROP INDEX people_name', 'DROP VIEW names', 'DROP TRIGGER people_log'],
  'a view of the same name but other content': [
    'DROP VIEW names',
    'CREATE VIEW names AS SELECT upper(name) AS name FROM people',
  ],
  'user_version and application_id': ['PRAGMA user_version = 12', 'PRAGMA application_id = -5'],
  'a table rebuilt in twelve steps': [
    'CREATE TABLE new_people(id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INT CHECK (age > 0))',
    'INSERT INTO new_people SELECT * FROM people',
    'DROP VIEW names',
    'DROP TABLE people',
    'ALTER TABLE new_people RENAME TO people',
    'CREATE INDEX people_name ON people(name)',
    'CREATE VIEW names AS SELECT name FROM people',
    "INSERT INTO people VALUES(9, 'zoe', 9)",
  ],
}

for (const [what, script] of Object.entries(scripts)) {
  test(`${what}: captured as it runs through the SDK`, () => {
    const a = capturedDatabase(base)
    const b = receiver(base)
    for (const sql of script)
      if (/^(CREATE|DROP|ALTER|PRAGMA)/.test(sql)) runSchema(a, sql)
      else a.exec(sql)
    expectSame(a, b)
    a.exec("INSERT INTO log VALUES('after')")
    expectSame(a, b)
  })

  test(`${what}: captured after another program has run it`, () => {
    const a = capturedDatabase(base)
    const b = receiver(base)
    const other = new Database(a.serialize())
    for (const sql of script) other.exec(sql)
    expect(captureForeignSchema(other)).toBeGreaterThan(0)
    expect(captureForeignSchema(other)).toBe(0)
    expectSame(other, b)
    other.exec("INSERT INTO log VALUES('after')")
    expectSame(other, b)
  })
}

function expectSame(a: Database.Database, b: ApplyConnection): void {
  expect(push(a, b)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
  expect(contents(b.db)).toEqual(contents(a))
  for (const pragma of ['user_version', 'application_id', 'integrity_check'])
    expect(b.db.pragma(pragma, { simple: true })).toEqual(a.pragma(pragma, { simple: true }))
}

test('DROP COLUMN is captured as it runs through the SDK, although triggers mention the column', () => {
  const a = capturedDatabase(base)
  const b = receiver(base)
  a.exec('UPDATE people SET age = 5')
  runSchema(a, 'ALTER TABLE people DROP COLUMN age')
  a.exec("UPDATE people SET name = 'x' WHERE id = 1")
  expectSame(a, b)
})

test('VACUUM by another program leaves rows without a key where captured changes look for them', () => {
  const a = capturedDatabase(base)
  a.exec("INSERT INTO log VALUES('one'), ('two'), ('three'); DELETE FROM log WHERE line = 'one'")
  const b = receiver(base)
  push(a, b)
  a.exec("VACUUM; DELETE FROM log WHERE line = 'two'; UPDATE log SET line = 'THREE' WHERE line = 'three'")
  captureForeignSchema(a)
  push(a, b)
  expect(contents(b.db)).toEqual(contents(a))
  expect(a.pragma('integrity_check', { simple: true })).toBe('ok')
})

test("the application's trigger is captured after the change that fires it, also when it is created later", () => {
  const a = capturedDatabase(base)
  runSchema(
    a,
    'CREATE TRIGGER later AFTER INSERT ON people BEGIN UPDATE people SET age = age + 1 WHERE id = NEW.id; END',
  )
  a.exec("INSERT INTO people VALUES(3, 'eve', 1)")
  const kinds = [...readCaptured(a, 0)].map((change) => change.kind)
  expect(kinds).toEqual(['schema', 'insert', 'update', 'insert'])
})

test('statements for temporary and attached databases are not captured', () => {
  const a = capturedDatabase(base)
  a.exec("ATTACH ':memory:' AS other")
  for (const sql of [
    'CREATE TEMP TABLE t(x)',
    'CREATE TABLE other.u(x)',
    'ALTER TABLE other.u ADD COLUMN y',
    'DROP TABLE temp.t',
    'CREATE TABLE IF NOT EXISTS log(x)',
  ])
    runSchema(a, sql)
  expect([...readCaptured(a, 0)]).toEqual([])
})

test.for([
  ['CREATE INDEX', 'CREATE UNIQUE INDEX main.people_age ON people(age)'],
  ['ALTER of the temporary table', 'ALTER TABLE people ADD COLUMN more'],
  ['CREATE TABLE', 'CREATE TABLE main.pets(id INTEGER PRIMARY KEY, name)'],
  ['CREATE TABLE without a key', 'CREATE TABLE main.pets(id, name)'],
])('I2: rows are captured while temporary tables have the names of tables: %s', ([, sql]) => {
  const b = receiver(base)
  const a = capturedDatabase(base)
  a.exec(`CREATE TEMP TABLE people AS SELECT * FROM main.people;
    CREATE TEMP TABLE pets(id, name); INSERT INTO temp.pets VALUES(9, 'not synced')`)
  runSchema(a, sql!)
  a.exec("INSERT INTO main.people(id, name) VALUES(3, 'eve'); INSERT INTO temp.people(id) VALUES(4)")
  if (sql!.includes('pets')) a.exec("INSERT INTO main.pets VALUES(1, 'cat')")
  a.exec('DROP TABLE temp.people; DROP TABLE temp.pets')
  push(a, b)
  expect(contents(b.db)).toEqual(contents(a))
})

test('columns that another program adds, with each way to write a default: the rows that have another value follow', () => {
  const b = receiver(base)
  const a = capturedDatabase(base)
  const defaults = [`'text'`, 'word', '"quoted"', '[name]', 'age', 'TRUE', 'null', '-5', "x'00ff'"]
  for (const [index, text] of defaults.entries())
    a.exec(`ALTER TABLE people ADD COLUMN c${index} DEFAULT ${text}`)
  a.exec(`UPDATE people SET c1 = 'ann', c3 = 'ann', c4 = age, c5 = 0 WHERE id = 1`)
  captureForeignSchema(a)
  push(a, b)
  expect(contents(b.db)).toEqual(contents(a))
})

test.for([
  ['is dropped', 'DROP TABLE wide'],
  ['is altered', 'ALTER TABLE wide DROP COLUMN c5'],
])('a table of another program that cannot be captured fails schema statements until it %s', ([, sql]) => {
  const b = receiver(base)
  const a = capturedDatabase(base)
  const columns = Array.from({ length: 990 }, (_, index) => `c${index}`)
  a.exec(`CREATE TABLE wide(id INTEGER PRIMARY KEY, ${columns.join()}); INSERT INTO wide(c7) VALUES('x');
    CREATE TABLE pets(name); INSERT INTO pets VALUES('cat')`)
  const before = contents(a)
  expect(() => captureForeignSchema(a)).toThrow(/Drop the table/)
  expect(() => runSchema(a, 'CREATE TABLE more(x)')).toThrow(/Drop the table/)
  expect(contents(a)).toEqual(before)
  runSchema(a, sql!)
  runSchema(a, 'ALTER TABLE people ADD COLUMN more')
  push(a, b)
  expect(contents(b.db)).toEqual(contents(a))
})

test('a schema statement that fails leaves nothing behind', () => {
  const a = capturedDatabase(base)
  const before = contents(a)
  const triggers = a.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").pluck().all()
  expect(() => runSchema(a, 'ALTER TABLE people DROP COLUMN name')).toThrow(/name/)
  expect(() => runSchema(a, 'CREATE TABLE people(x)')).toThrow(/exists/)
  expect(contents(a)).toEqual(before)
  expect(a.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").pluck().all()).toEqual(triggers)
  expect([...readCaptured(a, 0)]).toEqual([])
})

test('a push of a schema that is there already changes nothing', () => {
  const tables = 'CREATE TABLE t(a, b); CREATE TABLE old(x); CREATE TABLE gone(x); INSERT INTO t VALUES(1, 2)'
  const b = receiver(tables)
  for (const clientId of ['one client', 'another that does the same']) {
    const a = capturedDatabase(tables)
    for (const sql of [
      'CREATE TABLE new(x)',
      'CREATE INDEX i ON t(a)',
      'ALTER TABLE t ADD COLUMN c',
      'ALTER TABLE t RENAME COLUMN a TO d',
      'ALTER TABLE t DROP COLUMN b',
      'ALTER TABLE old RENAME TO renamed',
      'DROP TABLE gone',
    ])
      runSchema(a, sql)
    expect(push(a, b, { clientId })).toMatchObject({ type: 'ok' })
    expect(contents(b.db)).toEqual(contents(a))
  }
})
