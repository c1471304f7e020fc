import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import type { Client, Config } from '@libsql/client'
import { ServerProcess, temporaryDirectory } from '@tidemark/testkit'

/** A server whose databases are made when they are first asked for, and clients of them. */
export class HttpSetup implements AsyncDisposable {
  readonly #directory: ReturnType<typeof temporaryDirectory>
  readonly server: ServerProcess

  private constructor(directory: ReturnType<typeof temporaryDirectory>, server: ServerProcess) {
    this.#directory = directory
    this.server = server
  }

  static async start(settings: Readonly<Record<string, unknown>> = {}): Promise<HttpSetup> {
    const directory = temporaryDirectory()
    const config = join(directory.path, 'config.json')
    writeFileSync(config, JSON.stringify(settings))
    const server = await ServerProcess.start(join(directory.path, 'data'), { args: ['--config', config] })
    return new HttpSetup(directory, server)
  }

  /** For files of clients. */
  get folder(): string {
    return this.#directory.path
  }

  client(database: string, config: Partial<Config> = {}): Client {
    return createClient({ url: `${this.server.database(database)}/`, ...config })
  }

  /** The same client, on a file of this machine: what users compare with. */
  fileClient(name: string): Client {
    return createClient({ url: `file:${join(this.#directory.path, `${name}.db`)}` })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop()
    this.#directory[Symbol.dispose]()
  }
}

/** What a name server would do: connects to loopback, whatever the host's name. */
export async function fetchFromLoopback(input: Request): Promise<Response> {
  const { host, port, pathname } = new URL(input.url)
  const headers = { ...Object.fromEntries(input.headers), host }
  const sent = request({ hostname: '127.0.0.1', port, path: pathname, method: input.method, headers })
  sent.end(Buffer.from(await input.arrayBuffer()))
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const chunks: Uint8Array[] = []
  for await (const chunk of response) chunks.push(chunk as Uint8Array)
  const { statusCode = 0, headers: received } = response
  return new Response(Buffer.concat(chunks), {
    status: statusCode,
    headers: { 'content-type': received['content-type'] ?? 'text/plain' },
  })
}
