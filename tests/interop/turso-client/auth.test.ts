import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateSigningKey, mintToken } from '@tidemark/server'
import type { Scope, SigningKey } from '@tidemark/server'
import { temporaryDirectory } from '@tidemark/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TidemarkForTurso, tursoRows, tursoRun } from '../peers/turso-client.ts'

const directory = temporaryDirectory()
let key: SigningKey
let tidemark: TidemarkForTurso

beforeAll(async () => {
  key = await generateSigningKey('test')
  const config = join(directory.path, 'tidemark.json')
  writeFileSync(config, JSON.stringify({ keys: [{ kid: key.kid, x: key.x }] }))
  tidemark = await TidemarkForTurso.start({ args: ['--config', config] })
})
afterAll(async () => {
  await tidemark[Symbol.asyncDispose]()
  directory[Symbol.dispose]()
})

async function token(scope: Scope, expiresInSeconds = 600): Promise<string> {
  const databases = { '*': scope }
  return mintToken(key, { issuer: 'tidemark', audience: 'tidemark', databases, expiresInSeconds })
}

test('a client with a token, given or made anew for each request, syncs', async () => {
  const database = tidemark.database()
  const alice = await database.connect({ authToken: await token('admin') })
  await alice.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 'a')")
  await alice.push()
  const bob = await database.connect({ authToken: async () => token('read', 5) })
  expect(await tursoRows(bob, 'SELECT v FROM t')).toEqual([['a']])
})

test('without a token, or with one of another key, the error says what is wrong', async () => {
  const database = tidemark.database()
  await expect(database.connect()).rejects.toThrow(/status=401.*TIDEMARK_.*token/)
  const other = await mintToken(await generateSigningKey('test'), {
    issuer: 'tidemark',
    audience: 'tidemark',
    databases: { '*': 'admin' },
    expiresInSeconds: 600,
  })
  await expect(database.connect({ authToken: other })).rejects.toThrow(/status=401.*token/)
  await expect(database.connect({ authToken: await token('admin', -10) })).rejects.toThrow(
    /status=401.*The token has expired/,
  )
})

test('a token for reading pulls; its push is refused, and the changes stay', async () => {
  const database = tidemark.database()
  const alice = await database.connect({ authToken: await token('admin') })
  await alice.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, v)')
  await alice.push()
  let scope: Scope = 'read'
  const bob = await database.connect({ authToken: async () => token(scope) })
  await bob.exec("INSERT INTO t VALUES (1, 'b')")
  await expect(bob.push()).rejects.toThrow('The token allows reading only')
  await bob.pull()
  expect(await tursoRows(bob, 'SELECT v FROM t')).toEqual([['b']])
  scope = 'write'
  await bob.push()
  await alice.pull()
  expect(await tursoRows(alice, 'SELECT v FROM t')).toEqual([['b']])
})

test('remote writes carry the token too', async () => {
  const database = tidemark.database()
  const writer = await database.connect({ remoteWritesExperimental: true, authToken: await token('admin') })
  await writer.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, v)')
  await tursoRun(writer, 'INSERT INTO t VALUES (1, ?)', 'x')
  expect(await tursoRows(writer, 'SELECT v FROM t')).toEqual([['x']])
  const reader = await database.connect({ remoteWritesExperimental: true, authToken: await token('read') })
  await expect(tursoRun(reader, 'INSERT INTO t VALUES (2, ?)', 'y')).rejects.toThrow(
    'The token allows reading only',
  )
})
