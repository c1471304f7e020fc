import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { COUNT, CREATE, insert, ReplicaSetup, single } from './replica-peer.ts'

let setup: ReplicaSetup

beforeAll(async () => {
  setup = await ReplicaSetup.start()
})

beforeEach(async () => {
  setup.next()
  await setup.write(CREATE, insert(1))
})

afterAll(async () => {
  await setup[Symbol.asyncDispose]()
})

test('a replica has the database when it is opened, and what others wrote after sync()', async () => {
  const replica = setup.replica('a')
  expect(await single(replica, COUNT)).toBe(1)
  await setup.write(insert(3))
  expect(await single(replica, COUNT)).toBe(1)
  await replica.sync()
  expect(await single(replica, COUNT)).toBe(4)
  expect(setup.check('a')).toBe('ok')
})

test('a database without tables can be replicated', async () => {
  setup.next()
  const replica = setup.replica('a')
  await replica.execute(CREATE)
  expect(await single(replica, COUNT)).toBe(0)
  expect(setup.check('a')).toBe('ok')
})

test('writes go to the server; the replica that made them reads them, others after sync()', async () => {
  const [writer, other] = [setup.replica('a'), setup.replica('b')]
  const { rowsAffected, lastInsertRowid } = await writer.execute({
    sql: 'INSERT INTO note (body) VALUES (?)',
    args: ['by a'],
  })
  expect([rowsAffected, lastInsertRowid]).toEqual([1, 2n])
  await writer.batch(
    ["INSERT INTO note (body) VALUES ('one')", "INSERT INTO note (body) VALUES ('two')"],
    'write',
  )
  await writer.executeMultiple("INSERT INTO note VALUES (9, 'x'); DELETE FROM note WHERE id = 9")
  expect(await single(writer, COUNT)).toBe(4)
  expect(await single(other, COUNT)).toBe(1)
  await other.sync()
  expect(await single(other, COUNT)).toBe(4)
})

test('an interactive transaction is the server’s: others see it whole or not at all', async () => {
  const [writer, other] = [setup.replica('a'), setup.replica('b')]
  const rolledBack = await writer.transaction('write')
  await rolledBack.execute('DELETE FROM note')
  await rolledBack.rollback()
  expect(await single(writer, COUNT)).toBe(1)
  const committed = await writer.transaction('write')
  await committed.execute("INSERT INTO note (body) VALUES ('x')")
  expect((await committed.execute(COUNT)).rows[0]![0]).toBe(2)
  await other.sync()
  expect(await single(other, COUNT)).toBe(1)
  await committed.commit()
  await other.sync()
  expect(await single(other, COUNT)).toBe(2)
  expect(await single(writer, COUNT)).toBe(2)
})

test('with readYourWrites: false a write is seen after sync() only', async () => {
  const replica = setup.replica('a', { readYourWrites: false })
  await replica.execute("INSERT INTO note (body) VALUES ('x')")
  expect(await single(replica, COUNT)).toBe(1)
  await replica.sync()
  expect(await single(replica, COUNT)).toBe(2)
})

test('with syncInterval a replica follows by itself', async () => {
  const replica = setup.replica('a', { syncInterval: 0.1 })
  await setup.write(insert(1))
  await expect.poll(async () => single(replica, COUNT), { timeout: 10_000 }).toBe(2)
})

test('a failed write has SQLite’s message, and changes nothing', async () => {
  const replica = setup.replica('a')
  const failing = replica.execute("INSERT INTO note VALUES (1, 'again')")
  await expect(failing).rejects.toThrow(/UNIQUE constraint failed: note.id.*SQLITE_CONSTRAINT/)
  expect(await single(replica, COUNT)).toBe(1)
})

test('a commit of thousands of pages arrives whole, and lets the replica checkpoint', async () => {
  const replica = setup.replica('a')
  const before = setup.place('a')
  await setup.write(insert(5000, 4000))
  await replica.sync()
  expect(await single(replica, COUNT)).toBe(5001)
  expect(setup.place('a')).toMatchObject({ generation: before.generation + 1, durable_frame_num: 0 })
  expect(setup.walBytes('a')).toBe(0)
  await setup.write(insert(1))
  await replica.sync()
  expect(await single(replica, COUNT)).toBe(5002)
  expect(setup.check('a')).toBe('ok')
})

test('a large database is exported at one revision', async () => {
  await setup.write(insert(19_999))
  await setup.write(insert(5000, 4000))
  const replica = setup.replica('a')
  expect(await single(replica, COUNT)).toBe(25_000)
  expect(setup.check('a')).toBe('ok')
})

test('what remains: the client does not encrypt a replica, whatever its encryptionKey', async () => {
  const replica = setup.replica('keyed', { encryptionKey: 'k'.repeat(32) })
  expect(await single(replica, COUNT)).toBe(1)
  expect(setup.check('keyed')).toBe('ok')
})
