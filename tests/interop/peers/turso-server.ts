import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const START_MS = 10_000

/** Turso's own sync server on loopback: `tursodb --sync-server`, serving one database file at the root. */
export class TursoServer implements AsyncDisposable {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    const kill = (): void => void child.kill('SIGKILL')
    process.once('exit', kill)
    child.once('exit', () => process.off('exit', kill))
    this.url = url
  }

  /** Serves `file`, which is created where there is none. Resolves when it answers. `port` 0 takes a free one. */
  static async start(file: string, port = 0): Promise<TursoServer> {
    const address = `127.0.0.1:${port === 0 ? await freePort() : port}`
    const child = spawn(tursodb(), [file, '--sync-server', address], { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const url = `http://${address}`
    for (const deadline = Date.now() + START_MS; Date.now() < deadline;) {
      if (child.exitCode !== null) throw new Error(`tursodb ended before it listened: ${said}`)
      if (await answers(url)) return new TursoServer(child, url)
      await delay(20)
    }
    child.kill('SIGKILL')
    throw new Error(`tursodb does not answer: ${said}`)
  }

  /** Its process id. */
  get pid(): number {
    return this.#child.pid!
  }

  get port(): number {
    return Number(new URL(this.url).port)
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.kill(signal)
    await exit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL')
  }
}

/** The binary inside the package for this platform. */
export function tursodb(): string {
  const turso = createRequire(createRequire(import.meta.url).resolve('turso/package.json'))
  const libc = process.platform === 'linux' ? '-gnu' : ''
  const manifest = `@tursodatabase/cli-${process.platform}-${process.arch}${libc}/package.json`
  return join(dirname(turso.resolve(manifest)), 'tursodb')
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url)
    await response.body?.cancel()
    return true
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
