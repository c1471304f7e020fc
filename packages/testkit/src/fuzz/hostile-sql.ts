import type { Random } from '../simulator/random.ts'

/**
 * SQL that tries to leave its database, or to take more than its share. `outside` is a folder that nothing
 * may appear in or be read from.
 */
export function hostileSql(outside: string, random: Random): string {
  if (random.chance(70)) return disguise(random.pick(escapes(outside)), random)
  return disguise(random.pick(GLUTTONS), random)
}

/** What `secret` in the folder outside holds; it must never be in an answer. */
export const SECRET = 'the-secret-of-the-file-outside'

function escapes(outside: string): readonly string[] {
  const file = `'${outside}/new.db'`
  const secret = `'${outside}/secret'`
  return [
    `ATTACH ${file} AS other`,
    `ATTACH DATABASE 'file:${outside}/new.db?mode=rwc' AS other`,
    `ATTACH ':memory:' AS other`,
    `EXPLAIN ATTACH ${file} AS other`,
    'DETACH main',
    `VACUUM INTO ${file}`,
    `VACUUM main INTO ${file}`,
    'VACUUM',
    `SELECT load_extension(${file})`,
    `SELECT load_extension('/lib/x86_64-linux-gnu/libc.so.6', 'system')`,
    `SELECT fts3_tokenizer('simple')`,
    `SELECT fts3_tokenizer('simple', x'4141414141414141')`,
    'PRAGMA writable_schema = ON',
    'PRAGMA writable_schema(1)',
    'PRAGMA main.writable_schema = 1',
    'EXPLAIN PRAGMA wal_autocheckpoint = 1',
    'EXPLAIN QUERY PLAN PRAGMA locking_mode = EXCLUSIVE',
    `UPDATE sqlite_schema SET sql = 'garbage'`,
    `INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 2, 'CREATE TABLE x(y)')`,
    `DELETE FROM sqlite_schema`,
    'DROP TABLE sqlite_sequence',
    `SELECT * FROM pragma_writable_schema(1)`,
    `SELECT * FROM pragma_journal_mode('delete')`,
    `SELECT * FROM pragma_wal_checkpoint('truncate')`,
    `SELECT * FROM pragma_database_list`,
    `SELECT * FROM "pragma_database_list"`,
    `SELECT * FROM pragma_/**/database_list`,
    `CREATE VIEW leak AS SELECT * FROM [pragma_database_list]`,
    'SELECT * FROM pragma_temp_store_directory',
    'SELECT * FROM pragma_page_size(512)',
    'SELECT * FROM pragma_table_info(randomblob(10))',
    'PRAGMA journal_mode = DELETE',
    'PRAGMA journal_mode = OFF',
    'PRAGMA wal_checkpoint(TRUNCATE)',
    'PRAGMA wal_autocheckpoint = 1',
    'PRAGMA locking_mode = EXCLUSIVE',
    'PRAGMA page_size = 512',
    'PRAGMA max_page_count = 4294967294',
    'PRAGMA trusted_schema = ON',
    'PRAGMA schema_version = 1',
    'PRAGMA encoding = "UTF-16"',
    'PRAGMA auto_vacuum = FULL',
    'PRAGMA incremental_vacuum',
    'PRAGMA mmap_size = 1000000000000',
    'PRAGMA hard_heap_limit = 1',
    'PRAGMA temp_store = FILE',
    `PRAGMA temp_store_directory = '${outside}'`,
    `PRAGMA data_store_directory = '${outside}'`,
    'PRAGMA query_only = 1',
    'PRAGMA threads = 100',
    'PRAGMA shrink_memory',
    'SELECT * FROM sqlite_dbpage',
    `UPDATE sqlite_dbpage SET data = zeroblob(4096) WHERE pgno = 1`,
    'SELECT * FROM dbstat',
    'SELECT * FROM sqlite_stmt',
    'SELECT * FROM bytecode((SELECT 1))',
    `SELECT readfile(${secret})`,
    `SELECT writefile(${file}, 'x')`,
    `SELECT edit('x', 'touch ${outside}/new.db')`,
    `SELECT * FROM zipfile(${secret})`,
    `SELECT * FROM fsdir('${outside}')`,
    `CREATE VIRTUAL TABLE temp.csv USING csv(filename=${secret})`,
    `CREATE VIRTUAL TABLE z USING zipfile(${file})`,
    `.open ${outside}/new.db`,
    `.shell touch ${outside}/new.db`,
    `.read ${outside}/secret`,
    `CREATE TEMP TRIGGER spy AFTER INSERT ON note BEGIN DELETE FROM note; END`,
    'CREATE TEMP TABLE note (id, body, size)',
    `CREATE TEMP VIEW note AS SELECT 'fake'`,
    'CREATE TABLE tidemark_push (x)',
    'DROP TABLE tidemark_push',
    'CREATE TABLE tidemark_cdc (x)',
    'CREATE TABLE turso_sync_last_change_id (x)',
    `INSERT INTO turso_sync_last_change_id VALUES ('fuzzer', 0, 9007199254740993)`,
    `CREATE TRIGGER bomb AFTER INSERT ON note BEGIN INSERT INTO note (body) VALUES (new.body); END`,
    'CREATE VIRTUAL TABLE f USING fts5(body, content=sqlite_schema)',
    `CREATE VIRTUAL TABLE f5 USING fts5(body); INSERT INTO f5(f5, rank) VALUES ('rank', 'bm25(1e999)')`,
    `CREATE VIRTUAL TABLE r USING rtree(id, a, b)`,
    `INSERT INTO r_node VALUES (1, x'ff')`,
    `UPDATE f5_data SET block = x'ffffffffffffffffff'`,
    'SELECT sqlite_compileoption_get(0)',
    `SELECT sqlite_log(1, 'x')`,
    'SELECT unistr(char(92)||$1)',
    'BEGIN; BEGIN',
    'BEGIN EXCLUSIVE',
    'SAVEPOINT a',
    'COMMIT',
    'ROLLBACK',
    'REINDEX',
    'ANALYZE sqlite_schema',
    `INSERT INTO sqlite_stat1 VALUES ('note', NULL, 'x x x 99999999999999999999')`,
  ]
}

/** Each is to be ended by a limit of time or memory, or to be harmless. */
const GLUTTONS: readonly string[] = [
  'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n',
  'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n',
  'WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n ORDER BY 1 DESC) SELECT max(i) FROM n',
  'WITH RECURSIVE n(x) AS (SELECT zeroblob(1000000) UNION ALL SELECT x FROM n) SELECT * FROM n',
  'WITH RECURSIVE n(x) AS (SELECT randomblob(1000000) UNION SELECT randomblob(1000000) FROM n) SELECT count(*) FROM n',
  'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) INSERT INTO note (body) SELECT randomblob(1000) FROM n',
  'SELECT randomblob(1e9)',
  'SELECT length(randomblob(2147483647))',
  'SELECT hex(zeroblob(500000000))',
  'SELECT zeroblob(1e18)',
  `SELECT length(printf('%*d', 2000000000, 1))`,
  `SELECT printf('%.*c', 1000000000, 'x')`,
  `SELECT printf('%.2000000000f', 1)`,
  `SELECT replace(hex(zeroblob(100000)), '0', hex(zeroblob(100000)))`,
  `SELECT group_concat(hex(zeroblob(1000000))) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000) SELECT i FROM n)`,
  `SELECT quote(zeroblob(400000000))`,
  `SELECT 'a' LIKE '${'%a'.repeat(20_000)}b'`,
  `SELECT hex(zeroblob(20000)) LIKE '${'%0'.repeat(2000)}b'`,
  `SELECT hex(zeroblob(20000)) GLOB '${'*0'.repeat(2000)}b'`,
  `SELECT 'a' GLOB '${'['.repeat(40_000)}'`,
  `SELECT 'x' REGEXP '(a+)+$'`,
  `SELECT 'x' MATCH 'y'`,
  `SELECT json('${'['.repeat(100_000)}')`,
  `SELECT json_extract('{"a":1}', '$${'.a'.repeat(100_000)}')`,
  `SELECT json_group_array(x) FROM (WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n)`,
  `SELECT count(*) FROM json_tree('${'[1,'.repeat(900)}1${']'.repeat(900)}') a, json_tree('[1,2,3]') b`,
  `SELECT jsonb(x'ffffffffffffffffffff'), json(x'fcffffffffffffff')`,
  `SELECT json_each.value FROM json_each('[${'1,'.repeat(50_000)}1]')`,
  `SELECT * FROM generate_series(1, 1000000000000)`,
  `SELECT count(*) FROM note a, note b, note c, note d, note e, note f, note g, note h, note i, note j`,
  `CREATE TABLE wide (${Array.from({ length: 2000 }, (_, i) => `c${i}`).join()})`,
  `CREATE INDEX slow ON note (${Array.from({ length: 60 }, () => 'body').join()})`,
  `SELECT strftime('${'%s'.repeat(50_000)}')`,
  `SELECT ${'-'.repeat(1).concat('(').repeat(5000)}1`,
  `SELECT ${'abs('.repeat(900)}1${')'.repeat(900)}`,
  `SELECT * FROM (${'SELECT * FROM ('.repeat(300)}SELECT 1${')'.repeat(300)})`,
  `WITH ${Array.from({ length: 40 }, (_, i) => `t${i}(x) AS (SELECT ${i === 0 ? '1' : `a.x FROM t${i - 1} a, t${i - 1} b`})`).join()} SELECT count(*) FROM t39`,
]

function disguise(sql: string, random: Random): string {
  switch (random.below(8)) {
    case 0:
      return `/* harmless */ ${sql}`
    case 1:
      return `-- harmless\n${sql}`
    case 2:
      return `SELECT 1; ${sql}`
    case 3:
      return `${sql};;`
    case 4:
      return sql.replaceAll(' ', random.pick(['\n', '\t', '/**/', ' \f']))
    case 5:
      return sql.toLowerCase()
    case 6:
      return `EXPLAIN ${sql}`
    default:
      return sql
  }
}
