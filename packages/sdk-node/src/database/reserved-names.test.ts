import { expect, test } from 'vitest'
import { Database } from './database.ts'

test.each([
  'DROP TABLE tidemark_cdc',
  'drop table if exists main."tidemark_rejected"',
  'ALTER TABLE tidemark_cdc RENAME TO other',
  'DROP TRIGGER tidemark_1_insert',
  'DELETE FROM tidemark_cdc',
  'UPDATE OR IGNORE main.[tidemark_state] SET cookie = 1',
  'WITH x AS (SELECT 1) INSERT INTO "tidemark_base" DEFAULT VALUES',
  'REPLACE INTO tidemark_base DEFAULT VALUES',
  'CREATE TABLE turso_users (a)',
  'CREATE UNIQUE INDEX IF NOT EXISTS Tidemark_i ON t (a)',
  'CREATE INDEX i ON tidemark_cdc (change_id)',
  'CREATE TRIGGER r AFTER INSERT ON "tidemark_cdc" BEGIN SELECT 1; END',
  'CREATE TRIGGER r AFTER INSERT ON main.tidemark_cdc BEGIN SELECT 1; END',
  'CREATE TEMP TRIGGER r AFTER INSERT ON tidemark_cdc BEGIN SELECT 1; END',
  'CREATE TEMP TABLE tidemark_cdc (a)',
  'ALTER TABLE temp.u RENAME TO tidemark_cdc',
  'ALTER TABLE t RENAME TO turso_t',
  'CREATE TABLE __turso_internal_t (a)',
  'DROP TABLE turso_sync_last_change_id',
  'ALTER TABLE turso_sync_last_change_id ADD COLUMN x',
  'DELETE FROM turso_sync_last_change_id',
])('refuses %s: what is pending would be lost with it, or never pushed (I2)', async (sql) => {
  const db = new Database({ path: ':memory:', url: () => null })
  const refused = expect.objectContaining({ code: 'TIDEMARK_STATEMENT_REFUSED' }) as Error
  db.exec('CREATE TABLE t (a)')
  expect(() => db.exec(sql)).toThrow(refused)
  expect(() => db.prepare(sql)).toThrow(refused)
  expect(() => db.exec(`INSERT INTO t VALUES (1); ${sql}`)).toThrow(refused)
  expect((await db.stats()).cdcOperations).toBe(2)
  db.close()
})

test('names that are reserved may be read, and used in values, for temporary tables and in other databases', () => {
  const db = new Database({ path: ':memory:', url: () => null })
  db.exec(`CREATE TEMP TABLE turso_t (a); ATTACH ':memory:' AS other; CREATE TABLE other.tidemark_t (a)`)
  db.exec(`INSERT INTO other.tidemark_t VALUES (1); CREATE INDEX other.i ON tidemark_t (a)`)
  db.prepare('DELETE FROM "other".tidemark_t').run()
  db.exec(`CREATE TABLE t (a); INSERT INTO t VALUES ('DELETE FROM tidemark_cdc')`)
  db.prepare(
    `WITH x AS (SELECT change_id FROM tidemark_cdc) INSERT INTO t SELECT change_id FROM x LIMIT 1`,
  ).run()
  expect(db.prepare('SELECT count(*) FROM t').pluck().get()).toBe(2)
  db.exec('ALTER TABLE t RENAME COLUMN a TO turso_a')
  expect(db.prepare('SELECT turso_a FROM t').all()).toHaveLength(2)
  db.close()
})
