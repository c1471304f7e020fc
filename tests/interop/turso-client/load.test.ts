import type { Database } from '@tursodatabase/sync'
import { expect, test } from 'vitest'
import { expectConverged, tidemarkOfTheRun, tursoRows } from '../peers/turso-client.ts'

const tidemark = tidemarkOfTheRun()

const TABLE = 'CREATE TABLE t (id TEXT PRIMARY KEY, v, n INTEGER)'

/** Writes, pushes and pulls, over and over; some rows are its own, some everybody's. */
async function loop(client: Database, name: string, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await client.exec(`INSERT INTO t VALUES ('${name}-${round}', '${name}', 0)`)
    await client.exec(
      `INSERT INTO t VALUES ('all-${round % 5}', '${name}', 1) ON CONFLICT (id) DO UPDATE SET v = excluded.v, n = n + 1`,
    )
    if (round > 2) await client.exec(`DELETE FROM t WHERE id = '${name}-${round - 3}'`)
    await client.push()
    await client.pull()
  }
}

test('thousands of small transactions are one push', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair(TABLE)
  const insert = (await alice.prepare('INSERT INTO t VALUES (?, ?, ?)')) as {
    run(...values: unknown[]): Promise<unknown>
  }
  for (let n = 0; n < 2000; n++) await insert.run(`id-${n}`, 'v', n)
  await alice.push()
  expect((await expectConverged(database.remote, [alice, bob]))['t']).toHaveLength(2000)
})

test('a client that pushes each row on its own never runs out of streams', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair(TABLE)
  for (let n = 0; n < 100; n++) {
    await alice.exec(`INSERT INTO t VALUES ('id-${n}', 'v', ${n})`)
    await alice.push()
  }
  expect((await expectConverged(database.remote, [alice, bob]))['t']).toHaveLength(100)
})

test('clients that write, push and pull in loops at the same time end with the same rows', async () => {
  const database = tidemark.database()
  const clients = [...(await database.pair(TABLE)), await database.connect(), await database.connect()]
  const rounds = 8
  await Promise.all(clients.map(async (client, index) => loop(client, `client${index}`, rounds)))
  const held = await expectConverged(database.remote, clients)
  const own = held['t']!.filter(([id]) => id!.includes('client'))
  expect(own).toHaveLength(clients.length * 3)
  for (const client of clients) expect(await tursoRows(client, 'PRAGMA integrity_check')).toEqual([['ok']])
})

test('a client may push, pull and write at the same time', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair(TABLE)
  for (let n = 0; n < 10; n++) {
    await Promise.all([
      alice.exec(`INSERT INTO t VALUES ('a-${n}', 'v', ${n})`),
      alice.push(),
      alice.pull(),
      bob.exec(`INSERT INTO t VALUES ('b-${n}', 'v', ${n})`),
      bob.pull(),
      bob.push(),
    ])
  }
  await Promise.all([alice.push(), bob.push()])
  expect((await expectConverged(database.remote, [alice, bob]))['t']).toHaveLength(20)
})
