import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as it passed, with what was answered. */
export interface Exchange {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly status: number
  readonly responseHeaders: IncomingHttpHeaders
  readonly responseBody: Buffer
}

/** A loopback HTTP proxy in front of a server, which keeps what passes and can drop answers. */
export class TapProxy implements AsyncDisposable {
  readonly exchanges: Exchange[] = []
  /** Called with each request before it goes on; true: the server gets it, but its answer never arrives. */
  dropAnswer: (method: string, path: string) => boolean = () => false
  readonly #target: URL
  readonly #server: Server

  private constructor(target: URL) {
    this.#target = target
    this.#server = createServer((incoming, outgoing) => {
      this.#forward(incoming, outgoing).catch(() => outgoing.destroy())
    })
  }

  static async start(target: string): Promise<TapProxy> {
    const proxy = new TapProxy(new URL(target))
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  /** Where clients find the proxied server; a path of the target's URL is kept. */
  get url(): string {
    const { port } = this.#server.address() as AddressInfo
    return `http://127.0.0.1:${port}${this.#target.pathname.replace(/\/$/, '')}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async #forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/', headers } = incoming
    const isDropped = this.dropAnswer(method, path)
    const body = await collect(incoming)
    const { hostname, port } = this.#target
    const forwarded = request({
      hostname,
      port,
      method,
      path,
      headers: { ...headers, 'content-length': body.length },
    })
    forwarded.end(body)
    const [response] = (await once(forwarded, 'response')) as [IncomingMessage]
    const responseBody = await collect(response)
    const status = response.statusCode ?? 0
    this.exchanges.push({
      method,
      path,
      headers,
      body,
      status,
      responseHeaders: response.headers,
      responseBody,
    })
    if (isDropped) outgoing.destroy()
    else outgoing.writeHead(status, response.headers).end(responseBody)
  }
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}
