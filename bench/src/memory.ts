/**
 * `pnpm bench:memory`: peak memory of client and server. Pushes a backlog of 200 MB until the database has 1.2
 * GB (more than 1 GiB, where SQLite leaves out a page), then bootstraps it, each in a process of its own.
 * Ends with 1 where a process exceeds the bound.
 */
import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { ServerProcess } from '@tidemark/testkit'
import { inTemporaryFolder, machine } from './machine.ts'
import { peakMb, processTree } from './processes/process-usage.ts'

const BOUND_MB = 400
const PUSHES = 6
const client = fileURLToPath(new URL('memory-client.ts', import.meta.url))

/** Runs one step; resolves to the peak of its process in MB. */
async function runClient(step: 'push' | 'bootstrap', path: string, url: string): Promise<number> {
  const child = spawn(process.execPath, [client, step, path, url], { stdio: ['ignore', 'pipe', 'inherit'] })
  const peak = await text(child.stdout)
  if (peak === '') throw new Error(`the client failed at ${step}`)
  return Number(peak)
}

async function measure(directory: string): Promise<number> {
  await using server = await ServerProcess.start(join(directory, 'server'))
  const url = server.database('large')
  let worst = 0
  const report = async (what: string, run: () => Promise<number>): Promise<void> => {
    const start = performance.now()
    const clientMb = await run()
    const seconds = (performance.now() - start) / 1000
    const serverMb = peakMb(processTree(server.pid))
    worst = Math.max(worst, clientMb, serverMb)
    const peaks = `client ${clientMb.toFixed(0)} MB, server ${serverMb.toFixed(0)} MB so far`
    process.stdout.write(`${what.padEnd(26)} ${seconds.toFixed(1).padStart(6)} s   peaks: ${peaks}\n`)
  }
  const writer = join(directory, 'writer.db')
  for (let push = 1; push <= PUSHES; push++)
    await report(`push of 200 MB, number ${push}`, () => runClient('push', writer, url))
  const reader = join(directory, 'reader.db')
  await report('bootstrap', () => runClient('bootstrap', reader, url))
  const size = (statSync(reader).size / 1e6).toFixed(0)
  process.stdout.write(`database ${size} MB; the bound is ${BOUND_MB} MB\n`)
  return worst
}

process.stdout.write(`${machine()}\n`)
const worst = await inTemporaryFolder(measure)
process.exitCode = worst <= BOUND_MB ? 0 : 1
