import type { Change, SqlValue, TableShape } from '@tidemark/protocol'
import type { Random } from '../simulator/random.ts'
import { hostileSql } from './hostile-sql.ts'
import { randomBytes } from './mutate-bytes.ts'
import { NOTE, push } from './valid-messages.ts'

const TABLES = [
  'note',
  'log',
  'sqlite_schema',
  'sqlite_sequence',
  'sqlite_stat1',
  'tidemark_push',
  'tidemark_cdc',
  'turso_sync_last_change_id',
].concat([
  'pragma_table_info',
  'sqlite_dbpage',
  'no such table',
  'main.note',
  '"',
  '',
  '\u0000',
  'temp',
  'f5_data',
  'dbstat',
])
const COLUMNS = [
  'id',
  'body',
  'size',
  'rowid',
  'oid',
  'client_id',
  'push_id',
  'change_id',
  '"',
  '',
  'x'.repeat(5000),
  'sql',
]
const VALUES: readonly SqlValue[] = [
  null,
  0n,
  -1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  1e308,
  -0,
  '',
  'x'.repeat(100_000),
  'fuzzer',
  Uint8Array.of(0),
  new Uint8Array(50_000),
]
const SCHEMA = [
  'CREATE TABLE note (other)',
  'DROP TABLE note',
  'ALTER TABLE note RENAME TO note',
  'ALTER TABLE note ADD COLUMN extra',
  'ALTER TABLE note DROP COLUMN size',
  `CREATE TRIGGER t AFTER INSERT ON note BEGIN SELECT load_extension('x'); END`,
  'CREATE TRIGGER t BEFORE UPDATE ON note BEGIN DELETE FROM log; END',
  'CREATE TEMP TABLE note (x)',
  'DROP TABLE tidemark_push',
  'DROP TABLE turso_sync_last_change_id',
  'ALTER TABLE tidemark_push RENAME TO mine',
  'CREATE INDEX i ON tidemark_push (client_id)',
  'CREATE VIEW turso_sync_last_change_id AS SELECT 1',
  'INSERT INTO note VALUES (1, 2, 3)',
  'PRAGMA user_version = 5',
  'PRAGMA application_id = -1',
  'COMMIT',
  'ROLLBACK',
  'BEGIN',
  'SAVEPOINT x',
  'RELEASE tidemark',
  '',
  ';',
  'CREATE TABLE a (x); DROP TABLE note',
  'CREATE TABLE big AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n',
  'CREATE TABLE gen (a, b AS (randomblob(1000000000)))',
  'CREATE UNIQUE INDEX u ON note (size)',
  'CREATE VIRTUAL TABLE f5 USING fts5(body)',
]

/** A push whose form is right, of changes that no client of ours would capture. */
export function hostilePush(random: Random, outside: string): Buffer {
  let changeId = random.pick([1, 1, 1000, 2 ** 40])
  const changes: Change[] = []
  for (let count = random.between(1, random.pick([1, 2, 12])); count > 0; count--) {
    changes.push(change(random, outside, changeId))
    changeId += random.pick([1, 1, 1, 1_000_000])
  }
  return push(changes, {
    clientId: random.chance(10)
      ? random.pick(['fuzzer', 'a'.repeat(1000), "x'; DROP TABLE note; --"])
      : `c${random.next()}`,
    pushId: randomBytes(random, 16),
    previousPushId: random.chance(95) ? new Uint8Array(0) : randomBytes(random, 16),
    conflictPolicy: random.pick(['last-push-wins', 'detect']),
    walPages: random.chance(3) ? 2 ** 31 : 1,
    enforceForeignKeys: random.chance(50),
  })
}

function change(random: Random, outside: string, changeId: number): Change {
  const kind = random.weighted({ insert: 4, update: 3, delete: 2, schema: 3 })
  if (kind === 'schema') {
    return { kind, changeId, sql: random.chance(70) ? random.pick(SCHEMA) : hostileSql(outside, random) }
  }
  const table = random.chance(50) ? NOTE : tableShape(random)
  const all = table.columns.map((_, i) => i)
  const some = all.filter(() => random.chance(60))
  const columns =
    kind === 'insert' ? all : kind === 'update' && some.length === 0 ? [0] : kind === 'update' ? some : []
  const expectedColumns = kind === 'insert' ? [] : all.filter(() => random.chance(50))
  const values = (count: number): SqlValue[] => Array.from({ length: count }, () => random.pick(VALUES))
  return {
    kind,
    changeId,
    table,
    rowid: random.chance(20) ? null : random.pick([1n, 2n, -1n, 2n ** 63n - 1n]),
    key: kind === 'insert' ? [] : values(table.key.length),
    columns,
    values: values(columns.length),
    expectedColumns,
    expected: values(expectedColumns.length),
  }
}

function tableShape(random: Random): TableShape {
  const columns = [...new Set(Array.from({ length: random.between(1, 5) }, () => random.pick(COLUMNS)))]
  return { name: random.pick(TABLES), columns, key: random.chance(30) ? [] : [random.below(columns.length)] }
}
