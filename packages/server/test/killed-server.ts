import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ServerConfig } from '../src/config/server-config.ts'

export function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0)
    return true
  } catch {
    return false
  }
}

/** A server process that can be killed at any moment. */
export class KilledServer {
  readonly port: number
  readonly #process: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.#process = child
    this.port = port
  }

  /** @param maxFiles how many files each of its processes may have open; default: as this one */
  static async start(
    data: string,
    settings: Partial<ServerConfig>,
    maxFiles: number | 'unlimited' = 'unlimited',
  ): Promise<KilledServer> {
    const script = fileURLToPath(new URL('server-process.ts', import.meta.url))
    const command = [process.execPath, script, data, JSON.stringify(settings)]
    const limit = maxFiles === 'unlimited' ? '' : `ulimit -n ${maxFiles} && `
    const child = spawn('sh', ['-c', `${limit}exec "$0" "$@"`, ...command], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    return new KilledServer(child, Number(line.toString()))
  }

  get workers(): number[] {
    const path = `/proc/${this.#process.pid}/task/${this.#process.pid}/children`
    return readFileSync(path, 'utf8').split(' ').filter(Boolean).map(Number)
  }

  /** `all`: the machine's own kill; `main`: the workers find out by themselves; `worker`: the server goes on. */
  async kill(what: 'all' | 'main' | 'worker'): Promise<void> {
    const { workers } = this
    if (what !== 'main') for (const worker of workers) process.kill(worker, 'SIGKILL')
    if (what === 'worker') return
    this.#process.kill('SIGKILL')
    await this.#exited()
  }

  /** Ends it if it has not ended. */
  async end(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#exited()
  }

  async stop(): Promise<number | null> {
    this.#process.kill('SIGTERM')
    await this.#exited()
    return this.#process.exitCode
  }

  async #exited(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null)
      await once(this.#process, 'exit')
  }
}
