import { expect, test } from 'vitest'
import { classifyStatement } from './classify-statement.ts'

test('a statement is told by its words', () => {
  const cases: [string, object][] = [
    ['select 1', { kind: 'select', keyword: 'SELECT' }],
    ['/* c */ -- d\n VALUES (1)', { kind: 'select' }],
    ['EXPLAIN CREATE TABLE t(x)', { kind: 'select' }],
    ['WITH a AS (SELECT 1), b AS (VALUES(1)) SELECT * FROM a', { kind: 'select' }],
    ['WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a', { kind: 'dml', keyword: 'INSERT' }],
    ['; REPLACE INTO t VALUES(1)', { kind: 'dml', keyword: 'REPLACE' }],
    ['BEGIN IMMEDIATE', { kind: 'transaction', action: 'begin' }],
    ['END TRANSACTION', { kind: 'transaction', action: 'commit' }],
    ['ROLLBACK', { kind: 'transaction', action: 'rollback', savepoint: null }],
    [
      'ROLLBACK TRANSACTION TO SAVEPOINT "s p"',
      { kind: 'transaction', action: 'rollback', savepoint: 's p' },
    ],
    ['SAVEPOINT s', { kind: 'transaction', action: 'savepoint', savepoint: 's' }],
    ['RELEASE savepoint', { kind: 'transaction', action: 'release', savepoint: 'savepoint' }],
    ['PRAGMA main.User_Version = 3', { kind: 'pragma', name: 'user_version', hasValue: true }],
    ['pragma table_info(t)', { kind: 'pragma', name: 'table_info', hasValue: true }],
    ['PRAGMA user_version', { kind: 'pragma', name: 'user_version', hasValue: false }],
    ["ATTACH 'x' AS y", { kind: 'attach' }],
    ['VACUUM INTO x', { kind: 'vacuum' }],
    ['ANALYZE', { kind: 'other', keyword: 'ANALYZE' }],
    ['', { kind: 'other', keyword: '' }],
    [
      'CREATE TABLE IF NOT EXISTS main."a ""b"(x)',
      { kind: 'schema', verb: 'create', objectType: 'table', name: 'a "b', schemaName: 'main' },
    ],
    [
      'CREATE TEMPORARY VIEW v AS SELECT 1',
      { kind: 'schema', objectType: 'view', name: 'v', schemaName: 'temp' },
    ],
    [
      'CREATE UNIQUE INDEX IF NOT EXISTS [i j] ON t(x)',
      { kind: 'schema', objectType: 'index', name: 'i j', schemaName: null },
    ],
    [
      'CREATE VIRTUAL TABLE IF NOT EXISTS aux.f USING fts5(x)',
      { kind: 'schema', objectType: 'virtual table', name: 'f', schemaName: 'aux' },
    ],
    ['DROP TRIGGER IF EXISTS t', { kind: 'schema', verb: 'drop', objectType: 'trigger', name: 't' }],
    ['ALTER TABLE `t` ADD COLUMN x', { kind: 'schema', verb: 'alter', objectType: 'table', name: 't' }],
  ]
  for (const [sql, expected] of cases) expect(classifyStatement(sql), sql).toMatchObject(expected)
})
