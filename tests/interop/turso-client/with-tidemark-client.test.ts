import { connect } from '@tidemark/sdk-node'
import type { Database as TidemarkDatabase } from '@tidemark/sdk-node'
import { afterEach, expect, test } from 'vitest'
import { tableContents } from '../peers/table-contents.ts'
import type { TaggedValue } from '../peers/table-contents.ts'
import { expectConverged, tidemarkOfTheRun } from '../peers/turso-client.ts'
import type { TursoClients } from '../peers/turso-client.ts'

const tidemark = tidemarkOfTheRun()
const opened: TidemarkDatabase[] = []
afterEach(() => {
  for (const client of opened.splice(0)) client.close()
})

async function connectTidemark(database: TursoClients): Promise<TidemarkDatabase> {
  const client = await connect({ path: database.path(), url: database.url })
  opened.push(client)
  return client
}

async function contentsOf(client: TidemarkDatabase): Promise<Record<string, TaggedValue[][]>> {
  return tableContents(async (sql) => client.prepare(sql).raw().safeIntegers().all() as unknown[][])
}

test('what either pushes the other pulls, with schema', async () => {
  const database = tidemark.database()
  const turso = await database.connect()
  const ours = await connectTidemark(database)
  await turso.exec("CREATE TABLE a (id TEXT PRIMARY KEY, v); INSERT INTO a VALUES ('turso', 1.5)")
  ours.exec("CREATE TABLE b (id INTEGER PRIMARY KEY, v); INSERT INTO b VALUES (1, x'00ff')")
  await turso.push()
  await ours.push()
  await ours.pull()
  ours.exec(
    "ALTER TABLE a ADD COLUMN w DEFAULT 'new'; INSERT INTO a VALUES ('tidemark', 9223372036854775807, '')",
  )
  await ours.push()
  await turso.pull()
  await turso.exec("UPDATE b SET v = 'turso' WHERE id = 1; UPDATE a SET v = -1 WHERE id = 'tidemark'")
  await turso.push()
  await ours.pull()
  expect(await contentsOf(ours)).toEqual(await expectConverged(database.remote, [turso]))
  expect(ours.prepare("SELECT v, w FROM a WHERE id = 'tidemark'").get()).toEqual({ v: -1, w: '' })
})

test('both change the same rows: the last push wins, and both end with the same', async () => {
  const database = tidemark.database()
  const [turso] = await database.pair(
    'CREATE TABLE t (id INTEGER PRIMARY KEY, v, w); INSERT INTO t VALUES (1, 0, 0), (2, 0, 0), (3, 0, 0)',
  )
  const ours = await connectTidemark(database)
  await turso.exec(
    "UPDATE t SET v = 'turso' WHERE id = 1; UPDATE t SET v = 'turso' WHERE id = 2; DELETE FROM t WHERE id = 3",
  )
  ours.exec("UPDATE t SET v = 'ours' WHERE id = 1; UPDATE t SET w = 'ours' WHERE id = 2")
  await turso.push()
  await ours.sync()
  await turso.pull()
  const held = await expectConverged(database.remote, [turso])
  await ours.pull()
  expect(await contentsOf(ours)).toEqual(held)
  expect(held).toEqual({
    t: [
      ['integer 1', 'text "ours"', 'integer 0'],
      ['integer 2', 'text "turso"', 'text "ours"'],
    ],
  })
})

test('Turso’s and Tidemark’s clients in loops of writes, pushes and pulls converge', async () => {
  const database = tidemark.database()
  const turso = await database.pair(
    'CREATE TABLE t (id TEXT PRIMARY KEY, v); CREATE TABLE log (id TEXT PRIMARY KEY, n)',
  )
  const ours = [await connectTidemark(database), await connectTidemark(database)]
  const loop = async (
    name: string,
    exec: (sql: string) => unknown,
    sync: () => Promise<unknown>,
  ): Promise<void> => {
    for (let round = 0; round < 8; round++) {
      await exec(
        `BEGIN; INSERT INTO log VALUES ('${name}-${round}', ${round});
         INSERT INTO t VALUES ('row-${round % 4}', '${name}') ON CONFLICT (id) DO UPDATE SET v = excluded.v; COMMIT`,
      )
      if (round % 4 === 3) await exec(`DELETE FROM log WHERE id = '${name}-${round - 1}'`)
      await sync()
    }
  }
  await Promise.all([
    ...turso.map(async (client, index) =>
      loop(
        `turso${index}`,
        async (sql) => client.exec(sql),
        async () => {
          await client.push()
          await client.pull()
        },
      ),
    ),
    ...ours.map(async (client, index) =>
      loop(
        `ours${index}`,
        (sql) => client.exec(sql),
        async () => client.sync(),
      ),
    ),
  ])
  for (const client of ours) await client.sync()
  const held = await expectConverged(database.remote, turso)
  for (const client of ours) {
    await client.pull()
    expect(await contentsOf(client)).toEqual(held)
    expect(client.pragma('integrity_check', { simple: true })).toBe('ok')
  }
  expect(held['log']).toHaveLength(4 * 6)
  expect(held['t']).toHaveLength(4)
})
