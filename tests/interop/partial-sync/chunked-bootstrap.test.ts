import { TapProxy } from '@tidemark/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectConverged, TidemarkForTurso, tursoContents, tursoRows } from '../peers/turso-client.ts'
import { tableContents } from '../peers/table-contents.ts'
import { fill, ROWS, takePulls } from './lazy-pages.ts'

const CHUNK_BYTES = 128 * 1024
const CHUNK_PAGES = CHUNK_BYTES / 4096

let tidemark: TidemarkForTurso
beforeAll(async () => {
  tidemark = await TidemarkForTurso.start()
})
afterAll(async () => tidemark[Symbol.asyncDispose]())

test('a bootstrap in chunks is one revision, though rows move between its requests', async () => {
  const database = tidemark.database()
  await fill(database)
  await using tap = await TapProxy.start(database.url)
  // Each moves bytes from rows at the beginning of the file to rows at its end, and makes the file larger.
  let writes = 0
  const move = async (): Promise<void> => {
    writes += 1
    await database.remote(
      `UPDATE item SET body = CASE WHEN id <= 100 THEN substr(body, 10) ELSE body || '123456789' END WHERE id <= 100 OR id > ${ROWS - 100}`,
    )
    await database.remote(`INSERT INTO item VALUES (${10_000 + writes}, hex(zeroblob(5000)))`)
  }
  const before = await tableContents(database.remote)
  const client = await database.connect({
    url: tap.url,
    pullBytesThreshold: CHUNK_BYTES,
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      await move()
      return response
    },
  })
  const [first, ...others] = takePulls(tap)
  const { revision } = await client.stats()
  expect(others.length).toBeGreaterThan(5)
  for (const { serverRevision, selects, pages } of others) {
    expect({ serverRevision, selects }).toEqual({ serverRevision: revision, selects: true })
    expect(pages).toBeLessThanOrEqual(CHUNK_PAGES + 1)
  }
  expect(first).toMatchObject({ serverRevision: '', clientRevision: '' })
  expect(writes).toBeGreaterThan(5)
  expect(await tursoContents(client)).toEqual(before)
  expect(await tursoRows(client, 'PRAGMA integrity_check')).toEqual([['ok']])
  await expectConverged(database.remote, [client])
})

test('a server that is killed in the middle of a bootstrap in chunks: it fails, and can be made again', async () => {
  const database = tidemark.database()
  await fill(database)
  const path = database.path()
  let requests = 0
  await expect(
    database.connect({
      path,
      pullBytesThreshold: CHUNK_BYTES,
      fetch: async (input, init) => {
        requests += 1
        if (requests === 4) await tidemark.stop('SIGKILL')
        return fetch(input, init)
      },
    }),
  ).rejects.toThrow()
  await tidemark.startAgain()
  await database.remote('DELETE FROM item WHERE id > 1000')
  const client = await database.connect({ path, pullBytesThreshold: CHUNK_BYTES })
  expect(await tursoRows(client, 'SELECT count(*) FROM item')).toEqual([[1000n]])
  await expectConverged(database.remote, [client])
})

test('a bootstrap in chunks goes on with a server that is started again between two of them', async () => {
  const database = tidemark.database()
  await fill(database)
  let requests = 0
  const client = await database.connect({
    pullBytesThreshold: CHUNK_BYTES,
    fetch: async (input, init) => {
      requests += 1
      if (requests === 3) {
        await database.remote("UPDATE item SET body = 'short'")
        await tidemark.restart('SIGKILL')
      }
      return fetch(input, init)
    },
  })
  expect(await tursoRows(client, 'SELECT min(length(body)) FROM item')).toEqual([[900n]])
  await expectConverged(database.remote, [client])
})
