import { encodePageHashesRequest, decodePageHashesResponse, initProtocol, pageHash } from '@tidemark/protocol'
import Sqlite from 'better-sqlite3'
import { RoaringBitmap32, roaringLibraryInitialize, SerializationFormat } from 'roaring-wasm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { applied, fileOf, pull, requestPull } from './pull-client.ts'
import { run, startServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

let server: RunningServer

beforeAll(async () => {
  await initProtocol()
  await roaringLibraryInitialize()
  server = await startServer({ checkpointFrames: 40 })
})

afterAll(async () => {
  await server.close()
})

/** Rows of a table, from the bytes of a database. */
function query(file: Buffer, sql: string): unknown[] {
  // A database in memory cannot be in WAL mode: bytes 18 and 19 say rollback journal.
  const copy = Buffer.from(file)
  copy[18] = copy[19] = 1
  const db = new Sqlite(copy)
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
    return db.prepare(sql).pluck().all()
  } finally {
    db.close()
  }
}

function selectorOf(pages: readonly number[]): Uint8Array {
  const bitmap = new RoaringBitmap32(pages.map((page) => page - 1))
  const bytes = Uint8Array.from(bitmap.serialize(SerializationFormat.portable))
  bitmap.dispose()
  return bytes
}

async function filled(name: string, rows: number): Promise<string> {
  const database = await server.create(name)
  await run(
    database,
    'CREATE TABLE item (id INTEGER PRIMARY KEY, body)',
    `WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ${rows})
     INSERT INTO item SELECT n, hex(randomblob(200)) FROM number`,
  )
  return database
}

test('whoever asks for a whole revision gets the same bytes, and another revision once there is one (I1)', async () => {
  const database = await filled('kept', 2000)
  const answers: Buffer[] = []
  for (let client = 0; client < 4; client++)
    answers.push(Buffer.from(await (await requestPull(database, 'tidemark')).arrayBuffer()))
  const [first, ...others] = answers
  expect(first!.byteLength).toBeGreaterThan(64 * 4096)
  for (const answer of others) expect(answer.equals(first!)).toBe(true)
  await run(database, 'INSERT INTO item VALUES (9000, NULL)')
  for (let client = 0; client < 3; client++) {
    const pulled = await pull(database, 'tidemark')
    expect(query(fileOf(pulled.pages), 'SELECT count(*) FROM item')).toEqual([2001])
  }
})

describe.each(['turso', 'tidemark'] as const)('POST /pull-updates, %s dialect', (dialect) => {
  test('a client with nothing gets the whole database, byte for byte (I1)', async () => {
    const database = await filled(`whole-${dialect}`, 500)
    const pulled = await pull(database, dialect)
    expect(pulled.pages.size).toBe(pulled.sizeInPages)
    expect(query(fileOf(pulled.pages), 'SELECT count(*) FROM item')).toEqual([500])
  })

  test('a client at a revision gets what changed since, and then has the server’s bytes (I1)', async () => {
    const database = await filled(`delta-${dialect}`, 500)
    const first = await pull(database, dialect)
    await run(database, "UPDATE item SET body = 'new' WHERE id IN (3, 400)")
    await run(database, 'INSERT INTO item SELECT id + 1000, body FROM item WHERE id < 100')
    const second = await pull(database, dialect, { clientRevision: first.revision }, first.pages)
    const whole = await pull(database, dialect)
    expect(second.pages.size).toBeLessThan(whole.pages.size / 2)
    expect(fileOf(applied(first.pages, second)).equals(fileOf(whole.pages))).toBe(true)
  })

  test('a client that has the latest revision gets the header alone', async () => {
    const database = await filled(`same-${dialect}`, 10)
    const { revision } = await pull(database, dialect)
    const again = await pull(database, dialect, { clientRevision: revision })
    expect(again).toMatchObject({ revision, pages: new Map() })
  })

  test.each(['nonsense', '0123456789abcdef.1', '../../etc/passwd', '9'.repeat(300)])(
    'a client at the unknown revision %s gets all pages',
    async (clientRevision) => {
      const database = await filled(
        `unknown-${dialect}-${clientRevision.length}-${Math.abs(clientRevision.charCodeAt(0))}`,
        10,
      )
      const pulled = await pull(database, dialect, { clientRevision })
      expect(pulled.pages.size).toBe(pulled.sizeInPages)
    },
  )

  test('a pinned revision is served as it was while others write and the WAL is checkpointed', async () => {
    const database = await filled(`pinned-${dialect}`, 300)
    const copy = await pull(database, 'turso')
    for (let round = 0; round < 12; round++) {
      await run(database, `UPDATE item SET body = hex(randomblob(200)) WHERE id % 12 = ${round}`)
      await run(database, `INSERT INTO item SELECT id + ${1000 * (round + 1)}, body FROM item WHERE id <= 20`)
    }
    const pinned = await pull(database, dialect, { serverRevision: copy.revision })
    expect(pinned.revision).toBe(copy.revision)
    expect(fileOf(pinned.pages).equals(fileOf(copy.pages))).toBe(true)
    const half = Math.floor(copy.sizeInPages / 2)
    const chunks = [range(1, half), range(half + 1, copy.sizeInPages + 50)].map(async (pages) =>
      pull(database, dialect, { serverRevision: copy.revision, pageSelector: selectorOf(pages) }),
    )
    const parts = await Promise.all(chunks)
    expect(fileOf(new Map(parts.flatMap((part) => [...part.pages]))).equals(fileOf(copy.pages))).toBe(true)
  })

  test('a client ahead of the revision that it asks for gets that revision', async () => {
    const database = await filled(`back-${dialect}`, 300)
    const old = await pull(database, dialect)
    await run(
      database,
      "UPDATE item SET body = 'x' WHERE id < 50",
      'INSERT INTO item SELECT id + 1000, body FROM item',
    )
    const ahead = await pull(database, dialect, { clientRevision: old.revision }, old.pages)
    const pages = applied(old.pages, ahead)
    const request = { clientRevision: ahead.revision, serverRevision: old.revision }
    const back = await pull(database, dialect, request, pages)
    expect(fileOf(applied(pages, back)).equals(fileOf(old.pages))).toBe(true)
  })

  test('a long poll is answered when something is committed', async () => {
    const database = await filled(`poll-${dialect}`, 10)
    const first = await pull(database, dialect)
    const waiting = pull(
      database,
      dialect,
      { clientRevision: first.revision, longPollTimeoutMs: 30_000 },
      first.pages,
    )
    await run(database, "UPDATE item SET body = 'now' WHERE id = 1")
    const news = await waiting
    expect(query(fileOf(applied(first.pages, news)), 'SELECT body FROM item WHERE id = 1')).toEqual(['now'])
  })

  test('a long poll in which nothing happens is answered with the header alone', async () => {
    const database = await filled(`quiet-${dialect}`, 10)
    const { revision } = await pull(database, dialect)
    const answer = await pull(database, dialect, { clientRevision: revision, longPollTimeoutMs: 20 })
    expect(answer).toMatchObject({ revision, pages: new Map() })
  })
})

describe('POST /pull-updates', () => {
  test('the turso dialect announces its length, which is right', async () => {
    const database = await filled('length', 2000)
    const pulled = await pull(database, 'turso')
    expect(pulled.sizeInPages).toBeGreaterThan(128)
    expect(pulled.contentLength).toBe(pulled.bytes)
  })

  test('a short answer comes whole, with its length, where a long one is compressed while it is sent', async () => {
    const database = await filled('short', 2000)
    const first = await pull(database, 'tidemark')
    expect(first.contentLength).toBe(null)
    const request = { clientRevision: first.revision }
    const nothing = await pull(database, 'tidemark', request, first.pages)
    expect(nothing.contentLength).toBe(nothing.bytes)
    await run(database, "UPDATE item SET body = 'new' WHERE id = 1000")
    const delta = await pull(database, 'tidemark', request, first.pages)
    expect(delta.pages.size).toBe(1)
    expect(delta.contentLength).toBe(delta.bytes)
  })

  test('an empty body asks for everything', async () => {
    const database = await filled('empty-body', 10)
    const response = await fetch(`${database}/pull-updates`, { method: 'POST' })
    expect(response.status).toBe(200)
    expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(4096)
  })

  test('one changed row costs a few hundred bytes in the tidemark dialect', async () => {
    const database = await filled('small-delta', 2000)
    const first = await pull(database, 'tidemark')
    await run(database, "UPDATE item SET body = 'x' || substr(body, 2) WHERE id = 1000")
    const delta = await pull(database, 'tidemark', { clientRevision: first.revision }, first.pages)
    expect(delta.bytes).toBeLessThan(500)
  })

  test('a revision that is not there is refused', async () => {
    const database = await filled('gone', 10)
    const response = await requestPull(database, 'turso', { serverRevision: '0123456789abcdef.7' })
    expect(response.status).toBe(410)
    expect(await response.json()).toMatchObject({ error: { code: 'TIDEMARK_REVISION_GONE' } })
  })

  test.each([
    ['no bitmap', Buffer.from('not a bitmap')],
    ['a cut bitmap', Buffer.from(selectorBytes(), 'latin1').subarray(0, -1)],
    ['a bitmap with a tail', Buffer.concat([Buffer.from(selectorBytes(), 'latin1'), Buffer.from([0])])],
    ['a huge count', Buffer.from('3a300000ffffffff', 'hex')],
    ['values out of order', Buffer.from('3a30000001000000000001001000000005000300', 'hex')],
  ])('a page selector that is %s is refused', async (what, pageSelector) => {
    const database = await filled(`selector-${what.replaceAll(' ', '-')}`, 10)
    const response = await requestPull(database, 'turso', { pageSelector })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code: 'TIDEMARK_PROTOCOL' } })
  })

  test.each(['080f', 'ffffffff', '1a05abcd'])('a request of the bytes %s is refused', async (hex) => {
    const database = await filled(`bytes-${hex}`, 1)
    const response = await fetch(`${database}/pull-updates`, {
      method: 'POST',
      body: Buffer.from(hex, 'hex'),
    })
    expect(response.status).toBe(400)
  })

  test('a client that goes away while it waits leaves nothing behind', async () => {
    const database = await filled('away', 10)
    const { revision } = await pull(database, 'turso')
    const abort = new AbortController()
    const waiting = requestPull(
      database,
      'turso',
      { clientRevision: revision, longPollTimeoutMs: 60_000 },
      abort.signal,
    )
    abort.abort()
    await expect(waiting).rejects.toThrow('aborted')
    expect(await run(database, 'SELECT count(*) FROM item')).toEqual([[10]])
  })
})

describe('POST /page-hashes', () => {
  test('hashes are those of the pages at the revision', async () => {
    const database = await filled('hashes', 200)
    const old = await pull(database, 'turso')
    await run(database, "UPDATE item SET body = 'x'")
    const body = encodePageHashesRequest({ revision: old.revision, firstPage: 2, pageCount: 1000 })
    const response = await fetch(`${database}/page-hashes`, { method: 'POST', body: Uint8Array.from(body) })
    const answer = decodePageHashesResponse(new Uint8Array(await response.arrayBuffer()))
    const expected = Buffer.concat(range(2, old.sizeInPages).map((page) => pageHash(old.pages.get(page)!)))
    expect(answer).toMatchObject({ revision: old.revision, sizeInPages: old.sizeInPages })
    expect(Buffer.from(answer.hashes).equals(expected)).toBe(true)
  })
})

function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, index) => first + index)
}

/** The bitmap {1, 5, 100} in its portable form: one array container. */
function selectorBytes(): string {
  return Buffer.from('3a3000000100000000000200100000000100050064 00'.replaceAll(' ', ''), 'hex').toString(
    'latin1',
  )
}
