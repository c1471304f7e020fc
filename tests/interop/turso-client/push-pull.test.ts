import { expect, test } from 'vitest'
import {
  expectConverged,
  tidemarkOfTheRun,
  tursoContents,
  tursoRows,
  tursoRun,
} from '../peers/turso-client.ts'

const tidemark = tidemarkOfTheRun()

const NOTE = 'CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT)'

test('what one client pushes the other pulls: inserts, updates, deletes', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair(NOTE)
  await alice.exec("INSERT INTO note VALUES (1, 'one'), (2, 'two'), (3, 'three')")
  await alice.push()
  expect(await bob.pull()).toBe(true)
  await bob.exec("UPDATE note SET body = 'deux' WHERE id = 2; DELETE FROM note WHERE id = 3")
  await bob.push()
  expect(await expectConverged(database.remote, [alice, bob])).toEqual({
    note: [
      ['integer 1', 'text "one"'],
      ['integer 2', 'text "deux"'],
    ],
  })
})

test('a pull with nothing new says so, and a push with nothing to send is none', async () => {
  const database = tidemark.database()
  const [alice] = await database.pair(NOTE)
  expect(await alice.pull()).toBe(false)
  const before = await alice.stats()
  await alice.push()
  expect((await alice.stats()).revision).toBe(before.revision)
  expect(await alice.pull()).toBe(false)
})

test('local changes stay through a pull and are pushed after it', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair(NOTE)
  await alice.exec("INSERT INTO note VALUES (1, 'alice')")
  await alice.push()
  await bob.exec("INSERT INTO note VALUES (2, 'bob')")
  await bob.pull()
  expect((await tursoContents(bob))['note']).toHaveLength(2)
  await bob.push()
  expect((await expectConverged(database.remote, [alice, bob]))['note']).toHaveLength(2)
})

test('two tables in one transaction arrive together', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair(
    'CREATE TABLE account (id TEXT PRIMARY KEY, cents INTEGER); CREATE TABLE entry (id INTEGER PRIMARY KEY, account TEXT, cents INTEGER)',
  )
  await alice.exec("INSERT INTO account VALUES ('a', 0)")
  await alice.push()
  for (let id = 1; id <= 20; id++) {
    await alice.exec(
      `BEGIN; INSERT INTO entry VALUES (${id}, 'a', 10); UPDATE account SET cents = cents + 10; COMMIT`,
    )
    const pushed = alice.push()
    await bob.pull()
    const [sums] = await tursoRows(
      bob,
      'SELECT coalesce((SELECT sum(cents) FROM entry), 0), (SELECT max(cents) FROM account)',
    )
    expect(sums![0]).toBe(sums![1] ?? 0n)
    await pushed
  }
  await expectConverged(database.remote, [alice, bob])
})

test('a transaction that was rolled back is not pushed', async () => {
  const database = tidemark.database()
  const [alice] = await database.pair(NOTE)
  await alice.exec("BEGIN; INSERT INTO note VALUES (1, 'no'); ROLLBACK; INSERT INTO note VALUES (2, 'yes')")
  await alice.push()
  expect(await expectConverged(database.remote, [alice])).toEqual({
    note: [['integer 2', 'text "yes"']],
  })
})

test('a long poll returns as soon as somebody pushes', async () => {
  const database = tidemark.database()
  const [writer] = await database.pair(NOTE)
  const waiting = await database.connect({ longPollTimeoutMs: 30_000 })
  const pulled = waiting.pull()
  await writer.exec("INSERT INTO note VALUES (1, 'news')")
  const startedAt = performance.now()
  await writer.push()
  expect(await pulled).toBe(true)
  expect(performance.now() - startedAt).toBeLessThan(5000)
  expect(await tursoContents(waiting)).toEqual(await tursoContents(writer))
})

test('a long poll in which nothing happens ends at its timeout with false', async () => {
  const database = tidemark.database()
  await database.pair(NOTE)
  const waiting = await database.connect({ longPollTimeoutMs: 300 })
  const startedAt = performance.now()
  expect(await waiting.pull()).toBe(false)
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(295)
})

test('a checkpoint between pushes and pulls changes nothing but the size of the WAL', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair(NOTE)
  for (let round = 1; round <= 4; round++) {
    await alice.exec(`INSERT INTO note VALUES (${round}, 'alice ${'x'.repeat(20_000)}')`)
    await bob.exec(`INSERT INTO note VALUES (${round + 100}, 'bob')`)
    await bob.push()
    await alice.checkpoint()
    await alice.push()
    await alice.pull()
    await bob.checkpoint()
  }
  const before = await alice.stats()
  await alice.checkpoint()
  expect((await alice.stats()).mainWalSize).toBeLessThan(before.mainWalSize)
  expect((await expectConverged(database.remote, [alice, bob]))['note']).toHaveLength(8)
  expect(await tursoRows(alice, 'PRAGMA integrity_check')).toEqual([['ok']])
})

test('stats tell revision, pending operations, times and bytes', async () => {
  const database = tidemark.database()
  const [alice] = await database.pair(NOTE)
  const before = await alice.stats()
  for (let id = 0; id < 10; id++) await tursoRun(alice, 'INSERT INTO note VALUES (?, ?)', id, 'x'.repeat(100))
  expect((await alice.stats()).cdcOperations).toBeGreaterThanOrEqual(10)
  await alice.push()
  await alice.pull()
  const after = await alice.stats()
  // It counts two operations of its own once it has applied a pull, on either server.
  expect(after.cdcOperations).toBeLessThanOrEqual(2)
  expect(after.revision).not.toBe(before.revision)
  expect(after.networkSentBytes - before.networkSentBytes).toBeGreaterThan(1000)
  expect(after.networkReceivedBytes - before.networkReceivedBytes).toBeGreaterThan(4096)
  expect(after.lastPushUnixTime).toBeGreaterThan(0)
  expect(after.lastPullUnixTime).toBeGreaterThan(0)
})
