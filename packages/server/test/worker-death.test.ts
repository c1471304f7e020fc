import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parseConfig } from '../src/config/load-config.ts'
import { ANSWERS_DESCRIPTOR, CALLS_DESCRIPTOR, VERDICT_DESCRIPTOR } from '../src/worker/descriptors.ts'
import { encodeFrameHead } from '../src/worker/frame.ts'
import type { Verdict } from '../src/worker/watchdog-memory.ts'
import { workerSettings } from '../src/worker/worker-settings-of.ts'
import { execute } from './running-server.ts'

const MAIN = fileURLToPath(new URL('../src/worker/worker-main.ts', import.meta.url))
const ENDLESS = 'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c'
/** More than a socket takes that nobody reads. */
const ANSWER_BYTES = 8_000_000

test('a worker that ends itself names the statements that have run and whose answer has not left it: they must not run again', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tidemark-worker-'))
  const directory = join(folder.path, 'a')
  mkdirSync(directory)
  const settings = {
    ...workerSettings(parseConfig({ statementTimeoutMs: 500 })),
    mainProcessId: process.pid,
  }
  const worker = spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, TIDEMARK_WORKER: JSON.stringify(settings) },
  })
  const stdio = worker.stdio as readonly unknown[] as readonly (Duplex & Readable)[]
  const database = { id: '0'.repeat(32), name: 'a', directory }
  const call = (callId: number, ...statements: readonly string[]): void => {
    const requests = [...statements.map((sql) => execute(sql)), { type: 'close' }]
    const bytes = Buffer.from(JSON.stringify({ baton: null, requests }))
    const json = { name: 'pipeline', args: { database, caller: { access: 'write', party: 'p' } } }
    stdio[CALLS_DESCRIPTOR]!.write(encodeFrameHead({ kind: 'call', callId, json, bytes }))
    stdio[CALLS_DESCRIPTOR]!.write(bytes)
  }
  call(
    8,
    'CREATE TABLE t AS SELECT 1 AS x',
    `UPDATE t SET x = 2 RETURNING hex(zeroblob(${ANSWER_BYTES / 2}))`,
  )
  // Its beginning is here, and nobody reads on.
  await once(stdio[ANSWERS_DESCRIPTOR]!, 'readable')
  call(9, ENDLESS)
  const verdict = JSON.parse(await text(stdio[VERDICT_DESCRIPTOR]!)) as Verdict
  expect(verdict).toEqual({ reason: 'deadline', callId: 9, begun: [8] })
  stdio[ANSWERS_DESCRIPTOR]!.destroy()
})
