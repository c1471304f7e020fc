import { expect, test } from 'vitest'
import { contentOf, SyncServer } from './sync-server.ts'

/** An unknown field of a protobuf message: number 1000, a varint. */
const LATER_FIELD = Uint8Array.of(0xc0, 0x3e, 0x07)

/** A server of a later version, seen through a client's `fetch`. */
class LaterServer {
  /** What it says that its dialect is. */
  dialect = 1
  /** Endpoints of the dialect before. */
  isServing = true
  /** Answers to pushes have a field that the dialect does not have. */
  addsFields = false

  readonly fetch: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    const { pathname } = new URL(request.url)
    if (pathname.endsWith('/tidemark')) {
      const info = (await (await fetch(request)).json()) as object
      return Response.json({ ...info, tidemark: this.dialect, regions: ['eu'], features: ['teleport'] })
    }
    if (!this.isServing) return new Response(null, { status: 404 })
    const response = await fetch(request)
    if (!this.addsFields || !pathname.endsWith('/push-changes')) return response
    return new Response(Buffer.concat([await response.bytes(), LATER_FIELD]), { headers: response.headers })
  }
}

const upgrade = { name: 'ProtocolError', recovery: 'upgrade' }

test('a later server of the same dialect may say more of itself; an answer with more in it is an error, and nothing is lost or doubled (I3)', async () => {
  await using server = new SyncServer()
  const later = new LaterServer()
  const db = await server.client('a.db', { fetch: later.fetch })
  db.exec('CREATE TABLE line (word TEXT)')
  await db.sync()
  db.exec(`INSERT INTO line VALUES ('one')`)
  later.addsFields = true
  await expect(db.push()).rejects.toMatchObject({ name: 'ProtocolError' })
  expect(await db.pending()).toHaveLength(1)
  later.addsFields = false
  await db.sync()
  expect(contentOf(await server.client('b.db'))).toEqual({ line: [{ word: 'one' }] })
})

test('a server of a later dialect: a new replica is not made, one that is there says who is too old and keeps all that is pending', async () => {
  await using server = new SyncServer()
  const later = new LaterServer()
  const db = await server.client('a.db', { fetch: later.fetch })
  db.exec('CREATE TABLE line (word TEXT)')
  await db.sync()
  db.exec(`INSERT INTO line VALUES ('one')`)
  later.dialect = 2
  later.isServing = false
  await expect(server.client('new.db', { fetch: later.fetch })).rejects.toMatchObject(upgrade)
  for (const operation of ['push', 'pull', 'sync'] as const)
    await expect(db[operation]()).rejects.toMatchObject(upgrade)
  db.exec(`INSERT INTO line VALUES ('two')`)
  expect(await db.pending()).toHaveLength(2)
  // With the server of before, or a client that has been brought up to date.
  later.dialect = 1
  later.isServing = true
  await db.sync()
  expect(contentOf(await server.client('b.db'))).toEqual({ line: [{ word: 'one' }, { word: 'two' }] })
})
