import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { initProtocol } from '@tidemark/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { Replica } from '../src/index.ts'
import { Origin } from './origin.ts'
import { queueOperations } from './queue-operations.ts'

/** `pnpm soak:crashes` tries every step; the suite every twentieth. */
const STRIDE = Number(process.env['TIDEMARK_CRASH_STRIDE'] ?? '20')
/** The soak tries tens of times as many steps, on whatever machine. */
const TIMEOUT_MS = STRIDE === 1 ? 7_200_000 : 120_000
const child = fileURLToPath(new URL('queue-crash-child.ts', import.meta.url))
let directory: string

beforeAll(async () => {
  await initProtocol()
  directory = mkdtempSync(join(tmpdir(), 'tidemark-queue-crash-'))
  for (const operation of Object.keys(queueOperations)) {
    const template = join(directory, operation)
    mkdirSync(template)
    const origin = new Origin(join(template, 'origin.db'))
    origin.exec(
      `CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT); INSERT INTO note VALUES ('old', hex(randomblob(9000)))`,
    )
    origin.bootstrap(join(template, 'c.db'))
    const replica = Replica.open(join(template, 'c.db'))
    replica.connection.exec(
      `CREATE TRIGGER loud AFTER INSERT ON note WHEN new.id = 'poison' BEGIN UPDATE note SET body = 'fired' WHERE id = 'old'; END`,
    )
    replica.captureForeign()
    replica.connection.exec(`INSERT INTO note VALUES ('keep', 'x')`)
    const ran = Date.now()
    while (Date.now() === ran);
    replica.connection.exec(`INSERT INTO note VALUES ('poison', 'x')`)
    if (operation === 'retry') queueOperations.setAside(replica)
    replica.close()
    origin.exec(`INSERT INTO note VALUES ('remote', 'x')`)
    origin.close()
  }
})

afterAll(() => {
  rmSync(directory, { recursive: true })
})

/** What an application sees, after a crash or not. */
function stateOf(path: string): unknown {
  const replica = Replica.open(join(path, 'c.db'))
  try {
    expect(replica.connection.pragma('integrity_check', { simple: true })).toBe('ok')
    expect(replica.needsRebase).toBe(false)
    return {
      notes: replica.connection.prepare('SELECT id, length(body) FROM note ORDER BY id').raw().all(),
      pending: replica.pendingCount(),
      rejected: replica.queue.rejected().map(({ id, changes }) => [id, changes.length]),
      revision: replica.info.revision,
    }
  } finally {
    replica.close()
  }
}

function run(
  operation: string,
  at: number,
): { readonly path: string; readonly isDone: boolean; readonly killed: boolean } {
  const path = join(directory, `${operation}-${at}`)
  // Keeps the times to the nanosecond, by which a replica knows that nobody has touched its file.
  spawnSync('cp', ['-a', join(directory, operation), path])
  const result = spawnSync(process.execPath, [child, path, operation], {
    encoding: 'utf8',
    env: { ...process.env, TIDEMARK_CRASH_AT: String(at), TIDEMARK_CRASH_WHEN: 'before' },
  })
  if (result.signal === null && result.status !== 0) throw new Error(result.stderr)
  return { path, isDone: result.stdout.includes('done'), killed: result.signal === 'SIGKILL' }
}

it.each(Object.keys(queueOperations))(
  'I4: killed at any durable step of %s, the queue and the tables are as before or as after',
  (operation) => {
    const after = stateOf(run(operation, 0).path)
    const before = stateOf(join(directory, operation))
    expect(after).not.toEqual(before)
    let isOver = false
    for (let at = 1; !isOver; at += STRIDE) {
      const { path, isDone, killed } = run(operation, at)
      const state = stateOf(path)
      if (isDone) expect(state).toEqual(after)
      else expect([before, after]).toContainEqual(state)
      rmSync(path, { recursive: true })
      isOver = !killed
    }
  },
  TIMEOUT_MS,
)
