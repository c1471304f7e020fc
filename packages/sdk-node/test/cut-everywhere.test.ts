import { isTidemarkError } from '@tidemark/protocol'
import { expect, test } from 'vitest'
import { contentOf, SyncServer } from './sync-server.ts'

type Side = 'request' | 'answer'

/**
 * Cuts the next request to a path, or its answer; every other time the rest is missing without an error, as
 * behind a bad proxy.
 */
class CuttingFetch {
  /** Of the last message that was cut, or would have been. */
  messageBytes = 0
  #left: number | null = null
  readonly #path: string
  readonly #side: Side

  constructor(path: string, side: Side) {
    this.#path = path
    this.#side = side
  }

  cutNext(left: number): void {
    this.#left = left
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    const left = this.#left
    if (left === null || !request.url.endsWith(this.#path)) return await fetch(request)
    this.#left = null
    if (this.#side === 'request') {
      const { url, method, headers } = request
      headers.delete('content-length')
      return await fetch(url, { method, headers, body: this.#cut(await request.bytes(), left) })
    }
    const response = await fetch(request)
    const body = this.#cut(await response.bytes(), left)
    return new Response(left % 2 === 0 ? body : failing(body), response)
  }

  #cut(bytes: Uint8Array, left: number): Uint8Array {
    this.messageBytes = bytes.byteLength
    return bytes.subarray(0, left)
  }
}

function failing(begin: Uint8Array): ReadableStream {
  return new ReadableStream({
    start: (controller) => controller.enqueue(begin),
    pull: (controller) => controller.error(new TypeError('terminated')),
  })
}

/** Each byte by itself. */
async function* crumbs(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at++) yield bytes.subarray(at, at + 1)
}

function expectTyped(error: unknown): false {
  if (!isTidemarkError(error) || error.recovery === 'bug') throw error
  return false
}

test('answers that arrive byte by byte are whole', async () => {
  await using server = new SyncServer()
  const a = await server.client('a.db')
  a.exec(`CREATE TABLE line (word TEXT); INSERT INTO line VALUES ('first')`)
  await a.push()
  const slowly: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    return new Response(ReadableStream.from(crumbs(await response.bytes())), response)
  }
  const b = await server.client('b.db', { fetch: slowly, retry: { attempts: 1 } })
  a.exec(`INSERT INTO line VALUES ('second')`)
  await a.push()
  expect(await b.pull({ longPollTimeoutMs: 1000 })).toBe(true)
  expect(await b.pull()).toBe(false)
  expect(contentOf(b)).toEqual(contentOf(a))
})

test('the answer to a pull, cut at every byte: the replica is as it was, or has all of it (I4, I8)', async () => {
  await using server = new SyncServer()
  const a = await server.client('a.db')
  a.exec('CREATE TABLE line (word TEXT)')
  await a.push()
  const cutting = new CuttingFetch('/pull-updates', 'answer')
  const b = await server.client('b.db', { fetch: cutting.fetch, retry: { attempts: 1 } })
  b.exec(`INSERT INTO line VALUES ('pending')`)
  let remote = 0
  let failures = 0
  const rowsOfB = (): unknown => b.prepare('SELECT count(*) FROM line').pluck().get()
  const writeElsewhere = async (): Promise<void> => {
    a.exec(`INSERT INTO line VALUES ('remote')`)
    await a.push()
    remote += 1
  }
  await writeElsewhere()
  for (let left = 0, messageBytes = 1; left < messageBytes; left++) {
    const before = rowsOfB()
    cutting.cutNext(left)
    const isPulled = await b.pull().catch((error: unknown) => expectTyped(error))
    messageBytes = cutting.messageBytes
    if (isPulled) {
      expect(rowsOfB()).toBe(1 + remote)
      await writeElsewhere()
    } else {
      failures += 1
      expect(rowsOfB()).toBe(before)
    }
  }
  expect(failures).toBeGreaterThan(50)
  await b.sync()
  await a.pull()
  expect(contentOf(b)).toEqual(contentOf(a))
  expect(rowsOfB()).toBe(1 + remote)
})

test.for<[Side, number]>([
  ['answer', 10],
  ['request', 100],
])(
  'the %s of a push, cut at every byte: each row arrives once in the end (I3, I8)',
  async ([side, minBytes]) => {
    await using server = new SyncServer()
    const cutting = new CuttingFetch('/push-changes', side)
    const db = await server.client('a.db', { fetch: cutting.fetch, retry: { attempts: 1 } })
    db.exec('CREATE TABLE line (n INTEGER)')
    await db.push()
    const rows: unknown[] = []
    for (let left = 0, messageBytes = 1; left < messageBytes; left++) {
      db.prepare('INSERT INTO line VALUES (?)').run(left)
      rows.push({ n: BigInt(left) })
      cutting.cutNext(left)
      await db.push().catch(expectTyped)
      messageBytes = cutting.messageBytes
      // Now and then it is the same batch once more, with what has been added.
      if (left % 4 !== 0) await db.push()
    }
    expect(rows.length).toBeGreaterThan(minBytes)
    await db.sync()
    expect(contentOf(db)).toEqual({ line: rows })
    expect((await db.stats()).cdcOperations).toBe(0)
    expect(contentOf(await server.client('fresh.db'))).toEqual({ line: rows })
  },
)
