import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import { ServerProcess, TapProxy, temporaryDirectory } from '@tidemark/testkit'
import { connect as connectServerless } from '@tursodatabase/serverless'
import { connect as connectTurso } from '@tursodatabase/sync'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TursoServer } from '../peers/turso-server.ts'
import { peerVersions } from '../peers/versions.ts'
import { exchangesOf, requestsOf, toFile } from './golden-capture.ts'

/** Where the tests of the protocol package find the captures. `vitest run -u` writes them anew. */
const FOLDER = new URL('../../../packages/protocol/test/captures/', import.meta.url)
const versions = peerVersions()
const directory = temporaryDirectory()
let server: ServerProcess

beforeAll(async () => {
  server = await ServerProcess.start(join(directory.path, 'data'))
})
afterAll(async () => {
  await server.stop()
  directory[Symbol.dispose]()
})

function golden(name: string): string {
  return new URL(`${name}.json`, FOLDER).pathname
}

test('what Turso’s client asks of a server', async () => {
  await using tap = await TapProxy.start(server.database('turso-client'))
  const db = await connectTurso({
    path: join(directory.path, 'turso-client.db'),
    url: tap.url,
    authToken: 'secret',
  })
  await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c REAL, d BLOB)')
  await db.exec("INSERT INTO t VALUES (1, 'x', 1.5, x'0102'), (2, NULL, 2, x'')")
  await db.push()
  await db.pull()
  await db.exec("UPDATE t SET b = 'y' WHERE a = 1; DELETE FROM t WHERE a = 2; ALTER TABLE t ADD COLUMN e")
  await db.push()
  await db.pull()
  await db.close()
  const file = toFile('@tursodatabase/sync', versions['@tursodatabase/sync']!, requestsOf(tap.exchanges))
  await expect(file).toMatchFileSnapshot(golden('turso-sync-client'))
})

test('what Turso’s client for the network asks of a server', async () => {
  await using tap = await TapProxy.start(server.database('serverless'))
  const db = connectServerless({ url: tap.url, authToken: 'secret' })
  await db.exec('CREATE TABLE t (a, b)')
  await (await db.prepare('INSERT INTO t VALUES (?, ?)')).run([1, 'x'])
  await (await db.prepare('SELECT * FROM t')).all()
  await db.close()
  const name = '@tursodatabase/serverless'
  await expect(toFile(name, versions[name]!, requestsOf(tap.exchanges))).toMatchFileSnapshot(
    golden('serverless-client'),
  )
})

test('what libSQL’s client asks of a server', async () => {
  await using tap = await TapProxy.start(server.database('libsql'))
  const db = createClient({ url: `${tap.url}/`, authToken: 'secret' })
  await db.batch(['CREATE TABLE t (a, b)', { sql: 'INSERT INTO t VALUES (?, ?)', args: [1, 'x'] }], 'write')
  await db.execute({ sql: 'SELECT * FROM t WHERE a = :a', args: { a: 1n } })
  const transaction = await db.transaction('write')
  await transaction.execute('INSERT INTO t VALUES (2, 3)')
  await transaction.commit()
  await db.executeMultiple('SELECT 1; SELECT 2')
  db.close()
  const name = '@libsql/client'
  await expect(toFile(name, versions[name]!, requestsOf(tap.exchanges))).toMatchFileSnapshot(
    golden('libsql-client'),
  )
})

test('what an embedded replica of libSQL’s client asks of a server', async () => {
  await using tap = await TapProxy.start(server.database('replica'))
  const db = createClient({ url: `${server.database('replica')}/` })
  await db.batch(['CREATE TABLE t (a, b)', "INSERT INTO t VALUES (1, 'x')"], 'write')
  db.close()
  const child = fork(new URL('replica-child.ts', import.meta.url), [
    join(directory.path, 'replica.db'),
    tap.url,
  ])
  expect(await once(child, 'exit')).toEqual([0, null])
  const version = versions['@libsql/client']!
  const file = toFile('@libsql/client with syncUrl', version, requestsOf(tap.exchanges))
  await expect(file).toMatchFileSnapshot(golden('libsql-replica'))
})

test('what Turso’s server answers to Turso’s client', async () => {
  await using turso = await TursoServer.start(join(directory.path, 'turso.db'))
  await using tap = await TapProxy.start(turso.url)
  const db = await connectTurso({ path: join(directory.path, 'of-turso.db'), url: tap.url })
  await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)')
  await db.exec("INSERT INTO t VALUES (1, 'x'), (2, NULL)")
  await db.push()
  await db.pull()
  await db.close()
  const file = toFile('tursodb', versions['tursodb']!, exchangesOf(tap.exchanges))
  await expect(file).toMatchFileSnapshot(golden('turso-server'))
})
