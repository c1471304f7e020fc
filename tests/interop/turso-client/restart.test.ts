import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { TapProxy } from '@tidemark/testkit'
import type { Database } from '@tursodatabase/sync'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  expectConverged,
  TidemarkForTurso,
  tursoContents,
  tursoRows,
  tursoRun,
} from '../peers/turso-client.ts'

let tidemark: TidemarkForTurso

beforeAll(async () => {
  tidemark = await TidemarkForTurso.start()
})
afterAll(async () => tidemark[Symbol.asyncDispose]())

/** Without a key, so that a row that is applied twice is there twice. */
const LINE = 'CREATE TABLE line (word TEXT)'

async function wordsOf(client: Database): Promise<unknown[]> {
  return (await tursoRows(client, 'SELECT word FROM line ORDER BY word')).flat()
}

test('a client that is opened again goes on where it was: no bootstrap, and what was pending is pushed', async () => {
  const database = tidemark.database()
  const [other] = await database.pair(LINE)
  await using tap = await TapProxy.start(database.url)
  const path = database.path()
  const client = await database.connect({ path, url: tap.url })
  await client.exec("INSERT INTO line VALUES ('pushed')")
  await client.push()
  await client.exec("INSERT INTO line VALUES ('pending')")
  const { revision } = await client.stats()
  await database.close(client)

  tap.exchanges.length = 0
  const again = await database.connect({ path, url: tap.url })
  expect(tap.exchanges).toEqual([])
  expect((await again.stats()).revision).toBe(revision)
  await again.push()
  await expectConverged(database.remote, [again, other])
  expect(await wordsOf(other)).toEqual(['pending', 'pushed'])
  expect(
    tap.exchanges.filter(({ path: to, body }) => to.endsWith('/pull-updates') && body.length === 0),
  ).toEqual([])
})

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'clients go on with a server that ended with %s between their calls, and are sent only what changed',
  async (signal) => {
    const database = tidemark.database()
    const [alice, bob] = await database.pair(LINE)
    await tursoRun(alice, 'INSERT INTO line VALUES (?)', 'x'.repeat(300_000))
    await alice.push()
    await alice.pull()
    await tidemark.stop(signal)
    await bob.exec("INSERT INTO line VALUES ('meanwhile')")
    await expect(bob.push()).rejects.toThrow('fetch error')
    await expect(bob.pull()).rejects.toThrow('fetch error')
    await tidemark.startAgain()
    await bob.push()
    const before = await alice.stats()
    await expectConverged(database.remote, [alice, bob])
    expect(await wordsOf(alice)).toHaveLength(2)
    const after = await alice.stats()
    expect(after.networkReceivedBytes - before.networkReceivedBytes).toBeLessThan(100_000)
  },
)

test('I3, I5: a push during which the server is killed is applied whole or not at all, and once', async () => {
  const database = tidemark.database()
  const [observer] = await database.pair(LINE)
  let killAfterMs: number | null = null
  const fetchAndKill: typeof fetch = async (input, init) => {
    if (killAfterMs === null || !isPush(init)) return fetch(input, init)
    const killed = delay(killAfterMs).then(async () => tidemark.stop('SIGKILL'))
    const [answer] = await Promise.allSettled([fetch(input, init), killed])
    if (answer.status === 'rejected') throw answer.reason
    return answer.value
  }
  const client = await database.connect({ fetch: fetchAndKill })
  const expected: string[] = []
  for (const [round, ms] of [0, 15, 60].entries()) {
    const words = Array.from({ length: 500 }, (_, index) => `${round}-${String(index).padStart(3, '0')}`)
    await client.exec(`INSERT INTO line VALUES ${words.map((word) => `('${word}')`).join(',')}`)
    killAfterMs = ms
    await client.push().catch((error: unknown) => expect(String(error)).toContain('fetch error'))
    killAfterMs = null
    await tidemark.startAgain()
    await observer.pull()
    expect([expected.length, expected.length + words.length]).toContain((await wordsOf(observer)).length)
    expected.push(...words)
    await client.push()
    await observer.pull()
    expect(await wordsOf(observer)).toEqual(expected)
  }
  await expectConverged(database.remote, [client, observer])
})

test('I3: a push whose answer is lost is not applied again, even by a server that was killed after it', async () => {
  const database = tidemark.database()
  const [observer] = await database.pair(LINE)
  let isLost = false
  const losing: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init)
    if (!isLost || !isPush(init)) return answer
    await answer.arrayBuffer()
    await tidemark.stop('SIGKILL')
    throw new Error('the answer is lost')
  }
  const path = database.path()
  const client = await database.connect({ path, fetch: losing })
  await client.exec("INSERT INTO line VALUES ('once')")
  isLost = true
  await expect(client.push()).rejects.toThrow('the answer is lost')
  isLost = false
  await tidemark.startAgain()
  await database.close(client)
  const again = await database.connect({ path })
  await again.exec("INSERT INTO line VALUES ('then')")
  await again.push()
  await expectConverged(database.remote, [again, observer])
  expect(await wordsOf(observer)).toEqual(['once', 'then'])
})

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'I4: a pull during which the server ends with %s changes nothing',
  async (signal) => {
    const database = tidemark.database()
    const [writer] = await database.pair(LINE)
    let isArmed = false
    const stopping: typeof fetch = async (input, init) => {
      if (!isArmed) return fetch(input, init)
      isArmed = false
      const [answer] = await Promise.allSettled([fetch(input, init), tidemark.stop(signal)])
      if (answer.status === 'rejected') throw answer.reason
      return answer.value
    }
    const reader = await database.connect({ fetch: stopping })
    await reader.exec("INSERT INTO line VALUES ('mine')")
    await tursoRun(writer, 'INSERT INTO line VALUES (?)', 'x'.repeat(1_000_000))
    await writer.push()
    isArmed = true
    const before = await tursoContents(reader)
    await reader.pull().then(
      (hasChanged) => expect(hasChanged).toBe(true),
      async () => expect(await tursoContents(reader)).toEqual(before),
    )
    await tidemark.startAgain()
    await reader.push()
    await expectConverged(database.remote, [reader, writer])
    expect(await wordsOf(reader)).toHaveLength(2)
  },
)

test('a server that is told to end does not wait for a long poll', async () => {
  const database = tidemark.database()
  const [writer] = await database.pair(LINE)
  const waiting = await database.connect({ longPollTimeoutMs: 50_000 })
  const polled = waiting.pull().catch((error: unknown) => String(error))
  const startedAt = performance.now()
  await tidemark.stop('SIGTERM')
  expect(performance.now() - startedAt).toBeLessThan(8000)
  expect(await polled).not.toBe(true)
  await tidemark.startAgain()
  await writer.exec("INSERT INTO line VALUES ('after')")
  await writer.push()
  expect(await waiting.pull()).toBe(true)
})

test('what a client had written before it was killed is pushed when it is opened again, once', async () => {
  const database = tidemark.database()
  const [observer] = await database.pair(LINE)
  const path = database.path()
  const acknowledged: string[] = []
  for (let round = 0; round < 3; round++)
    acknowledged.push(...(await writeUntilKilled(path, database.url, round)))
  const client = await database.connect({ path })
  await client.push()
  await expectConverged(database.remote, [client, observer])
  const words = await wordsOf(observer)
  expect(words).toEqual(expect.arrayContaining(acknowledged))
  expect(new Set(words).size).toBe(words.length)
  expect(await tursoRows(client, 'PRAGMA integrity_check')).toEqual([['ok']])
})

/**
 * Runs a client in a process of its own, kills it in the middle of its work, and gives the words whose
 * writing had returned.
 */
async function writeUntilKilled(path: string, url: string, round: number): Promise<string[]> {
  const script = fileURLToPath(new URL('writing-client.ts', import.meta.url))
  const child = spawn(process.execPath, [script, path, url, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  const words: string[] = []
  for await (const word of createInterface({ input: child.stdout })) {
    words.push(word)
    if (words.length === 50 + round * 7) child.kill('SIGKILL')
  }
  const [, signal] = (await closed) as [number | null, string | null]
  expect(signal).toBe('SIGKILL')
  return words
}

function isPush(init: RequestInit | undefined): boolean {
  return init?.body instanceof Uint8Array && Buffer.from(init.body).includes('BEGIN IMMEDIATE')
}
