import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

const cli = createRequire(import.meta.url).resolve('@tidemark/cli/package.json')
const command = join(dirname(cli), 'dist/bin.js')

const MAX_LOG_LENGTH = 16_384

export interface ServerProcessOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number
  /** Further arguments of `tidemark serve`. */
  readonly args?: readonly string[]
  /** Further variables of its environment. */
  readonly env?: Readonly<Record<string, string>>
}

/** A real `tidemark serve` on loopback, in a process of its own. */
export class ServerProcess implements AsyncDisposable {
  readonly url: string
  readonly #child: ChildProcess
  #log = ''

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    const kill = (): void => void child.kill('SIGKILL')
    process.once('exit', kill)
    child.once('exit', () => process.off('exit', kill))
    this.url = url
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#log = (this.#log + text).slice(-MAX_LOG_LENGTH)
    })
  }

  /** Starts a server on the folder `data`; databases are created when they are first used. Resolves when it answers. */
  static async start(data: string, options: ServerProcessOptions = {}): Promise<ServerProcess> {
    const { port = 0, args = [], env = {} } = options
    const fixed = ['serve', '--data', data, '--host', '127.0.0.1', '--port', String(port), '--auto-create']
    const child = spawn(process.execPath, [command, ...fixed, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      // Some tests leave answers unread.
      env: { ...process.env, TIDEMARK_SHUTDOWN_GRACE_MS: '1000', ...env },
    })
    let said = ''
    const lines = createInterface({ input: child.stderr })
    for await (const line of lines) {
      said += `${line}\n`
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0]
      if (url === undefined) continue
      return new ServerProcess(child, url)
    }
    throw new Error(`the server ended before it listened: ${said}`)
  }

  /** Its process id. */
  get pid(): number {
    return this.#child.pid!
  }

  /** The end of what it has logged. */
  get log(): string {
    return this.#log
  }

  get port(): number {
    return Number(new URL(this.url).port)
  }

  /** The address of a database. */
  database(name: string): string {
    return `${this.url}/db/${name}`
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.kill(signal)
    await exit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
