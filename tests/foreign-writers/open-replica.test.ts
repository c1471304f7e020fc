import { afterAll, beforeAll, expect, it } from 'vitest'

import { everyDeed, foreignPrograms } from './programs.ts'
import { World } from './world.ts'

const TABLES = `CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT, stars INTEGER DEFAULT 0);
  INSERT INTO note VALUES ('a', 'first', 1), ('b', 'second', 2), ('c', 'third', 3);
  CREATE TABLE line (word TEXT);
  INSERT INTO line VALUES ('one'), ('two'), ('three'), ('four'); DELETE FROM line WHERE word IN ('one', 'three')`

/** What a program does to the file, and what everybody must see of it then. */
const DEEDS: readonly (readonly [deed: string, sql: string, query: string, expected: unknown])[] = [
  [
    'inserts, changes and deletes rows',
    "INSERT INTO note VALUES ('d', NULL, 9); UPDATE note SET body = 'new' WHERE id = 'a'; DELETE FROM note WHERE id = 'b'",
    "SELECT group_concat(id || coalesce(body, '-'), ' ') FROM (SELECT * FROM note ORDER BY id)",
    'anew cthird d-',
  ],
  [
    'replaces rows',
    "INSERT OR REPLACE INTO note VALUES ('a', 'again', 4)",
    "SELECT body FROM note WHERE id = 'a'",
    'again',
  ],
  [
    'writes in a long transaction',
    "BEGIN; WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO line SELECT 'w' || i FROM n; UPDATE line SET word = word || '!' WHERE word LIKE 'w%'; COMMIT",
    "SELECT count(DISTINCT word) FROM line WHERE word LIKE 'w%!'",
    3000,
  ],
  [
    'rolls back',
    "BEGIN; DELETE FROM note; ROLLBACK; INSERT INTO line VALUES ('after')",
    'SELECT count(*) FROM note',
    3,
  ],
  [
    'checkpoints passively',
    "INSERT INTO line VALUES ('x'); PRAGMA wal_checkpoint(PASSIVE); INSERT INTO line VALUES ('y')",
    'SELECT count(*) FROM line',
    4,
  ],
  [
    'checkpoints fully',
    "PRAGMA busy_timeout = 10; INSERT INTO line VALUES ('x'); PRAGMA wal_checkpoint(FULL); INSERT INTO line VALUES ('y')",
    'SELECT count(*) FROM line',
    4,
  ],
  [
    'restarts the WAL',
    "PRAGMA busy_timeout = 10; INSERT INTO line VALUES ('x'); PRAGMA wal_checkpoint(RESTART); INSERT INTO line VALUES ('y')",
    'SELECT count(*) FROM line',
    4,
  ],
  [
    'truncates the WAL',
    "PRAGMA busy_timeout = 10; INSERT INTO line VALUES ('x'); PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO line VALUES ('y')",
    'SELECT count(*) FROM line',
    4,
  ],
  [
    'checkpoints after every commit',
    "PRAGMA wal_autocheckpoint = 1; INSERT INTO line VALUES ('x'); INSERT INTO line VALUES ('y'); INSERT INTO line VALUES ('z')",
    'SELECT count(*) FROM line',
    5,
  ],
  ['vacuums', "VACUUM; INSERT INTO line VALUES ('x')", 'SELECT count(*) FROM line', 3],
  [
    'vacuums and then changes rows that have no key',
    "VACUUM; UPDATE line SET word = 'TWO' WHERE word = 'two'; DELETE FROM line WHERE word = 'four'",
    "SELECT group_concat(word, ' ') FROM line",
    'TWO',
  ],
  [
    'writes rows without a key, vacuums, and changes them',
    "INSERT INTO line VALUES ('p'), ('q'), ('r'); DELETE FROM line WHERE word = 'p'; VACUUM; DELETE FROM line WHERE word = 'r'; UPDATE line SET word = 'Q' WHERE word = 'q'",
    "SELECT group_concat(word, ' ') FROM (SELECT word FROM line ORDER BY word)",
    'Q four two',
  ],
  [
    'creates a table and fills it',
    'CREATE TABLE own (a INTEGER PRIMARY KEY, b); INSERT INTO own (b) VALUES (1), (2); UPDATE own SET b = 5 WHERE a = 1',
    'SELECT sum(b) FROM own',
    7,
  ],
  ['drops a table', 'DROP TABLE note', "SELECT count(*) FROM sqlite_schema WHERE name = 'note'", 0],
  [
    'drops a table and creates another under its name',
    "DROP TABLE note; CREATE TABLE note (k INTEGER PRIMARY KEY, v); INSERT INTO note VALUES (7, 'v')",
    'SELECT k || v FROM note',
    '7v',
  ],
  [
    'renames a table',
    "ALTER TABLE note RENAME TO memo; INSERT INTO memo VALUES ('z', 'zz', 0)",
    'SELECT count(*) FROM memo',
    4,
  ],
  [
    'lets two tables change names',
    "CREATE TABLE other (word TEXT); INSERT INTO other VALUES ('o'); ALTER TABLE line RENAME TO x; ALTER TABLE other RENAME TO line; ALTER TABLE x RENAME TO other; INSERT INTO line VALUES ('n')",
    'SELECT (SELECT count(*) FROM line) || (SELECT count(*) FROM other)',
    '22',
  ],
  [
    'adds a column',
    "ALTER TABLE note ADD COLUMN color TEXT DEFAULT 'red'; UPDATE note SET color = 'blue' WHERE id = 'a'",
    "SELECT group_concat(color, ' ') FROM (SELECT color FROM note ORDER BY id)",
    'blue red red',
  ],
  [
    'renames a column',
    "ALTER TABLE note RENAME COLUMN stars TO rank; UPDATE note SET rank = 10 WHERE id = 'a'",
    'SELECT sum(rank) FROM note',
    15,
  ],
  [
    'copies a table into one with fewer columns',
    'BEGIN; CREATE TABLE new_note (id TEXT PRIMARY KEY, body TEXT); INSERT INTO new_note SELECT id, body FROM note; DROP TABLE note; ALTER TABLE new_note RENAME TO note; COMMIT',
    "SELECT group_concat(name, ' ') || (SELECT count(*) FROM note) FROM pragma_table_info('note')",
    'id body3',
  ],
  [
    'creates an index',
    'CREATE INDEX by_stars ON note (stars); CREATE UNIQUE INDEX by_body ON note (body)',
    "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'by\\_%' ESCAPE '\\'",
    2,
  ],
  [
    'creates a view and a trigger',
    "CREATE VIEW best AS SELECT * FROM note WHERE stars > 1; CREATE TRIGGER log AFTER INSERT ON note BEGIN INSERT INTO line VALUES (NEW.id); END; INSERT INTO note VALUES ('t', 't', 5)",
    "SELECT (SELECT count(*) FROM best) || (SELECT count(*) FROM line WHERE word = 't')",
    '31',
  ],
  [
    'creates triggers that change the row they are fired for',
    `INSERT INTO note VALUES ('before', 'x', 1);
    CREATE TRIGGER touched AFTER INSERT ON note BEGIN UPDATE note SET body = 'touched' WHERE id = NEW.id; END;
    CREATE TRIGGER counted AFTER UPDATE OF body ON note BEGIN UPDATE note SET stars = stars + 1 WHERE id = NEW.id; END;
    CREATE TRIGGER refused AFTER INSERT ON note WHEN NEW.id = 'refused' BEGIN DELETE FROM note WHERE id = NEW.id; END;
    CREATE TRIGGER kept AFTER DELETE ON note WHEN OLD.id = 'a' BEGIN INSERT INTO note VALUES ('a', 'kept', 0); END;
    CREATE TRIGGER loud AFTER INSERT ON line BEGIN UPDATE line SET word = upper(word) WHERE rowid = NEW.rowid; END;
    INSERT INTO note VALUES ('new', 'new', 0), ('refused', 'x', 0); UPDATE note SET body = 'y' WHERE id = 'before'; DELETE FROM note WHERE id = 'a';
    INSERT INTO line VALUES ('quiet')`,
    `SELECT (SELECT group_concat(id || body || stars, ' ') FROM (SELECT * FROM note WHERE id IN ('a', 'before', 'new', 'refused') ORDER BY id)) ||
      (SELECT group_concat(word) FROM line WHERE word = 'QUIET')`,
    'atouched1 beforey2 newtouched1QUIET',
  ],
  [
    'creates a virtual table',
    "CREATE VIRTUAL TABLE search USING fts5(text); INSERT INTO search VALUES ('a needle in hay')",
    "SELECT count(*) FROM search WHERE search MATCH 'needle'",
    1,
  ],
  [
    'sets user_version and application_id',
    'PRAGMA user_version = 42; PRAGMA application_id = 77',
    'SELECT user_version || application_id FROM pragma_user_version, pragma_application_id',
    '4277',
  ],
  [
    'has settings of old',
    "PRAGMA synchronous = OFF; PRAGMA legacy_alter_table = ON; PRAGMA recursive_triggers = ON; PRAGMA foreign_keys = OFF; PRAGMA page_size = 1024; INSERT INTO line VALUES ('old')",
    'SELECT count(*) FROM line',
    3,
  ],
]

const programs = foreignPrograms()
let world: World
beforeAll(async () => {
  world = await World.start()
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
})

it.each(everyDeed(DEEDS))(
  'while a replica is open, another program %s (%s): it arrives everywhere, once (I2, I3)',
  async (_, _name, { deed, program }) => {
    const [, sql, query, expected] = deed
    const { replica, path, url } = await world.database(TABLES)
    replica.exec("INSERT INTO note VALUES ('mine', 'pending', 0); DELETE FROM note WHERE id = 'mine'")
    program.run(path, sql)
    expect(await world.settle(url, [replica])).toEqual([])
    expect(replica.prepare(query).pluck().get()).toEqual(expected)
  },
)

it('another program cannot take away the columns that capture reads, the WAL, or its mode', async () => {
  const { replica, path, url } = await world.database(TABLES)
  for (const program of programs) {
    expect(() => program.run(path, 'ALTER TABLE note DROP COLUMN stars')).toThrow(
      /error in trigger tidemark_.* no such column: NEW.stars/,
    )
    expect(() => program.run(path, 'PRAGMA busy_timeout = 10; PRAGMA journal_mode = DELETE')).toThrow(
      /database is locked/,
    )
  }
  replica.exec('ALTER TABLE note DROP COLUMN stars')
  expect(await world.settle(url, [replica])).toEqual([])
})
