import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { schemaGoal } from './schema-goal.ts'

const statements = [
  'CREATE TABLE t (a, b)',
  'CREATE TABLE IF NOT EXISTS "it\'s" (x)',
  'CREATE UNIQUE INDEX "i" ON t (a)',
  'CREATE VIEW v AS SELECT * FROM t',
  'CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END',
  'DROP TRIGGER tr',
  'DROP VIEW v',
  'DROP INDEX i',
  'ALTER TABLE t ADD COLUMN "c d" TEXT DEFAULT 5',
  'ALTER TABLE t ADD e',
  'ALTER TABLE t RENAME COLUMN "c d" TO f',
  'ALTER TABLE t RENAME COLUMN f TO F',
  'ALTER TABLE t DROP COLUMN e',
  'ALTER TABLE t RENAME TO u',
  'DROP TABLE u',
]

test('the goal of each schema statement is reached by it, and by nothing before', () => {
  const db = new Database(':memory:')
  const isReached = (goal: string): boolean => db.prepare(`SELECT ${goal}`).pluck().get() === 1
  for (const sql of statements) {
    const goal = schemaGoal(sql)!
    const isNameOnly = sql.endsWith('TO F')
    expect([sql, isReached(goal)]).toEqual([sql, isNameOnly])
    db.exec(sql)
    expect([sql, isReached(goal)]).toEqual([sql, true])
  }
})

test('a pragma and an unknown form have no goal: they must run', () => {
  expect(schemaGoal('PRAGMA user_version = 5')).toBeNull()
  expect(schemaGoal('ALTER TABLE t ALTER COLUMN a TYPE text')).toBeNull()
})
