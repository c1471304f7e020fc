import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const manifest = createRequire(import.meta.url).resolve('@tidemark/cli/package.json')
const TIDEMARK = join(manifest, '..', 'dist', 'bin.js')

/** A real `tidemark serve` on loopback. */
export class ServerProcess {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
  }

  /** Resolves once it listens. Port 0 takes a free one. */
  static async start(dataFolder: string, port: number): Promise<ServerProcess> {
    const child = spawn(
      process.execPath,
      [TIDEMARK, 'serve', '--data', dataFolder, '--port', String(port), '--auto-create', '--json'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const first = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
    if (first.done === true) throw new Error('the server did not start')
    const { url } = JSON.parse(first.value) as { url: string }
    return new ServerProcess(child, url)
  }

  get port(): number {
    return Number(new URL(this.url).port)
  }

  /** One text, by SQL over HTTP. */
  async query(database: string, sql: string): Promise<string> {
    const response = await fetch(`${this.url}/db/${database}/v3/pipeline`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        baton: null,
        requests: [{ type: 'execute', stmt: { sql } }, { type: 'close' }],
      }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`the server answered ${response.status}: ${text}`)
    const [result] = (JSON.parse(text) as Pipeline).results
    if (result?.type !== 'ok') throw new Error(`the server refused ${sql}: ${result?.error.message}`)
    return result.response.result.rows[0]?.[0]?.value ?? ''
  }

  /** Asks it to stop and waits until it has. */
  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    const [code] = (await exited) as [number | null]
    if (code !== 0) throw new Error(`the server ended with exit code ${code}`)
  }

  destroy(): void {
    this.#child.kill('SIGKILL')
  }
}

interface Pipeline {
  readonly results: readonly (
    | {
        readonly type: 'ok'
        readonly response: { readonly result: { readonly rows: readonly { value?: string }[][] } }
      }
    | { readonly type: 'error'; readonly error: { readonly message: string } }
  )[]
}
