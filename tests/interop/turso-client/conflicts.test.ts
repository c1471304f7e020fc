import { expect, test } from 'vitest'
import { expectConverged, tidemarkOfTheRun, tursoContents, tursoRows } from '../peers/turso-client.ts'

const tidemark = tidemarkOfTheRun()

const ITEM = 'CREATE TABLE item (id INTEGER PRIMARY KEY, a, b)'

test('clients that write different rows do not disturb each other', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair(ITEM)
  const carol = await database.connect()
  for (const [index, client] of [alice, bob, carol].entries()) {
    const first = index * 100
    const rows = Array.from({ length: 50 }, (_, i) => `(${first + i}, ${index}, ${i})`)
    await client.exec(`INSERT INTO item VALUES ${rows.join(',')}`)
  }
  for (const client of [alice, bob, carol]) await client.push()
  const held = await expectConverged(database.remote, [alice, bob, carol])
  expect(held['item']).toHaveLength(150)
})

test('of two updates of one column the last push wins; of two columns both stay', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair(`${ITEM}; INSERT INTO item VALUES (1, 0, 0), (2, 0, 0)`)
  await alice.exec("UPDATE item SET a = 'alice' WHERE id = 1; UPDATE item SET a = 'alice' WHERE id = 2")
  await bob.exec("UPDATE item SET a = 'bob' WHERE id = 1; UPDATE item SET b = 'bob' WHERE id = 2")
  await bob.push()
  await alice.push()
  expect(await expectConverged(database.remote, [alice, bob])).toEqual({
    item: [
      ['integer 1', 'text "alice"', 'integer 0'],
      ['integer 2', 'text "alice"', 'text "bob"'],
    ],
  })
})

test('of two inserts with one key the last push wins', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair(ITEM)
  await alice.exec("INSERT INTO item VALUES (1, 'alice', 1)")
  await bob.exec("INSERT INTO item VALUES (1, 'bob', NULL)")
  await alice.push()
  await bob.push()
  expect(await expectConverged(database.remote, [alice, bob])).toEqual({
    item: [['integer 1', 'text "bob"', 'null']],
  })
})

test.each(['delete', 'update'] as const)(
  'a delete beats an update of the same row, when the %s is pushed last',
  async (last) => {
    const database = tidemark.database()
    const [deleter, updater] = await database.pair(`${ITEM}; INSERT INTO item VALUES (1, 0, 0), (2, 0, 0)`)
    await deleter.exec('DELETE FROM item WHERE id = 1')
    await updater.exec("UPDATE item SET a = 'new' WHERE id = 1")
    const order = last === 'delete' ? [updater, deleter] : [deleter, updater]
    for (const client of order) await client.push()
    const held = await expectConverged(database.remote, [deleter, updater])
    expect(held).toEqual({ item: [['integer 2', 'integer 0', 'integer 0']] })
  },
)

test('a row that was deleted by one and inserted again by another is there', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair(`${ITEM}; INSERT INTO item VALUES (1, 0, 0)`)
  await alice.exec('DELETE FROM item WHERE id = 1')
  await bob.exec("DELETE FROM item WHERE id = 1; INSERT INTO item VALUES (1, 'again', 1)")
  await alice.push()
  await bob.push()
  expect(await expectConverged(database.remote, [alice, bob])).toEqual({
    item: [['integer 1', 'text "again"', 'integer 1']],
  })
})

const USER = 'CREATE TABLE user (id INTEGER PRIMARY KEY, email TEXT UNIQUE)'

test('a UNIQUE conflict is SQLite’s own message, and nothing of the push is applied or lost', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair(USER)
  await alice.exec("INSERT INTO user VALUES (1, 'x@example.org')")
  await alice.push()
  await bob.exec("INSERT INTO user VALUES (2, 'y@example.org'); INSERT INTO user VALUES (3, 'x@example.org')")
  await expect(bob.push()).rejects.toThrow('UNIQUE constraint failed: user.email')
  expect(await database.remote('SELECT id FROM user')).toEqual([[1n]])
  expect(await tursoRows(bob, 'SELECT id FROM user ORDER BY id')).toEqual([[2n], [3n]])

  // The client stays able to write, but repeats what failed, as long as it is in its queue.
  await bob.exec("UPDATE user SET email = 'z@example.org' WHERE id = 3")
  await expect(bob.push()).rejects.toThrow('UNIQUE constraint failed: user.email')
  await alice.exec("UPDATE user SET email = 'free@example.org' WHERE id = 1")
  await alice.push()
  await bob.push()
  const held = await expectConverged(database.remote, [alice, bob])
  expect(held['user']).toHaveLength(3)
})

test('a client that pulls before it pushes keeps its own rows over what it pulled', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair(`${ITEM}; INSERT INTO item VALUES (1, 0, 0)`)
  await alice.exec("UPDATE item SET a = 'alice', b = 'alice'")
  await alice.push()
  await bob.exec("UPDATE item SET a = 'bob'")
  await bob.pull()
  expect(await tursoContents(bob)).toEqual({ item: [['integer 1', 'text "bob"', 'text "alice"']] })
  await bob.push()
  await expectConverged(database.remote, [alice, bob])
})

test('rows without a key: a client’s inserts never overwrite another’s', async () => {
  const database = tidemark.database()
  const [alice, bob] = await database.pair('CREATE TABLE line (word TEXT)')
  await alice.exec("INSERT INTO line VALUES ('a1'), ('a2')")
  await bob.exec("INSERT INTO line VALUES ('b1'), ('b2'), ('b3')")
  await alice.push()
  await bob.push()
  const held = await expectConverged(database.remote, [alice, bob])
  expect(held['line']?.flat()).toEqual(['a1', 'a2', 'b1', 'b2', 'b3'].map((word) => `text "${word}"`))
})
