import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { installCapture } from './install.ts'
import { isOperation } from './own-tables.ts'

let directory: string
let opened: Database.Database[]
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'install-triggers-'))
  opened = []
})
afterEach(() => {
  for (const db of opened) db.close()
  rmSync(directory, { recursive: true })
})

function plainTables(count: number): string {
  const tables = Array.from(
    { length: count },
    (_, index) => `CREATE TABLE t${index}(id INTEGER PRIMARY KEY, a UNIQUE, b)`,
  )
  return `BEGIN; ${tables.join(';')}; COMMIT`
}

/**
 * Besides plain ones, what makes triggers differ: names, keys, unique indexes, triggers of the application,
 * foreign keys within a table.
 */
function manyTables(count: number): string {
  return `${plainTables(count)};
    CREATE TABLE "new"(id TEXT PRIMARY KEY, "a b" UNIQUE) WITHOUT ROWID;
    CREATE TABLE "it's ""Ä"""(a, b);
    CREATE TABLE keyless(a, b);
    CREATE UNIQUE INDEX active ON keyless(a, lower(b)) WHERE b IS NOT NULL;
    CREATE TABLE nodes(id INTEGER PRIMARY KEY, parent REFERENCES nodes(id) ON UPDATE CASCADE);
    CREATE TABLE log(entry TEXT);
    CREATE TRIGGER logged AFTER INSERT ON T0 BEGIN INSERT INTO log VALUES (NEW.b); END`
}

function open(options: { readonly defensive: boolean; readonly log?: string[] }): Database.Database {
  const { log } = options
  const db = new Database(
    join(directory, 'db'),
    log === undefined ? {} : { verbose: (sql) => void log.push(String(sql)) },
  )
  db.unsafeMode(!options.defensive)
  opened.push(db)
  return db
}

function schemaOf(db: Database.Database): unknown[] {
  return db.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid').all()
}

describe('many triggers', () => {
  test('are stored as SQLite stores those that it creates', () => {
    const plain = new Database(':memory:')
    const quick = open({ defensive: false })
    for (const db of [plain, quick]) {
      db.exec(manyTables(40))
      installCapture(db, { firstChangeId: 1 })
    }
    expect(schemaOf(quick)).toEqual(schemaOf(plain))
    expect(quick.pragma('integrity_check', { simple: true })).toBe('ok')
    expect(quick.pragma('writable_schema', { simple: true })).toBe(0)
    plain.close()
  })

  test('are made without CREATE TRIGGER', () => {
    const log: string[] = []
    const db = open({ defensive: false, log })
    db.exec(manyTables(40))
    log.length = 0
    installCapture(db, { firstChangeId: 1 })
    expect(log.filter((sql) => sql.startsWith('CREATE TRIGGER'))).toHaveLength(1)
  })

  test('fire on connections that were open before', () => {
    const db = open({ defensive: false })
    db.exec(manyTables(40))
    const other = open({ defensive: true })
    other.prepare('SELECT * FROM t0').all()
    installCapture(db, { firstChangeId: 1 })
    for (const [index, connection] of [db, other].entries())
      connection.prepare('INSERT INTO t1 VALUES (?, ?, ?)').run(index, index, 'row')
    const changes = `SELECT count(*) FROM tidemark_cdc WHERE ${isOperation}`
    expect(db.prepare(changes).pluck().get()).toBe(2)
  })

  test('are gone after a rollback, also from memory when another program brings the schema to the same version', () => {
    const db = open({ defensive: false })
    db.exec(plainTables(40))
    const other = open({ defensive: true })
    const version = (connection: Database.Database): unknown =>
      connection.pragma('schema_version', { simple: true })
    db.exec('BEGIN')
    installCapture(db, { firstChangeId: 1 })
    const installed = version(db)
    db.exec('ROLLBACK')
    // Asked on the other connection: the one in question is not to look before.
    for (let index = 0; version(other) !== installed; index += 1) other.exec(`CREATE TABLE later${index}(a)`)
    db.exec("INSERT INTO t1 VALUES (1, 1, 'row'); INSERT INTO later0 VALUES (1)")
    expect(db.prepare('SELECT b FROM t1').pluck().get()).toBe('row')
  })

  test('are refused like one where the name is taken', () => {
    const db = open({ defensive: false })
    db.exec(`${manyTables(40)}; CREATE VIEW v AS SELECT 1;
      CREATE TRIGGER Tidemark_3_insert INSTEAD OF INSERT ON v BEGIN SELECT 1; END`)
    expect(() => installCapture(db, { firstChangeId: 1 })).toThrow(/^trigger .* already exists$/)
    expect(db.prepare("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'").pluck().get()).toBe(2)
  })
})

test('sqlite_schema is read as often for many tables as for few', () => {
  const reads = [10, 60].map((count) => {
    const log: string[] = []
    const db = new Database(':memory:', { verbose: (sql) => void log.push(String(sql)) })
    db.exec(manyTables(count))
    installCapture(db, { firstChangeId: 1 })
    log.length = 0
    installCapture(db, { firstChangeId: 1 })
    db.close()
    return log.filter((sql) => sql.includes('sqlite_schema')).length
  })
  expect(reads[1]).toBe(reads[0])
})
