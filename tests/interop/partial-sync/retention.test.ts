import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TapProxy, temporaryDirectory } from '@tidemark/testkit'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { clientProcess } from '../peers/client-process.ts'
import { expectConverged, TidemarkForTurso, tursoRows } from '../peers/turso-client.ts'
import type { TursoClients } from '../peers/turso-client.ts'
import { fill, ROWS, takePulls } from './lazy-pages.ts'

const directory = temporaryDirectory()
const OPTIONS = {
  partialSyncExperimental: { bootstrapStrategy: { kind: 'prefix', length: 65_536 } },
} as const
const HISTORY_BYTES = 600_000

let tidemark: TidemarkForTurso
beforeAll(async () => {
  const config = join(directory.path, 'tidemark.json')
  const settings = { historyBytes: HISTORY_BYTES, historySegmentBytes: 65_536, checkpointFrames: 20 }
  writeFileSync(config, JSON.stringify(settings))
  tidemark = await TidemarkForTurso.start({ args: ['--config', config] })
})
afterAll(async () => {
  await tidemark[Symbol.asyncDispose]()
  directory[Symbol.dispose]()
})

/** Changes about as many bytes of pages, in pieces that are checkpointed in between. */
async function write(database: TursoClients, bytes: number): Promise<void> {
  for (let pages = 0; pages * 4096 < bytes; pages += 10) {
    const rows = Array.from({ length: 10 }, (_, index) => 300 + (((pages + index) * 4) % (ROWS - 300)))
    await database.remote(`UPDATE item SET body = upper(body) || 'x' WHERE id IN (${rows.join()})`)
  }
}

const SUM = `SELECT sum(length(body)) FROM item WHERE id > 300`
const WHOLE = [[BigInt(ROWS - 300) * 900n]]

test('within retention, pages that others have overwritten and the server has checkpointed are read as they were', async () => {
  const database = tidemark.database()
  await fill(database)
  const client = await database.connect(OPTIONS)
  await write(database, HISTORY_BYTES / 3)
  expect(await tursoRows(client, SUM)).toEqual(WHOLE)
  await expectConverged(database.remote, [client])
})

test('a client that is behind retention and pulls is sent everything, and is whole from then on', async () => {
  const database = tidemark.database()
  await fill(database)
  await using tap = await TapProxy.start(database.url)
  const client = await database.connect({ ...OPTIONS, url: tap.url })
  await write(database, HISTORY_BYTES * 2)
  takePulls(tap)
  await client.pull()
  const [pull] = takePulls(tap).filter(({ selects }) => !selects)
  expect(pull!.pages).toBeGreaterThan(300)
  await expectConverged(database.remote, [client])
  expect(takePulls(tap).every(({ selects }) => !selects)).toBe(true)
})

test('a page that is not kept any more is refused with the reason; the client waits for ever, but a pull makes it whole', async () => {
  const database = tidemark.database()
  await fill(database)
  await using tap = await TapProxy.start(database.url)
  const path = database.path()
  await clientProcess(path, tap.url, ['SELECT 1'], OPTIONS)
  await write(database, HISTORY_BYTES * 2)
  takePulls(tap)
  const kill = new AbortController()
  const reading = clientProcess(path, tap.url, [SUM], OPTIONS, kill.signal)
  const [refused] = await vi.waitUntil(() => {
    const pulls = takePulls(tap)
    return pulls.length > 0 && pulls
  }, 10_000)
  kill.abort()
  await expect(reading).rejects.toThrow('aborted')
  expect(refused).toMatchObject({ selects: true, status: 410 })
  expect(refused!.answer).toMatch(/is not kept any more.*new bootstrap/)
  const count = 'SELECT count(*) FROM item'
  expect(await clientProcess(path, tap.url, ['pull', count], OPTIONS)).toEqual([
    { result: true },
    { result: [[ROWS]] },
  ])
})
