import { afterAll, beforeAll, expect, test } from 'vitest'
import { applied, fileOf, pull } from './pull-client.ts'
import { run, startServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

const ROUNDS = 15
const PAGES_AT_ONCE = 7

let server: RunningServer
beforeAll(async () => {
  server = await startServer({ checkpointFrames: 15 })
})
afterAll(async () => {
  await server.close()
})

/** A Roaring bitmap of up to 4096 page numbers below 65,537: one array container. */
function selectorOf(pages: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(16 + pages.length * 2)
  bytes.writeUInt32LE(12_346, 0)
  bytes.writeUInt32LE(1, 4)
  bytes.writeUInt16LE(pages.length - 1, 10)
  bytes.writeUInt32LE(16, 12)
  for (const [index, page] of pages.entries()) bytes.writeUInt16LE(page - 1, 16 + index * 2)
  return bytes
}

test('pages read at the first revision where they have not changed since, and deltas on top, are the server’s file (I1)', async () => {
  const database = await server.create('partial')
  await run(
    database,
    'CREATE TABLE item (id INTEGER PRIMARY KEY, body TEXT)',
    'CREATE INDEX item_body ON item (body)',
    'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 800) INSERT INTO item SELECT i, hex(randomblob(200)) FROM n',
  )
  const first = await pull(database, 'turso', { pageSelector: selectorOf([1]) })
  let held = new Map(first.pages)
  let { revision, sizeInPages } = first
  for (let round = 0; round < ROUNDS; round++) {
    const from = (round * 97) % 800
    await run(
      database,
      `UPDATE item SET body = hex(randomblob(${50 + round * 20})) WHERE id BETWEEN ${from} AND ${from + 15}`,
      `DELETE FROM item WHERE id BETWEEN ${from + 200} AND ${from + 230}`,
      `INSERT INTO item SELECT id + ${2000 * (round + 1)}, hex(randomblob(300)) FROM item WHERE id BETWEEN 400 AND 410`,
    )
    const delta = await pull(database, 'turso', { clientRevision: revision })
    held = applied(held, delta)
    ;({ revision, sizeInPages } = delta)
    const missing = Array.from({ length: sizeInPages }, (_, index) => index + 1).filter(
      (page) => !held.has(page),
    )
    const wanted = round === ROUNDS - 1 ? missing : missing.filter((_, index) => index % PAGES_AT_ONCE === 0)
    if (wanted.length === 0) continue
    const old = await pull(database, 'turso', {
      serverRevision: first.revision,
      pageSelector: selectorOf(wanted),
    })
    expect(old).toMatchObject({ revision: first.revision, sizeInPages: first.sizeInPages })
    expect([...old.pages.keys()]).toEqual(wanted)
    for (const [page, image] of old.pages) held.set(page, image)
  }
  const whole = await pull(database, 'turso')
  expect(whole.revision).toBe(revision)
  expect(fileOf(held).equals(fileOf(whole.pages))).toBe(true)
})
