import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { initProtocol } from '@tidemark/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { Replica } from '../src/index.ts'
import { baseDifferences, Origin } from './origin.ts'

/** `pnpm soak:crashes` tries every step; the suite every fourteenth. */
const STRIDE = Number(process.env['TIDEMARK_CRASH_STRIDE'] ?? '14')
/** The soak tries tens of times as many steps, on whatever machine. */
const TIMEOUT_MS = STRIDE === 1 ? 7_200_000 : 240_000
const child = fileURLToPath(new URL('crash-child.ts', import.meta.url))
let directory: string

beforeAll(async () => {
  await initProtocol()
  directory = mkdtempSync(join(tmpdir(), 'tidemark-crash-'))
  const template = join(directory, 'template')
  mkdirSync(template)
  const origin = new Origin(join(template, 'origin.db'))
  origin.exec(`CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT);
    CREATE TABLE filler (id INTEGER PRIMARY KEY, body TEXT);
    WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 300)
      INSERT INTO filler SELECT i, hex(randomblob(500)) FROM n`)
  origin.bootstrap(join(template, 'c.db'))
  Replica.open(join(template, 'c.db')).close()
  origin.exec(
    "INSERT INTO note VALUES ('remote-1', hex(randomblob(9000))); DELETE FROM filler WHERE id % 7 = 0",
  )
  origin.close()
})

afterAll(() => {
  rmSync(directory, { recursive: true })
})

function run(
  at: number,
  when: 'before' | 'after',
): { readonly path: string; readonly lines: string[]; readonly killed: boolean } {
  const path = join(directory, `${when}-${at}`)
  // Keeps the times to the nanosecond, by which a replica knows that nobody has touched its file.
  spawnSync('cp', ['-a', join(directory, 'template'), path])
  const result = spawnSync(process.execPath, [child, path], {
    encoding: 'utf8',
    env: { ...process.env, TIDEMARK_CRASH_AT: String(at), TIDEMARK_CRASH_WHEN: when },
  })
  if (result.signal === null && result.status !== 0) throw new Error(result.stderr)
  return { path, lines: result.stdout.split('\n'), killed: result.signal === 'SIGKILL' }
}

/** Opens what the child left, checks everything that was acknowledged, and brings it to the head. */
function check(path: string, lines: readonly string[]): void {
  const acknowledged = lines.filter((line) => line.startsWith('note ')).map((line) => line.slice(5))
  const origin = new Origin(join(path, 'origin.db'))
  const replica = Replica.open(join(path, 'c.db'))
  const ids = (): unknown[] =>
    replica.connection.prepare("SELECT id FROM note WHERE body = 'local' ORDER BY id").pluck().all()
  try {
    expect(replica.connection.pragma('integrity_check', { simple: true })).toBe('ok')
    expect(ids()).toEqual(expect.arrayContaining(acknowledged))
    expect(replica.needsRebase).toBe(false)
    const batch = replica.beginPush()
    expect([...(batch?.changes() ?? [])]).toHaveLength(ids().length)
    batch?.close()
    // Revisions of this process's origin are numbered anew: pull all of it.
    origin.exec("INSERT INTO note VALUES ('remote-3', 'x')")
    const stage = replica.stagePull()
    const pages = origin.pages(origin.head)
    for (const [index, image] of pages.entries()) stage.writePage(index + 1, image)
    stage.finish({ revision: origin.head, sizeInPages: pages.length })
    replica.applyPull({ resolve: () => 'keep-local', onConflict: () => {} })
    expect(baseDifferences(replica, origin)).toEqual([])
    expect(ids()).toEqual(expect.arrayContaining(acknowledged))
    origin.push(replica)
    expect(origin.db.prepare("SELECT id FROM note WHERE body = 'local' ORDER BY id").pluck().all()).toEqual(
      ids(),
    )
  } finally {
    replica.close()
    origin.close()
  }
}

it.each(['before', 'after'] as const)(
  'I4: killed %s any durable step of pull, replay, checkpoint and close, the replica opens with all acknowledged changes',
  (when) => {
    let at = when === 'before' ? 1 : 1 + Math.floor(STRIDE / 2)
    for (; ; at += STRIDE) {
      const { path, lines, killed } = run(at, when)
      try {
        check(path, lines)
      } catch (error) {
        throw new Error(`killed ${when} step ${at}`, { cause: error })
      }
      rmSync(path, { recursive: true })
      if (!killed) break
    }
    expect(at).toBeGreaterThan(30)
  },
  TIMEOUT_MS,
)
