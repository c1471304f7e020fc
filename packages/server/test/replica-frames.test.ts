import Sqlite from 'better-sqlite3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { generateSigningKey, mintToken } from '../src/auth/access-token.ts'
import { postJson, rawRequest, run, startServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

const FRAME = 4120
const PAGE = 4096
let server: RunningServer

beforeAll(async () => {
  server = await startServer({ checkpointFrames: 40 })
})

afterAll(async () => {
  await server.close()
})

async function filled(name: string, rows = 500): Promise<string> {
  const database = await server.create(name)
  await run(database, 'CREATE TABLE item (id INTEGER PRIMARY KEY, body)', insert(rows))
  return database
}

function insert(rows: number): string {
  return `WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ${rows})
    INSERT INTO item (body) SELECT hex(randomblob(200)) FROM number`
}

async function newest(database: string): Promise<number> {
  const response = await fetch(`${database}/info`)
  const info = (await response.json()) as { readonly current_generation: number }
  return info.current_generation
}

async function bytesOf(url: string): Promise<Buffer> {
  const response = await fetch(url)
  expect(response.status).toBe(200)
  const bytes = Buffer.from(await response.arrayBuffer())
  expect(response.headers.get('content-length')).toBe(String(bytes.byteLength))
  return bytes
}

/** Number of items in the bytes of a database. */
function countIn(file: Buffer): unknown {
  const copy = Buffer.from(file)
  copy[18] = copy[19] = 1
  const db = new Sqlite(copy)
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
    return db.prepare('SELECT count(*) FROM item').pluck().get()
  } finally {
    db.close()
  }
}

/** The file with the frames written over it. */
function applied(file: Buffer, frames: Buffer): Buffer {
  let result = Buffer.from(file)
  for (let at = 0; at < frames.byteLength; at += FRAME) {
    const offset = (frames.readUInt32BE(at) - 1) * PAGE
    if (offset + PAGE > result.byteLength)
      result = Buffer.concat([result, Buffer.alloc(offset + PAGE - result.byteLength)])
    frames.copy(result, offset, at + FRAME - PAGE, at + FRAME)
  }
  return result
}

test('an export is the database at the beginning of its generation, while others write', async () => {
  const database = await filled('export')
  const generation = await newest(database)
  const exports = [
    bytesOf(`${database}/export/${generation}`),
    run(database, insert(100)),
    bytesOf(`${database}/export/${generation}`),
  ]
  const [first, , second] = await Promise.all(exports)
  expect(countIn(first as Buffer)).toBe(500)
  expect((second as Buffer).equals(first as Buffer)).toBe(true)
})

test('frames bring it to what was committed since; whole commits only', async () => {
  const database = await filled('frames')
  const generation = await newest(database)
  let file = await bytesOf(`${database}/export/${generation}`)
  for (let commit = 0; commit < 5; commit++) await run(database, insert(200))
  let frame = 1
  for (;;) {
    const response = await fetch(`${database}/sync/${generation}/${frame}/${frame + 128}`)
    if (response.status === 400) {
      expect(await response.json()).toEqual({ generation })
      break
    }
    const frames = Buffer.from(await response.arrayBuffer())
    expect(frames.readUInt32BE(frames.byteLength - FRAME + 4)).toBeGreaterThan(0)
    file = applied(file, frames)
    frame += frames.byteLength / FRAME
  }
  expect(countIn(file)).toBe(1500)
})

test('a generation that has grown is left behind by new replicas', async () => {
  const database = await filled('grown')
  const before = await newest(database)
  await run(database, insert(5000))
  const after = await newest(database)
  expect(after).toBe(before + 1)
  expect(countIn(await bytesOf(`${database}/export/${after}`))).toBe(5500)
  expect(countIn(await bytesOf(`${database}/export/${before}`))).toBe(500)
})

test.each(['0', '-1', '1e3', '4294967296', '99999999999', 'x', '%00', ' 1', '1/../2'])(
  'the number %j is refused',
  async (number) => {
    await server.create('numbers').catch(() => {})
    for (const path of [`export/${number}`, `sync/${number}/1/129`, `sync/1/${number}/129`]) {
      const { status } = await rawRequest(server.port, `/db/numbers/${path.replaceAll(' ', '%20')}`)
      expect([400, 404, 410]).toContain(status)
    }
  },
)

test('places that the database never had are told from the end of a generation', async () => {
  const database = await filled('strangers')
  const generation = await newest(database)
  for (const place of [`${generation}/2`, `${generation + 1}/1`, '7/1', '4294967295/4294967295']) {
    const answer = await rawRequest(server.port, `/db/strangers/sync/${place}/9`)
    expect([answer.status, answer.body]).toEqual([410, expect.stringContaining('Delete the replica’s files')])
  }
  const end = await rawRequest(server.port, `/db/strangers/sync/${generation}/1/129`)
  expect([end.status, end.body]).toEqual([400, JSON.stringify({ generation })])
  expect((await rawRequest(server.port, `/db/strangers/export/${generation + 1}`)).status).toBe(410)
})

test('a token that may not read gets nothing but where to hear why', async () => {
  const key = await generateSigningKey('k')
  const closed = await startServer({ keys: [{ kid: key.kid, x: key.x }] })
  try {
    const claims = { issuer: 'tidemark', audience: 'tidemark', expiresInSeconds: 60 }
    const bearer = async (databases: Record<string, 'read' | 'admin'>) => ({
      authorization: `Bearer ${await mintToken(key, { ...claims, databases })}`,
    })
    await postJson(`${closed.url}/admin/v1/databases`, { name: 'notes' }, await bearer({ '*': 'admin' }))
    const ask = async (path: string, headers: Record<string, string>) =>
      rawRequest(closed.port, `/db/notes${path}`, { headers })
    expect((await ask('/info', await bearer({ notes: 'read' }))).status).toBe(200)
    expect((await ask('/info', {})).status).toBe(401)
    const stranger = await bearer({ other: 'read' })
    expect(JSON.parse((await ask('/info', stranger)).body)).toMatchObject({
      current_generation: 1,
      code: 'TIDEMARK_FORBIDDEN',
    })
    for (const path of ['/export/1', '/sync/1/1/129']) expect((await ask(path, stranger)).status).toBe(403)
  } finally {
    await closed.close()
  }
})

test('frames are not taken', async () => {
  await server.create('pushed')
  for (const path of ['sync/1/1/2', 'sync/1/1/2/baton']) {
    const answer = await rawRequest(server.port, `/db/pushed/${path}`, {
      method: 'POST',
      body: Buffer.alloc(FRAME),
    })
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([405, { code: 'TIDEMARK_FRAMES_REFUSED' }])
  }
})

test('what is large has no HEAD: it would read all that a GET sends', async () => {
  const generation = await newest(await filled('headless'))
  for (const path of [`export/${generation}`, `sync/${generation}/1/129`]) {
    const { status } = await rawRequest(server.port, `/db/headless/${path}`, { method: 'HEAD' })
    expect(status).toBe(404)
  }
})
