import { expect, test } from 'vitest'
import { expectConverged, tidemarkOfTheRun, tursoContents, tursoRows } from '../peers/turso-client.ts'

const tidemark = tidemarkOfTheRun()

test('a new client has all that the server has, without a pull', async () => {
  const database = tidemark.database()
  const writer = await database.connect()
  await writer.exec(
    'CREATE TABLE city (id INTEGER PRIMARY KEY, name TEXT); CREATE INDEX by_name ON city (name)',
  )
  const rows = Array.from({ length: 3000 }, (_, id) => `(${id}, 'city ${id}')`)
  await writer.exec(`INSERT INTO city VALUES ${rows.join(',')}`)
  await writer.push()

  const reader = await database.connect()
  expect(await tursoContents(reader)).toEqual(await tursoContents(writer))
  expect(await tursoRows(reader, "SELECT id FROM city WHERE name = 'city 2999'")).toEqual([[2999n]])
  expect(await tursoRows(reader, 'PRAGMA integrity_check')).toEqual([['ok']])
  expect(await reader.pull()).toBe(false)
})

test('a database that nobody has written is an empty client', async () => {
  const database = tidemark.database()
  const client = await database.connect()
  expect(await tursoContents(client)).toEqual({})
  expect(await client.pull()).toBe(false)
  expect((await client.stats()).revision).not.toBeNull()
})

test('without a URL the client works alone; once it is known, push sends all and pull brings the rest', async () => {
  const database = tidemark.database()
  const other = await database.connect()
  await other.exec("CREATE TABLE theirs (id INTEGER PRIMARY KEY, v); INSERT INTO theirs VALUES (1, 'there')")
  await other.push()

  let url: string | null = null
  const late = await database.connect({ url: () => url })
  await late.exec("CREATE TABLE ours (id INTEGER PRIMARY KEY, v); INSERT INTO ours VALUES (1, 'here')")
  await expect(late.push()).rejects.toThrow('url is empty')
  await expect(late.pull()).rejects.toThrow('url is empty')
  ;({ url } = database)
  await late.push()
  const held = await expectConverged(database.remote, [late, other])
  expect(held).toEqual({
    ours: [['integer 1', 'text "here"']],
    theirs: [['integer 1', 'text "there"']],
  })
})

test('without a URL the client works alone; once it is known, a pull keeps what was written before', async () => {
  const database = tidemark.database()
  const other = await database.connect()
  await other.exec("CREATE TABLE theirs (id INTEGER PRIMARY KEY, v); INSERT INTO theirs VALUES (1, 'there')")
  await other.push()

  let url: string | null = null
  const late = await database.connect({ url: () => url })
  await late.exec("CREATE TABLE ours (id INTEGER PRIMARY KEY, v); INSERT INTO ours VALUES (1, 'here')")
  ;({ url } = database)
  expect(await late.pull()).toBe(true)
  expect(Object.keys(await tursoContents(late))).toEqual(['ours', 'theirs'])
  await late.push()
  const held = await expectConverged(database.remote, [late, other])
  expect(Object.keys(held)).toEqual(['ours', 'theirs'])
})

test('a bootstrap that fails can be made again with the same files', async () => {
  const database = tidemark.database()
  const [writer] = await database.pair('CREATE TABLE t (id INTEGER PRIMARY KEY, v)')
  await writer.exec('INSERT INTO t VALUES (1, 1)')
  await writer.push()
  const path = database.path()
  const refuse = async (): Promise<Response> => Promise.resolve(new Response('not now', { status: 503 }))
  await expect(database.connect({ path, fetch: refuse })).rejects.toThrow('status=503, body=not now')
  const reader = await database.connect({ path })
  expect(await tursoContents(reader)).toEqual(await tursoContents(writer))
})
