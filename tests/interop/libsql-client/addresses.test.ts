import { createClient } from '@libsql/client'
import { connect as connectTurso } from '@tursodatabase/sync'
import { generateSigningKey, mintToken } from '@tidemark/server'
import type { DatabasesClaim } from '@tidemark/server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fetchFromLoopback, HttpSetup } from './http-peer.ts'

let setup: HttpSetup
let token: (databases: DatabasesClaim) => Promise<string>

beforeAll(async () => {
  const key = await generateSigningKey('k')
  setup = await HttpSetup.start({
    keys: [{ kid: key.kid, x: key.x }],
    rootDatabase: 'main',
    hostDomains: ['localhost', 'db.example.com'],
  })
  token = async (databases) =>
    mintToken(key, { issuer: 'tidemark', audience: 'tidemark', databases, expiresInSeconds: 60 })
})

afterAll(async () => {
  await setup[Symbol.asyncDispose]()
})

test('a database is found by path, by host name, or at the root', async () => {
  const authToken = await token({ '*': 'write' })
  const { url, port } = setup.server
  const addresses = {
    main: [url, `${url}/`, `${url}/db/main/`],
    notes: [`${url}/db/notes/`, `http://notes.localhost:${port}`, `http://notes.db.example.com:${port}`],
  }
  for (const [name, urls] of Object.entries(addresses)) {
    const [first, ...others] = urls.map((address) =>
      createClient({ url: address, authToken, fetch: fetchFromLoopback }),
    )
    await first!.batch(['CREATE TABLE t (name)', { sql: 'INSERT INTO t VALUES (?)', args: [name] }], 'write')
    for (const other of others) expect((await other.execute('SELECT name FROM t')).rows).toEqual([{ name }])
  }
})

test('a URL without the slash at its end is told what it lacks', async () => {
  const client = createClient({
    url: setup.server.database('notes'),
    authToken: await token({ '*': 'write' }),
  })
  await expect(client.execute('SELECT 1')).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining('a slash at the URL’s end') as string,
  })
})

test('the token decides', async () => {
  const reader = setup.client('notes', { authToken: await token({ notes: 'read' }) })
  await expect(reader.execute('CREATE TABLE x (a)')).rejects.toMatchObject({ code: 'FORBIDDEN' })
  expect((await reader.execute('SELECT 1')).rows).toHaveLength(1)
  const stranger = setup.client('notes', { authToken: await token({ other: 'write' }) })
  await expect(stranger.execute('SELECT 1')).rejects.toMatchObject({ code: 'TIDEMARK_FORBIDDEN' })
  for (const config of [{}, { authToken: 'nonsense' }]) {
    await expect(setup.client('notes', config).execute('SELECT 1')).rejects.toMatchObject({
      code: 'TIDEMARK_UNAUTHENTICATED',
    })
  }
})

test('a replica needs a token that may read, and one that may write to write', async () => {
  const writer = setup.client('shared', { authToken: await token({ shared: 'write' }) })
  await writer.execute('CREATE TABLE t (a)')
  const syncUrl = setup.server.database('shared')
  const replica = (authToken?: string) =>
    createClient({
      url: `file:${setup.folder}/${crypto.randomUUID()}.db`,
      syncUrl,
      ...(authToken === undefined ? {} : { authToken }),
    })
  const reader = replica(await token({ shared: 'read' }))
  expect((await reader.execute('SELECT * FROM t')).rows).toEqual([])
  await expect(reader.execute('INSERT INTO t VALUES (1)')).rejects.toThrow('The token allows reading only')
  await writer.execute('INSERT INTO t VALUES (1)')
  await reader.sync()
  expect((await reader.execute('SELECT * FROM t')).rows).toHaveLength(1)
  reader.close()
  const [stranger, nobody] = [await token({ other: 'read' }), undefined]
  expect(() => replica(stranger)).toThrow('The token does not allow read access to shared')
  expect(() => replica(nobody)).toThrow('Unauthorized')
})

test('a replica that would push frames is told that it cannot', async () => {
  const authToken = await token({ '*': 'write' })
  await setup.client('offline', { authToken }).execute('CREATE TABLE t (a)')
  const url = `file:${setup.folder}/offline.db`
  const replica = createClient({ url, syncUrl: setup.server.database('offline'), authToken, offline: true })
  await replica.execute('INSERT INTO t VALUES (1)')
  await expect(replica.sync()).rejects.toThrow('open the replica without `offline`')
  replica.close()
})

test('a key for encryption is refused, and what was to be encrypted is not stored', async () => {
  const authToken = await token({ '*': 'write' })
  const plain = setup.client('plain', { authToken })
  await plain.execute('CREATE TABLE t (a)')
  const syncUrl = setup.server.database('plain')
  const says = 'does not encrypt databases'
  const keyed = createClient({ url: `${syncUrl}/`, authToken, remoteEncryptionKey: 'a2V5' })
  await expect(keyed.execute("INSERT INTO t VALUES ('secret')")).rejects.toThrow(says)
  const url = `file:${setup.folder}/keyed.db`
  expect(() => createClient({ url, syncUrl, authToken, remoteEncryptionKey: 'a2V5' })).toThrow(says)
  const remoteEncryption = { key: Buffer.alloc(32).toString('base64'), cipher: 'aes256gcm' } as const
  const turso = await connectTurso({ path: `${setup.folder}/turso.db`, url: syncUrl, authToken })
  await turso.exec("INSERT INTO t VALUES ('secret')")
  await turso.close()
  const again = connectTurso({ path: `${setup.folder}/turso.db`, url: syncUrl, authToken, remoteEncryption })
  await expect(again.then(async (client) => await client.push())).rejects.toThrow(says)
  expect((await plain.execute('SELECT * FROM t')).rows).toEqual([])
})
