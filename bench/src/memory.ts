/**
 * Peak memory of client and server: pushes of a backlog of 200 MB until the database has 1.2 GB (more than 1 GiB, where SQLite leaves out a page), then a bootstrap of it. Each in a process of its own, measured by the kernel
 * (VmHWM). Exits with 1 where a process exceeds the bound.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const BOUND_MB = 400
const PUSHES = 6
const client = fileURLToPath(new URL('memory-client.ts', import.meta.url))
const cli = fileURLToPath(new URL('../../packages/cli/dist/bin.js', import.meta.url))

/** Peak of a process and its children, added up. */
function peakMb(pid: number): number {
  const own = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0') / 1024
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
  return children.reduce((sum, child) => sum + peakMb(Number(child)), own)
}

async function firstLine(child: ChildProcess, stream: 'stdout' | 'stderr', pattern: RegExp): Promise<string> {
  for await (const line of createInterface({ input: child[stream]! })) {
    const match = pattern.exec(line)
    if (match !== null) return match[0]
  }
  throw new Error('the process ended without saying what was expected')
}

async function runClient(...args: string[]): Promise<{ readonly peakMb: number; readonly seconds: number }> {
  const start = performance.now()
  const child = spawn(process.execPath, [client, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const peak = await firstLine(child, 'stdout', /peak .*/)
  if (child.exitCode === null) await once(child, 'exit')
  return { peakMb: Number(peak.slice(5)), seconds: (performance.now() - start) / 1000 }
}

const directory = mkdtempSync(join(tmpdir(), 'tidemark-memory-'))
const server = spawn(
  process.execPath,
  [cli, 'serve', '--data', join(directory, 'data'), '--host', '127.0.0.1', '--port', '0', '--auto-create'],
  { stdio: ['ignore', 'inherit', 'pipe'] },
)
let worst = 0
try {
  const url = `${await firstLine(server, 'stderr', /http:\/\/127\.0\.0\.1:\d+/)}/db/large`
  server.stderr.resume()
  const say = (what: string, run: { readonly peakMb: number; readonly seconds: number }): void => {
    const serverPeak = peakMb(server.pid!)
    worst = Math.max(worst, run.peakMb, serverPeak)
    process.stdout.write(
      `${what.padEnd(34)} ${run.seconds.toFixed(1).padStart(7)} s   client ${run.peakMb.toFixed(0).padStart(5)} MB   server ${serverPeak.toFixed(0).padStart(5)} MB (peak so far)\n`,
    )
  }
  for (let push = 0; push < PUSHES; push++) {
    say(`push of 200 MB, number ${push + 1}`, await runClient('push', join(directory, 'a.db'), url))
  }
  say('bootstrap', await runClient('bootstrap', join(directory, 'b.db'), url))
  process.stdout.write(
    `database: ${(statSync(join(directory, 'b.db')).size / 1e6).toFixed(0)} MB; bound ${BOUND_MB} MB\n`,
  )
} finally {
  server.kill('SIGTERM')
  if (server.exitCode === null) await once(server, 'exit')
  rmSync(directory, { recursive: true })
}
process.exitCode = worst > BOUND_MB ? 1 : 0
