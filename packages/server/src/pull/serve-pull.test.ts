import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BusyError, encodePullRequest, initProtocol, PullDecoder, PushedRows } from '@tidemark/protocol'
import type { PullRequest } from '@tidemark/protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { databaseEvents } from '../../test/database-events.ts'
import { Database } from '../database/database.ts'
import { KeptPull } from './kept-pull.ts'
import { LargePulls } from './large-pulls.ts'
import { servePull } from './serve-pull.ts'
import type { PullAnswer, PullOptions } from './serve-pull.ts'

const ROWS = 2000
const MIB = 1024 * 1024
const REQUEST: PullRequest = {
  encoding: 'zstd',
  serverRevision: '',
  clientRevision: '',
  longPollTimeoutMs: 0,
  pageSelector: null,
  serverQuery: null,
}

const directory = mkdtempSync(join(tmpdir(), 'tidemark-serve-pull-'))
const table = { name: 'item', columns: ['id', 'body'], key: [0] }
const bodyOf = (id: number): string => `${id} `.repeat(50)
let database: Database
let pushed: PushedRows

async function open(path: string): Promise<Database> {
  const settings = { durability: 'normal', maxDatabaseBytes: 64 * MIB, segmentBytes: MIB } as const
  const limits = { checkpointFrames: 1000, lockWaitMs: 0, retention: { bytes: 64 * MIB, ageMs: Infinity } }
  return Database.open(path, '0'.repeat(32), { ...settings, ...limits }, databaseEvents())
}

beforeAll(async () => {
  await initProtocol()
  database = await open(directory)
  const connection = database.acquireConnection()
  connection.exec('CREATE TABLE item (id INTEGER PRIMARY KEY, body TEXT); BEGIN')
  const insert = connection.prepare('INSERT INTO item VALUES (?, ?)')
  for (let id = 1; id <= ROWS; id++) insert.run(id, bodyOf(id))
  connection.exec('COMMIT')
  database.recordCommits()
  pushed = PushedRows.from(
    Array.from({ length: ROWS }, (_, index) => ({
      kind: 'insert' as const,
      changeId: index + 1,
      table,
      rowid: BigInt(index + 1),
      key: [],
      columns: [0, 1],
      values: [BigInt(index + 1), bodyOf(index + 1)],
      expectedColumns: [],
      expected: [],
    })),
  )!
})

afterAll(() => {
  database.close()
  rmSync(directory, { recursive: true })
})

function options(kept: KeptPull | null, own: PushedRows | null): PullOptions {
  return {
    isTidemark: true,
    maxLongPollMs: 0,
    pinnedRevision: null,
    largePulls: null,
    kept,
    skipBytes: 0,
    pushedRows: () => own,
    queryTimeoutMs: 0,
    run: (_, statement) => statement(),
    signal: new AbortController().signal,
  }
}

/** Pulls everything; how many pages came, and bytes. */
async function pull(
  kept: KeptPull,
  own: PushedRows | null,
): Promise<{ readonly pages: number; readonly bytes: number }> {
  const echo = { clientId: 'c', firstChangeId: 1, lastChangeId: ROWS, digest: pushed.digest() }
  const { chunks } = await servePull(
    database,
    encodePullRequest(own === null ? REQUEST : { ...REQUEST, echo }),
    options(kept, own),
  )
  const decoder = new PullDecoder({ oldImage: () => null, pushed: own })
  let [pages, bytes] = [0, 0]
  for await (const chunk of chunks) {
    bytes += chunk.byteLength
    for (const { type } of decoder.push(chunk)) if (type === 'page') pages += 1
  }
  decoder.end()
  return { pages, bytes }
}

test('what refers to the rows that a client has pushed is not kept for others', async () => {
  const kept = new KeptPull(join(directory, 'kept'))
  const first = await pull(kept, null)
  const own = await pull(kept, pushed)
  expect(own.bytes).toBeLessThan(first.bytes)
  expect(await pull(kept, null)).toEqual(first)
  expect(await pull(kept, null)).toEqual(first)
  expect(await pull(kept, pushed)).toEqual(own)
  kept.close()
})

test('those that are asked for at the same moment count before one of them is read, until they are read or left', async () => {
  const largePulls = new LargePulls(0)
  const ask = async (): Promise<PullAnswer> =>
    servePull(database, encodePullRequest(REQUEST), { ...options(null, null), largePulls })
  const asked = await Promise.allSettled(Array.from({ length: 20 }, ask))
  const served = asked.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  expect(served.length).toBe(7)
  await expect(ask()).rejects.toThrow(BusyError)
  for (const { chunks } of served) for await (const chunk of chunks) if (chunk.byteLength > 100) break
  const { chunks } = await ask()
  for await (const chunk of chunks) expect(chunk.byteLength).toBeGreaterThan(0)
})

test('who still reads a pull of a database that is deleted gets nothing of another that is opened then', async () => {
  const path = (name: string): string => join(directory, name)
  const copyOf = async (name: string): Promise<Database> => {
    mkdirSync(path(name))
    copyFileSync(path('main.db'), join(path(name), 'main.db'))
    return open(path(name))
  }
  // The main file has all of it then.
  database.close()
  const deleted = await copyOf('deleted')
  const { chunks } = await servePull(deleted, encodePullRequest(REQUEST), options(null, null))
  const reading = chunks[Symbol.asyncIterator]()
  await reading.next()
  deleted.close()
  rmSync(path('deleted'), { recursive: true })
  const other = await copyOf('other')
  await expect(reading.next()).rejects.toThrow(BusyError)
  other.close()
})
