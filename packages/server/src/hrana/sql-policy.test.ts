import { expect, test } from 'vitest'
import { checkSql } from './sql-policy.ts'

test.each([
  'CREATE TABLE tidemark_push (x)',
  'create temp table main."Tidemark_push" (x)',
  'CREATE VIEW tidemark_push AS SELECT 1',
  'DROP TABLE tidemark_push',
  'ALTER TABLE tidemark_push RENAME TO mine',
  'ALTER TABLE mine RENAME TO tidemark_push',
  'CREATE INDEX i ON tidemark_push (client_id)',
  'CREATE TRIGGER t AFTER INSERT ON [tidemark_push] BEGIN SELECT 1; END',
  'DROP TABLE sqlite_sequence',
  'CREATE TABLE pragma_table_info (x)',
  'CREATE VIEW /**/ pragma_table_list AS SELECT 1',
  'ALTER TABLE mine RENAME TO "pragma_index_list"',
])('the names that the server needs are out of reach: %s', (sql) => {
  expect(() => checkSql(sql)).toThrow(expect.objectContaining({ code: 'TIDEMARK_SQL_NOT_ALLOWED' }))
})

test.each([
  'CREATE TABLE turso_sync_last_change_id (client_id TEXT PRIMARY KEY, pull_gen INTEGER, change_id INTEGER)',
  'CREATE TABLE mine (tidemark_push, pragma_table_info)',
  'ALTER TABLE mine RENAME TO yours',
  'CREATE INDEX i ON mine (tidemark_push)',
  'DROP TABLE pragma_table_info',
])('other names are not: %s', (sql) => {
  expect(checkSql(sql)).toMatchObject({ kind: 'schema' })
})

test.each([
  'EXPLAIN PRAGMA wal_autocheckpoint = 1',
  'explain query plan /**/ Pragma query_only(0)',
  ';EXPLAIN pragma main.trusted_schema = ON',
  'SELECT fts3_tokenizer(?)',
  'SELECT "FTS3_Tokenizer"(\'simple\', ?)',
])('nothing gets past the rules by being compiled or bound: %s', (sql) => {
  expect(() => checkSql(sql)).toThrow(expect.objectContaining({ code: 'TIDEMARK_SQL_NOT_ALLOWED' }))
})

test.each(['EXPLAIN SELECT pragma FROM mine', 'EXPLAIN QUERY PLAN DELETE FROM mine'])(
  'what can be explained without harm is: %s',
  (sql) => {
    expect(checkSql(sql)).toMatchObject({ kind: 'select' })
  },
)
