import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Database } from '../src/index.ts'
import { contentOf, SyncServer } from './sync-server.ts'

/** More by hand: TIDEMARK_KILLS=200. */
const KILLS = Number(process.env['TIDEMARK_KILLS'] ?? 5)
const MAX_LINES = 12
const MAX_JITTER_MS = 10
const CHILD = fileURLToPath(new URL('./kill-child.ts', import.meta.url))

/**
 * Runs a client until it has printed `lines` numbers and a moment more, then kills it. The highest number it printed.
 */
async function runAndKill(path: string, url: string, seed: number): Promise<number> {
  const child = spawn(process.execPath, [CHILD, path, url, String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const lines = 1 + Math.floor(Math.random() * MAX_LINES)
  let output = ''
  for await (const chunk of child.stdout) {
    output += String(chunk)
    if (output.split('\n').length > lines)
      setTimeout(() => child.kill('SIGKILL'), Math.random() * MAX_JITTER_MS)
  }
  expect(await exited).toEqual([null, 'SIGKILL'])
  return Math.max(0, ...output.split('\n').slice(0, -1).map(Number))
}

function childNumbers(db: Database): number[] {
  return db.prepare<[], number>(`SELECT n FROM hit WHERE source = 'child' ORDER BY n`).pluck().all()
}

test(
  `${KILLS} SIGKILLs at random moments of push, pull, checkpoint and close lose nothing and apply nothing twice (I3, I4, I5)`,
  { timeout: 60_000 + KILLS * 3000 },
  async () => {
    await using server = new SyncServer()
    const b = await server.client('b.db')
    // Without a key, so that a row that is applied twice is there twice.
    b.exec(`CREATE TABLE hit (source TEXT, n INTEGER, filler BLOB); CREATE TABLE tally (id INTEGER PRIMARY KEY, total INTEGER);
      INSERT INTO tally VALUES (1, 0)`)
    await b.sync()
    const a = await server.client('a.db')
    a.close()

    for (let kill = 1; kill <= KILLS; kill += 1) {
      b.prepare(`INSERT INTO hit VALUES ('b', ?, randomblob(2000))`).run(kill)
      const [printed] = await Promise.all([
        runAndKill(server.directory.file('a.db'), server.url(), kill),
        b.sync(),
      ])
      const check = server.open('a.db')
      expect(check.pragma('integrity_check', { simple: true })).toBe('ok')
      const numbers = childNumbers(check)
      expect(numbers.length).toBeGreaterThanOrEqual(printed)
      expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index + 1))
      expect(check.prepare('SELECT total FROM tally').pluck().get()).toBe(numbers.length)
      check.close()
    }

    const last = server.open('a.db')
    await last.sync()
    await b.sync()
    await last.sync()
    const fresh = await server.client('c.db')
    expect((await last.stats()).cdcOperations).toBe(0)
    for (const db of [last, b, fresh]) expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
    expect(contentOf(b)).toEqual(contentOf(last))
    expect(contentOf(fresh)).toEqual(contentOf(last))
    expect(fresh.prepare(`SELECT count(*) FROM hit WHERE source = 'b'`).pluck().get()).toBe(KILLS)
  },
)
