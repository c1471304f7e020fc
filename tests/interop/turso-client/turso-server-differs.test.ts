/** Where Turso's own server (tursodb 0.6.0) does otherwise than Tidemark's for the same client. */
import { temporaryDirectory } from '@tidemark/testkit'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { TursoClients, tursoRun } from '../peers/turso-client.ts'
import { TursoServer } from '../peers/turso-server.ts'

const directory = temporaryDirectory()
let server: TursoServer
let database: TursoClients
let count = 0

beforeEach(async () => {
  const name = `db${++count}`
  server = await TursoServer.start(`${directory.path}/${name}-server.db`)
  database = new TursoClients(directory.path, server.url, name)
})
afterEach(async () => {
  await database.closeAll()
  await server.stop('SIGKILL')
})
afterAll(() => directory[Symbol.dispose]())

const TABLE = 'CREATE TABLE t (id INTEGER PRIMARY KEY, v)'

test('it does not hold a long poll', async () => {
  await database.pair(TABLE)
  const client = await database.connect({ longPollTimeoutMs: 30_000 })
  const startedAt = performance.now()
  expect(await client.pull()).toBe(false)
  expect(performance.now() - startedAt).toBeLessThan(10_000)
})

test('it refuses an infinity with the whole request, and does not say where', async () => {
  const [client] = await database.pair(TABLE)
  await client.exec('INSERT INTO t VALUES (7, -9e999)')
  await expect(client.push()).rejects.toThrow(/status=500.*invalid type: null, expected f64/)
})

test('it has no endpoints for remote writes', async () => {
  await database.pair(TABLE)
  const client = await database.connect({ remoteWritesExperimental: true })
  await expect(tursoRun(client, 'INSERT INTO t VALUES (1, 1)')).rejects.toThrow('404')
})

test('it refuses a generated column that its client made', async () => {
  const client = await database.connect({ experimental: ['generated_columns'] })
  await client.exec('CREATE TABLE g (id INTEGER PRIMARY KEY, v, twice AS (v * 2))')
  await expect(client.push()).rejects.toThrow('--experimental-generated-columns')
})
