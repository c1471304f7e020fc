import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A real HTTP server on loopback that answers as a test says. */
export class LoopbackServer implements AsyncDisposable {
  readonly #server: Server
  requests = 0

  private constructor(listener: RequestListener) {
    this.#server = createServer((request, response) => {
      this.requests += 1
      listener(request, response)
    })
  }

  static async start(listener: RequestListener): Promise<LoopbackServer> {
    const loopback = new LoopbackServer(listener)
    await new Promise<void>((resolve) => {
      loopback.#server.listen(0, '127.0.0.1', resolve)
    })
    return loopback
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => {
      this.#server.close(resolve)
    })
  }
}

/** The whole body of a request. */
export async function readRequest(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
