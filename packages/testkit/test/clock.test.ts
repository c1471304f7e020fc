import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { connect } from '@tidemark/sdk-node'
import type { Database } from '@tidemark/sdk-node'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'

import { ServerProcess } from '../src/server-process.ts'
import { contentOf } from '../src/simulator/content.ts'
import { runSql } from '../src/sql-client.ts'
import type { SqlRow } from '../src/sql-client.ts'
import { temporaryDirectory } from '../src/temporary-directory.ts'

const YEAR_MS = 365 * 86_400_000
/** Several times as long as the server takes to look after it. */
const HEAVY =
  'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600000) SELECT count(*) FROM n'

const folder = temporaryDirectory()
const offset = join(folder.path, 'clock-offset')
let server: ServerProcess

beforeAll(async () => {
  setServer(0)
  const preload = pathToFileURL(join(import.meta.dirname, '../src/stepped-clock.ts')).href
  server = await ServerProcess.start(join(folder.path, 'data'), {
    env: {
      NODE_OPTIONS: `--import ${preload}`,
      TIDEMARK_CLOCK_OFFSET: offset,
      TIDEMARK_STATEMENT_TIMEOUT_MS: '60000',
    },
  })
})

afterEach(() => void vi.useRealTimers())

afterAll(async () => {
  await server.stop()
  folder[Symbol.dispose]()
})

function setServer(years: number): void {
  writeFileSync(offset, String(years * YEAR_MS))
}

function setClients(years: number): void {
  vi.setSystemTime(performance.timeOrigin + performance.now() + years * YEAR_MS)
}

/** A client whose SQLite goes by this process's clock, which a test sets. */
async function open(url: string, name: string): Promise<Database> {
  const db = await connect({ path: join(folder.path, name), url })
  return db.function('julianday', { varargs: true }, () => Date.now() / 86_400_000 + 2_440_587.5)
}

it('clocks of clients and server that are years off and step back between any two operations: all arrives, once (I2, I3)', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const url = server.database('clock')
  const a = await open(url, 'a.db')
  a.exec(`CREATE TABLE entry (id TEXT PRIMARY KEY, body TEXT); INSERT INTO entry VALUES ('all', '');
    CREATE TABLE line (word TEXT)`)
  await a.sync()
  const b = await open(url, 'b.db')
  const words: string[] = []
  for (const years of [50, -40, 0, 7000, 0]) {
    for (const [name, db] of Object.entries({ a, b })) {
      const word = `${name} ${words.length}`
      words.push(word)
      setClients(years)
      db.exec(`INSERT INTO entry VALUES ('${word}', 'new'); INSERT INTO line VALUES ('${word}')`)
      setClients(-years)
      db.exec(`UPDATE entry SET body = '${word}' WHERE id = 'all'`)
      // The pull brings what the other has pushed, and puts what is pending on top.
      await db.pull()
      await db.push()
      setServer(years)
    }
  }
  const c = await open(url, 'c.db')
  const all = [a, b, c]
  for (const db of [...all, ...all]) await db.sync()
  for (const db of all) {
    expect(contentOf(db)).toEqual(contentOf(c))
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
    expect((await db.stats()).cdcOperations).toBe(0)
  }
  expect(c.prepare('SELECT word FROM line ORDER BY word').pluck().all()).toEqual(words.toSorted())
  expect(c.prepare("SELECT body FROM entry WHERE id = 'all'").pluck().get()).toBe(words.at(-1))
  for (const db of all) db.close()
})

it('a statement that runs while the clock of the server is set ahead is not ended before its time', async () => {
  const counted = runSql(server.database('statements'), HEAVY)
  const aYearLater = async (years: number): Promise<null> => {
    setServer(years)
    await (await fetch(`${server.url}/health`)).text()
    return null
  }
  let rows: readonly SqlRow[] | null = null
  for (let years = 1; rows === null; years++) rows = await Promise.race([counted, aYearLater(years)])
  expect(rows).toEqual([['600000']])
})
