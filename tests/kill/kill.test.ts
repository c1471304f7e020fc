import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { connect } from '@tidemark/sdk-node'
import { runAndKill, ServerProcess } from '@tidemark/testkit'
import { afterEach, beforeEach, expect, it } from 'vitest'

const KILLS = Number(process.env['TIDEMARK_KILLS'] ?? '6')
const client = fileURLToPath(new URL('client.ts', import.meta.url))
let directory: string
let server: ServerProcess

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-kill-'))
  server = await ServerProcess.start(join(directory, 'data'))
})

afterEach(async () => {
  await server.stop()
  rmSync(directory, { recursive: true })
})

it(`I3, I4, I5: ${KILLS} clients and some servers killed at random moments lose nothing and apply nothing twice`, async () => {
  const acknowledged: string[] = []
  for (let kill = 0; kill < KILLS; kill++) {
    const path = join(directory, `client-${kill % 2}.db`)
    const lines = runAndKill(client, [path, server.database('kill'), String(kill)], Math.random() * 250)
    acknowledged.push(...(await lines))
    if (kill % 3 === 2) {
      const { port } = server
      await server.stop('SIGKILL')
      server = await ServerProcess.start(join(directory, 'data'), { port })
    }
  }
  const replicas = await Promise.all(
    [0, 1, 2].map((index) =>
      connect({ path: join(directory, `client-${index}.db`), url: `${server.url}/db/kill` }),
    ),
  )
  for (const replica of [...replicas, ...replicas]) {
    await replica.sync()
  }
  for (const replica of replicas) {
    expect(replica.pragma('integrity_check', { simple: true })).toBe('ok')
    const entries = replica.prepare('SELECT id FROM entry ORDER BY id').pluck().all()
    expect(entries).toEqual(expect.arrayContaining(acknowledged))
    // A line has no key: applied twice, it would be there twice.
    expect(replica.prepare('SELECT word FROM line ORDER BY word').pluck().all()).toEqual(entries)
    expect((await replica.stats()).cdcOperations).toBe(0)
    replica.close()
  }
}, 600_000)
