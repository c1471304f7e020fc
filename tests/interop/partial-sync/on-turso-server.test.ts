import { temporaryDirectory, TapProxy } from '@tidemark/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TursoClients, tursoRows } from '../peers/turso-client.ts'
import { TursoServer } from '../peers/turso-server.ts'
import { fill, takePulls } from './lazy-pages.ts'

/** What Turso's own server does with a partial client: the measure for ours. */

const directory = temporaryDirectory()
let server: TursoServer
let database: TursoClients
beforeAll(async () => {
  server = await TursoServer.start(`${directory.path}/server.db`)
  database = new TursoClients(directory.path, server.url, 'client')
  await fill(database)
})
afterAll(async () => {
  await database.closeAll()
  await server[Symbol.asyncDispose]()
  directory[Symbol.dispose]()
})

test('by prefix: the same requests as to a Tidemark server, and old pages for them', async () => {
  await using tap = await TapProxy.start(server.url)
  const client = await database.connect({
    url: tap.url,
    partialSyncExperimental: { bootstrapStrategy: { kind: 'prefix', length: 65_536 }, segmentSize: 16_384 },
  })
  expect(takePulls(tap)).toMatchObject([{ selects: true, query: null, pages: 16 }])
  const { revision } = await client.stats()
  await database.remote("UPDATE item SET body = 'short' WHERE id = 900")
  const row = 'SELECT length(body) FROM item WHERE id = 900'
  expect(await tursoRows(client, row)).toEqual([[900n]])
  expect(takePulls(tap)).toMatchObject([{ serverRevision: revision, selects: true, pages: 4 }])
  await client.pull()
  expect(await tursoRows(client, row)).toEqual([[5n]])
  await database.close(client)
})

test('by query: all pages come, whatever the query', async () => {
  await using tap = await TapProxy.start(server.url)
  for (const query of ['SELECT id FROM item WHERE id = 1', 'DELETE FROM nope']) {
    const client = await database.connect({
      url: tap.url,
      partialSyncExperimental: { bootstrapStrategy: { kind: 'query', query } },
    })
    const [bootstrap] = takePulls(tap)
    expect(bootstrap).toMatchObject({ query, status: 200 })
    expect(bootstrap!.pages).toBeGreaterThan(300)
    await database.close(client)
  }
})
