import { rmSync } from 'node:fs'

import BetterSqlite3 from 'better-sqlite3'
import { connect } from '@tidemark/sdk-node'
import type { Database } from '@tidemark/sdk-node'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { SCHEMA } from './journal.ts'
import { everyDeed, foreignPrograms, Worker } from './programs.ts'
import { World } from './world.ts'

const TABLES = `CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT); INSERT INTO note VALUES ('a', 'first');
  CREATE TABLE line (word TEXT); INSERT INTO line VALUES ('gone'), ('one'), ('two'); DELETE FROM line WHERE word = 'gone'`

let world: World
beforeAll(async () => {
  world = await World.start()
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
})

/** Opens the replica as an application would after a restart, and counts how often the base is found again. */
async function reopen(shared: {
  readonly path: string
  readonly url: string
}): Promise<{ replica: Database; rebased: () => number }> {
  const replica = await world.open(shared)
  let count = 0
  replica.on('rebased', () => (count += 1))
  return { replica, rebased: () => count }
}

/** What a program does to the file of an application that does not run, and whether the base must be fetched again. */
const DEEDS: readonly (readonly [deed: string, sql: string, isRebased: boolean])[] = [
  [
    'writes and closes, which checkpoints',
    "INSERT INTO note VALUES ('x', 'y'); INSERT INTO line VALUES ('x'); DELETE FROM line WHERE word = 'one'",
    true,
  ],
  ['only reads', 'SELECT count(*) FROM note', false],
  [
    'vacuums and changes rows without a key',
    "VACUUM; DELETE FROM line WHERE word = 'one'; UPDATE line SET word = 'TWO' WHERE word = 'two'",
    true,
  ],
  [
    'switches the journal mode',
    "PRAGMA journal_mode = DELETE; INSERT INTO line VALUES ('x'); UPDATE note SET body = 'new' WHERE id = 'a'",
    true,
  ],
  [
    'switches the journal mode and back',
    "PRAGMA journal_mode = TRUNCATE; INSERT INTO line VALUES ('x'); PRAGMA journal_mode = WAL; INSERT INTO line VALUES ('y')",
    true,
  ],
  [
    'creates triggers that change the row they are fired for',
    `CREATE TRIGGER touched AFTER INSERT ON note BEGIN UPDATE note SET body = 'touched' WHERE id = NEW.id; END;
    CREATE TRIGGER refused AFTER INSERT ON note WHEN NEW.id = 'refused' BEGIN DELETE FROM note WHERE id = NEW.id; END;
    CREATE TRIGGER loud AFTER INSERT ON line BEGIN UPDATE line SET word = upper(word) WHERE rowid = NEW.rowid; END;
    INSERT INTO note VALUES ('new', 'new'), ('refused', 'x'); INSERT INTO line VALUES ('quiet')`,
    true,
  ],
  [
    'changes the schema',
    'CREATE TABLE own (a); INSERT INTO own VALUES (1), (2); ALTER TABLE note ADD COLUMN c DEFAULT 7; CREATE INDEX i ON note (c); PRAGMA user_version = 3; VACUUM',
    true,
  ],
]

const ROWS = 'SELECT word, NULL FROM line UNION ALL SELECT id, body FROM note ORDER BY 1'

const programs = foreignPrograms()
it.each(everyDeed(DEEDS))(
  'while no replica is open, another program %s (%s): it arrives everywhere, once (I2, I3)',
  async (_, _name, { deed, program }) => {
    const [, sql, isRebased] = deed
    const shared = await world.database(TABLES)
    shared.replica.exec("INSERT INTO note VALUES ('pending', 'mine')")
    shared.replica.close()
    program.run(shared.path, sql)
    const before = new BetterSqlite3(shared.path, { readonly: true })
    const rows = before.prepare(ROWS).raw().all()
    before.close()
    const { replica, rebased } = await reopen(shared)
    expect(await world.settle(shared.url, [replica])).toEqual([])
    expect(rebased()).toBe(isRebased ? 1 : 0)
    expect(replica.prepare(ROWS).raw().all()).toEqual(rows)
    expect(replica.prepare("SELECT body FROM note WHERE id = 'pending'").pluck().get()).toBe('mine')
  },
)

it('without -wal and -shm, which somebody has deleted, the file is as its last checkpoint left it, and syncs', async () => {
  const shared = await world.database(TABLES)
  shared.replica.exec("INSERT INTO note VALUES ('pending', 'mine')")
  shared.replica.close()
  for (const suffix of ['-wal', '-shm']) rmSync(`${shared.path}${suffix}`, { force: true })
  const { replica } = await reopen(shared)
  expect(await world.settle(shared.url, [replica])).toEqual([])
  expect(replica.prepare("SELECT body FROM note WHERE id = 'pending'").pluck().get()).toBe('mine')
})

it('with the WAL of a killed application deleted, what was only there is gone, and all the rest syncs', async () => {
  const shared = await world.database(SCHEMA)
  shared.replica.close()
  const killed = new Worker('sdk-program.ts', [shared.path, shared.url, 'killed'])
  await killed.working()
  await killed.kill()
  for (const suffix of ['-wal', '-shm']) rmSync(`${shared.path}${suffix}`, { force: true })
  const { replica } = await reopen(shared)
  replica.exec("INSERT INTO line VALUES ('after')")
  expect(await world.settle(shared.url, [replica])).toEqual([])
  expect(replica.prepare("SELECT count(*) FROM line WHERE word = 'after'").pluck().get()).toBe(1)
})

it('a file to which another program has given another page size is refused, and told how to get it back', async () => {
  const shared = await world.database(TABLES)
  shared.replica.close()
  programs[0]!.run(shared.path, 'PRAGMA journal_mode = DELETE; PRAGMA page_size = 8192; VACUUM')
  await expect(connect({ path: shared.path, url: shared.url })).rejects.toMatchObject({
    code: 'TIDEMARK_PAGE_SIZE',
    recovery: 'operator',
  })
  programs[0]!.run(shared.path, `INSERT INTO line VALUES ('x'); PRAGMA page_size = 4096; VACUUM`)
  const { replica } = await reopen(shared)
  expect(await world.settle(shared.url, [replica])).toEqual([])
  expect(replica.prepare('SELECT word FROM line ORDER BY word').pluck().all()).toEqual(['one', 'two', 'x'])
})
