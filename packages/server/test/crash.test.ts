import { rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { initProtocol } from '@tidemark/protocol'
import type { Change, PushResponse, TableShape } from '@tidemark/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KilledServer } from './killed-server.ts'
import { applied, fileOf, pull } from './pull-client.ts'
import type { Pulled } from './pull-client.ts'
import { push, pushId } from './push-client.ts'
import { run, temporaryDirectory } from './running-server.ts'

/** More of them: `TIDEMARK_KILLS=200`. */
const KILLS = Number(process.env['TIDEMARK_KILLS'] ?? 5)
const ROWS_PER_PUSH = 20
const MAX_DELAY_MS = 40
const CLIENTS = 3

/** Without a key: a row that is applied twice is there twice. */
const ENTRY: TableShape = { name: 'entry', columns: ['client', 'batch', 'row'], key: [] }

let data: string
let server: KilledServer

beforeAll(async () => {
  await initProtocol()
  data = temporaryDirectory()
})

afterAll(async () => {
  await server.end()
  rmSync(data, { recursive: true, force: true })
})

/** A client that sends batch after batch, each again and again until it is acknowledged. */
class Pusher {
  readonly #client: number
  batch = 0
  acknowledged = 0

  constructor(client: number) {
    this.#client = client
  }

  /** @returns whether the batch is now known to be applied */
  async attempt(database: string): Promise<boolean> {
    const first = this.batch * ROWS_PER_PUSH + 1
    const changes = Array.from({ length: ROWS_PER_PUSH }, (_, row): Change => ({
      kind: 'insert',
      changeId: first + row,
      table: ENTRY,
      rowid: BigInt(first + row),
      key: [],
      columns: [0, 1, 2],
      values: [BigInt(this.#client), BigInt(this.batch), BigInt(row)],
      expectedColumns: [],
      expected: [],
    }))
    const header = {
      clientId: `client-${this.#client}`,
      pushId: pushId(this.batch + 1),
      previousPushId: this.batch === 0 ? new Uint8Array(0) : pushId(this.batch),
    }
    let answer: PushResponse
    try {
      answer = await push(database, header, changes)
    } catch {
      return false
    }
    if (answer.type === 'busy') return false
    expect(['ok', 'already-applied']).toContain(answer.type)
    this.batch += 1
    this.acknowledged = this.batch
    return true
  }
}

/** Reads, again where a worker that has just been killed took the question with it. */
async function ask(database: string, sql: string): Promise<unknown[][]> {
  for (;;) {
    try {
      return await run(database, sql)
    } catch (error) {
      if (!String(error).includes('503')) throw error
    }
  }
}

describe('a server that is killed', () => {
  test(
    `${KILLS} times during pushes has every acknowledged batch, whole and once (I3, I5), and clients’ pages stay right (I1)`,
    { timeout: 60_000 + KILLS * 5000 },
    async () => {
      const settings = {
        workers: 1,
        checkpointFrames: 100,
        historySegmentBytes: 512 * 1024,
        durability: 'normal' as const,
      }
      server = await KilledServer.start(data, settings)
      const database = (): string => `http://127.0.0.1:${server.port}/db/crash`
      await run(database(), 'CREATE TABLE entry (client, batch, row)')
      const pushers = Array.from({ length: CLIENTS }, (_, client) => new Pusher(client))
      let replica: { pulled: Pulled; pages: ReadonlyMap<number, Buffer> } | null = null
      for (let kill = 0; kill < KILLS; kill++) {
        const killed = new AbortController()
        const pushing = pushers.map(async (pusher) => {
          while (!killed.signal.aborted) await pusher.attempt(database())
        })
        await delay(Math.random() * MAX_DELAY_MS)
        const what = (['all', 'main', 'worker'] as const)[kill % 3]!
        await server.kill(what)
        killed.abort()
        await Promise.all(pushing)
        if (what !== 'worker') server = await KilledServer.start(data, settings)

        const rows = await ask(
          database(),
          'SELECT client, batch, count(*), count(DISTINCT row) FROM entry GROUP BY 1, 2',
        )
        const found = new Set(
          rows.map(([client, batch, count, distinct]) => {
            expect([client, batch, count, distinct]).toEqual([client, batch, ROWS_PER_PUSH, ROWS_PER_PUSH])
            return `${String(client)}/${String(batch)}`
          }),
        )
        for (const [client, { acknowledged }] of pushers.entries()) {
          for (let batch = 0; batch < acknowledged; batch++) expect(found).toContain(`${client}/${batch}`)
        }
        const base: ReadonlyMap<number, Buffer> = replica?.pages ?? new Map<number, Buffer>()
        const pulled = await pull(
          database(),
          'tidemark',
          { clientRevision: replica?.pulled.revision ?? '' },
          base,
        )
        const pages = applied(base, pulled)
        const whole = await pull(database(), 'turso', { serverRevision: pulled.revision })
        expect(fileOf(pages).equals(fileOf(whole.pages))).toBe(true)
        expect(await ask(database(), 'PRAGMA integrity_check')).toEqual([['ok']])
        replica = { pulled, pages }
      }
      expect(pushers.every(({ acknowledged }) => acknowledged > 0)).toBe(true)
      expect(await server.stop()).toBe(0)
    },
  )
})
