import { generateSigningKey, mintToken } from '@tidemark/server'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ConnectOptions, Database } from '../src/index.ts'
import { contentOf, OwnSyncServer } from './sync-server.ts'

const LIFETIME_SECONDS = 60
const expired = { name: 'AuthError', code: 'TIDEMARK_AUTH', recovery: 'operator' }

let server: OwnSyncServer
let mint: () => Promise<string>

beforeEach(async () => {
  const key = await generateSigningKey('1')
  server = await OwnSyncServer.start({ keys: [{ kid: key.kid, x: key.x }] })
  mint = async () =>
    await mintToken(key, {
      issuer: 'tidemark',
      audience: 'tidemark',
      databases: { '*': 'admin' },
      expiresInSeconds: LIFETIME_SECONDS,
    })
  vi.useFakeTimers({ toFake: ['Date'] })
})

afterEach(async () => {
  vi.useRealTimers()
  await server[Symbol.asyncDispose]()
})

/** A fetch after whose next answer, from when it is told so, every token that there is has expired. */
function expiring(): { readonly fetch: typeof fetch; readonly expire: () => void } {
  let isArmed = false
  return {
    expire: () => {
      isArmed = true
    },
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      if (isArmed) vi.setSystemTime(Date.now() + 2 * LIFETIME_SECONDS * 1000)
      isArmed = false
      return response
    },
  }
}

/** A client whose token expires in the middle of an operation of several requests, and what gives it another one. */
async function client(
  name: string,
  options: Partial<ConnectOptions>,
): Promise<{ readonly db: Database; readonly renew: () => Promise<void> }> {
  let token = await mint()
  const db = await server.client(name, { authToken: () => token, ...options })
  return {
    db,
    renew: async () => {
      token = await mint()
    },
  }
}

const BATCHES = { pushOperationsThreshold: 1 }

function fill(db: Database): void {
  db.exec('CREATE TABLE line (word TEXT)')
  for (const word of ['one', 'two', 'three', 'four'])
    db.transaction(() => db.prepare('INSERT INTO line VALUES (?)').run(word))()
}

async function lines(): Promise<unknown> {
  const reader = await server.client('reader.db', { authToken: mint })
  return contentOf(reader)['line']
}

const ALL = ['four', 'one', 'three', 'two'].map((word) => ({ word }))

test('a token that expires between two batches of a push is asked for anew, and the push goes on', async () => {
  const { fetch: custom, expire } = expiring()
  const { db } = await client('a.db', { ...BATCHES, authToken: mint, fetch: custom })
  fill(db)
  expire()
  expect(await db.push()).toMatchObject({ batches: 5 })
  expect(await lines()).toEqual(ALL)
})

test('where no other token is to be had the push ends with an AuthError between two batches; what is left goes later, once (I3)', async () => {
  const { fetch: custom, expire } = expiring()
  const { db, renew } = await client('a.db', { ...BATCHES, fetch: custom })
  fill(db)
  expire()
  await expect(db.push()).rejects.toMatchObject(expired)
  const { cdcOperations } = await db.stats()
  expect(cdcOperations).toBe(4)
  await expect(db.push()).rejects.toMatchObject(expired)
  db.exec(`UPDATE line SET word = 'TWO' WHERE word = 'two'; UPDATE line SET word = 'two' WHERE word = 'TWO'`)
  await renew()
  await db.sync()
  expect((await db.stats()).cdcOperations).toBe(0)
  expect(contentOf(db)['line']).toEqual(ALL)
  expect(await lines()).toEqual(ALL)
})

test('a token that expires between two requests of a pull leaves the replica as it was, with what is pending (I4)', async () => {
  const writer = await server.client('writer.db', { authToken: mint })
  writer.exec('CREATE TABLE line (word TEXT)')
  await writer.push()
  const { fetch: custom, expire } = expiring()
  const { db, renew } = await client('a.db', { pullBytesThreshold: 4096, fetch: custom })
  db.exec(`INSERT INTO line VALUES ('mine')`)
  writer.exec(
    'WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20) INSERT INTO line SELECT hex(randomblob(2000)) FROM n',
  )
  await writer.push()
  expire()
  await expect(db.pull()).rejects.toMatchObject(expired)
  expect(contentOf(db)).toEqual({ line: [{ word: 'mine' }] })
  await renew()
  await db.sync()
  expect(contentOf(db)['line']).toHaveLength(21)
  await writer.pull()
  expect(contentOf(writer)).toEqual(contentOf(db))
})
