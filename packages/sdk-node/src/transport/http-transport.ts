import { TidemarkError } from '@tidemark/protocol'
import { NetworkError } from '../errors/network-error.ts'
import { bearerToken } from './bearer-token.ts'
import type { ByteCounters } from './byte-counters.ts'
import { connectionFailure } from './connection-failure.ts'
import type { Answer, Body } from './exchange.ts'
import { exchangeByFetch } from './fetch-exchange.ts'
import { IdleDeadline } from './idle-deadline.ts'
import { exchangeByNode } from './node-exchange.ts'
import { isText, isWebPage, responseError, textError, webPageError } from './response-error.ts'

/** An error answer is read up to here, bytes. */
const MAX_ERROR_BODY = 16 * 1024

export interface TransportConfig {
  /** The database's base URL, without a trailing slash. */
  readonly baseUrl: string
  readonly authToken: (() => string | Promise<string>) | null
  /** Null: Node's HTTP client. */
  readonly fetch: typeof fetch | null
  readonly timeoutMs: number
  readonly counters: ByteCounters
}

export interface TransportRequest {
  readonly method: 'get' | 'post'
  /** Appended to the base URL, begins with `/`. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Chunks are read once: a second attempt needs a new request. */
  readonly body?: Body
  /** The answer is no text: one that says it is comes from somebody else. */
  readonly isBinary?: boolean
  /** How long the server may hold the answer, milliseconds, on top of the timeout. */
  readonly holdMs?: number
  readonly signal: AbortSignal
}

/** A 200 whose body is still to be read. */
export interface TransportResponse {
  /** What answered. */
  readonly address: string
  /**
   * Reads the body once. Ends only when the body is whole; throws NetworkError when it is cut. Leaving the
   * loop early cancels it.
   */
  chunks(): AsyncGenerator<Uint8Array, void, undefined>
  /** Gives the answer up; for when `chunks` is never called. */
  cancel(): Promise<void>
}

/** HTTP to one remote database. Sends each request once; who calls decides what to try again. */
export class HttpTransport {
  readonly #config: TransportConfig

  constructor(config: TransportConfig) {
    this.#config = config
  }

  get baseUrl(): string {
    return this.#config.baseUrl
  }

  /**
   * @throws NetworkError when the server cannot be reached, redirects, or answers with an unexpected status
   * @throws AuthError for 401 and 403
   * @throws BusyError for 429 and 503, with the server's `Retry-After`
   * @throws ProtocolError for 400, and for a web page or another text instead of an answer
   */
  async send(request: TransportRequest): Promise<TransportResponse> {
    const address = `${this.#config.baseUrl}${request.path}`
    const deadline = new IdleDeadline(this.#config.timeoutMs + (request.holdMs ?? 0), this.#config.timeoutMs)
    const failure = (cause: unknown): unknown => this.#failure(cause, address, request.signal, deadline)
    try {
      const answer = await this.#exchange(address, request, deadline)
      if (answer.status !== 200) throw await unexpected(address, answer)
      if (isWebPage(answer.headers)) {
        await answer.cancel()
        throw webPageError(address)
      }
      if (request.isBinary === true && isText(answer.headers)) {
        const text = await readBeginning(answer.body)
        throw textError({ address, status: answer.status, headers: answer.headers, text })
      }
      return {
        address,
        chunks: () => this.#chunks(answer, deadline, failure),
        cancel: async () => {
          deadline.stop()
          await answer.cancel()
        },
      }
    } catch (error) {
      deadline.stop()
      throw failure(error)
    }
  }

  async #exchange(address: string, request: TransportRequest, deadline: IdleDeadline): Promise<Answer> {
    const { authToken, fetch } = this.#config
    const headers: Record<string, string> = { ...request.headers }
    if (authToken !== null)
      headers['authorization'] = `Bearer ${await bearerToken(authToken, request.signal, deadline.signal)}`
    request.signal.throwIfAborted()
    const outgoing = {
      address,
      method: request.method,
      headers,
      body: request.body === undefined ? undefined : this.#counted(request.body, deadline),
      signal: AbortSignal.any([request.signal, deadline.signal]),
    }
    return fetch === null ? await exchangeByNode(outgoing) : await exchangeByFetch(outgoing, fetch)
  }

  #counted(body: Body, deadline: IdleDeadline): Body {
    if (body instanceof Uint8Array) this.#config.counters.sentBytes += body.byteLength
    else if (body instanceof Blob) this.#config.counters.sentBytes += body.size
    else return this.#countedChunks(body, deadline)
    return body
  }

  async *#countedChunks(
    chunks: AsyncIterable<Uint8Array>,
    deadline: IdleDeadline,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of chunks) {
      deadline.touch()
      this.#config.counters.sentBytes += chunk.byteLength
      yield chunk
    }
    deadline.touch()
  }

  async *#chunks(
    { body }: Answer,
    deadline: IdleDeadline,
    failure: (cause: unknown) => unknown,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of body) {
        deadline.touch()
        this.#config.counters.receivedBytes += chunk.byteLength
        yield chunk
      }
    } catch (error) {
      throw failure(error)
    } finally {
      deadline.stop()
    }
  }

  #failure(cause: unknown, address: string, signal: AbortSignal, deadline: IdleDeadline): unknown {
    if (cause instanceof TidemarkError) return cause
    if (signal.aborted) return signal.reason
    if (deadline.isExpired) {
      return new NetworkError(`${address}: nothing moved for ${this.#config.timeoutMs} ms`, {
        code: 'TIDEMARK_TIMEOUT',
        cause,
      })
    }
    return new NetworkError(`${address} ${connectionFailure(cause)}`, { cause })
  }
}

async function unexpected(address: string, { status, headers, body }: Answer): Promise<Error> {
  return responseError({ address, status, headers, text: await readBeginning(body) })
}

async function readBeginning(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true })
      if (text.length >= MAX_ERROR_BODY) break
    }
  } catch {
    return text
  }
  return text
}
