import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const command = fileURLToPath(new URL('../packages/cli/dist/bin.js', import.meta.url))

/** A real `tidemark serve` on loopback. */
export class ServerProcess {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
  }

  /** Starts a server on `data`; `port` 0 takes a free one. Resolves when it answers. */
  static async start(data: string, port = 0): Promise<ServerProcess> {
    const args = ['serve', '--data', data, '--host', '127.0.0.1', '--port', String(port), '--auto-create']
    const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
    const lines = createInterface({ input: child.stderr })
    for await (const line of lines) {
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0]
      if (url === undefined) continue
      child.stderr.resume()
      return new ServerProcess(child, url)
    }
    throw new Error('the server ended before it listened')
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
}
