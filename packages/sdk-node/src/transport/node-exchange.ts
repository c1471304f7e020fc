import http from 'node:http'
import type { ClientRequest, IncomingMessage } from 'node:http'
import https from 'node:https'
import { pipeline } from 'node:stream'
import ky from 'ky'
import { keepAliveAgents } from './agents.ts'
import { decodedBody } from './decoded-body.ts'
import { SEND_ONCE } from './exchange.ts'
import type { Answer, Body, Outgoing } from './exchange.ts'

/** What Node's `fetch` says: some firewalls ask for a name, and proxies may compress. */
const HEADERS = { accept: '*/*', 'accept-encoding': 'gzip, deflate, br', 'user-agent': 'node' }

/**
 * Sends a request by Node's HTTP client. Headers and bodies go past ky, which has the rest: a `Request` and a
 * `Response` make web streams of bodies, which costs a short exchange more than anything else (ADR 17), and
 * copy headers several times.
 */
export async function exchangeByNode({ address, method, headers, body, signal }: Outgoing): Promise<Answer> {
  const exchange = new NodeExchange(headers, body, signal)
  const response = await ky(address, {
    ...SEND_ONCE,
    method,
    fetch: (request) => exchange.send(request as Request),
  })
  return exchange.answer(response)
}

class NodeExchange {
  readonly #headers: Outgoing['headers']
  readonly #body: Body | undefined
  readonly #signal: AbortSignal
  #message: IncomingMessage | null = null

  constructor(headers: Outgoing['headers'], body: Body | undefined, signal: AbortSignal) {
    this.#headers = headers
    this.#body = body
    this.#signal = signal
  }

  /** As `fetch`, but for headers and bodies. */
  async send({ url, method }: Request): Promise<Response> {
    this.#signal.throwIfAborted()
    const scheme = url.startsWith('https:') ? 'https' : 'http'
    const options = { method, agent: keepAliveAgents()[scheme], headers: this.#allHeaders() }
    const request = { http, https }[scheme].request(url, options)
    const message = await this.#response(request)
    this.#message = message
    try {
      return new Response(null, { status: message.statusCode! })
    } catch (error) {
      // Not a status of HTTP.
      message.destroy()
      throw error
    }
  }

  answer({ status }: Response): Answer {
    const { headers } = this.#message!
    const body = decodedBody(this.#message!)
    // Who reads it is told.
    body.on('error', () => {})
    return {
      status,
      headers: { get: (name) => headers[name]?.toString() ?? null },
      body,
      cancel: async () => {
        body.destroy(new Error('The answer was given up'))
      },
    }
  }

  #allHeaders(): Record<string, string> {
    const all: Record<string, string> = { ...HEADERS, ...this.#headers }
    if (this.#body instanceof Blob) all['content-length'] = String(this.#body.size)
    return all
  }

  #response(request: ClientRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        // A request that is destroyed lets its response end as if it were whole.
        const open = this.#message ?? request
        open.destroy(this.#signal.reason as Error)
      }
      this.#signal.addEventListener('abort', abort)
      request.once('close', () => this.#signal.removeEventListener('abort', abort))
      request.on('error', reject)
      request.once('response', (message) => {
        // The rest of a request that is answered already is not sent.
        message.once('close', () => request.destroy())
        resolve(message)
      })
      this.#write(request, reject)
    })
  }

  #write(request: ClientRequest, onError: (error: Error) => void): void {
    const body = this.#body
    if (body === undefined || body instanceof Uint8Array) {
      request.end(body)
      return
    }
    pipeline(body instanceof Blob ? body.stream() : body, request, (error) => {
      // Where making the body failed, the request ends without an error of its own.
      if (error) onError(error)
    })
  }
}
