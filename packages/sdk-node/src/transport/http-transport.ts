import ky from 'ky'
import { TidemarkError } from '@tidemark/protocol'
import { NetworkError } from '../errors/network-error.ts'
import type { ByteCounters } from './byte-counters.ts'
import { IdleDeadline } from './idle-deadline.ts'
import { isWebPage, responseError, webPageError } from './response-error.ts'

/** An error answer is read up to here, bytes. */
const MAX_ERROR_BODY = 16 * 1024

export interface TransportConfig {
  /** The database's base URL, without a trailing slash. */
  readonly baseUrl: string
  readonly authToken: (() => string | Promise<string>) | null
  readonly fetch: typeof fetch
  readonly timeoutMs: number
  readonly counters: ByteCounters
}

export interface TransportRequest {
  readonly method: 'get' | 'post'
  /** Appended to the base URL, begins with `/`. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Bytes, in memory or in a file, or chunks that are made while they are sent. Chunks are read once: a second attempt needs a new request. */
  readonly body?: Uint8Array | Blob | AsyncIterable<Uint8Array>
  /** How long the server may hold the answer, milliseconds, on top of the timeout. */
  readonly holdMs?: number
  readonly signal: AbortSignal
}

/** A 200 whose body is still to be read. */
export interface TransportResponse {
  readonly headers: Headers
  /** Reads the body once. Ends only when the body is whole; throws NetworkError when it is cut. Leaving the loop early cancels it. */
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
   * @throws ProtocolError for 400, and for a web page instead of an answer
   */
  async send(request: TransportRequest): Promise<TransportResponse> {
    const address = `${this.#config.baseUrl}${request.path}`
    const deadline = new IdleDeadline(this.#config.timeoutMs + (request.holdMs ?? 0), this.#config.timeoutMs)
    const failure = (cause: unknown): unknown => this.#failure(cause, address, request.signal, deadline)
    try {
      const response = await this.#fetch(address, request, deadline)
      if (response.status !== 200) throw await unexpected(address, response)
      if (isWebPage(response.headers)) {
        await response.body?.cancel()
        throw webPageError(address)
      }
      return {
        headers: response.headers,
        chunks: () => this.#chunks(response, deadline, failure),
        cancel: async () => {
          deadline.stop()
          await response.body?.cancel()
        },
      }
    } catch (error) {
      deadline.stop()
      throw failure(error)
    }
  }

  async #fetch(address: string, request: TransportRequest, deadline: IdleDeadline): Promise<Response> {
    const headers: Record<string, string> = { ...request.headers }
    if (this.#config.authToken !== null) {
      headers['authorization'] = `Bearer ${await this.#config.authToken()}`
    }
    request.signal.throwIfAborted()
    return await ky(address, {
      method: request.method,
      headers,
      ...(request.body === undefined ? {} : { body: this.#countedBody(request.body, deadline) }),
      ...redirectOptions(request.body),
      signal: AbortSignal.any([request.signal, deadline.signal]),
      fetch: this.#config.fetch,
      retry: 0,
      timeout: false,
      throwHttpErrors: false,
    })
  }

  #countedBody(
    body: NonNullable<TransportRequest['body']>,
    deadline: IdleDeadline,
  ): Uint8Array | Blob | ReadableStream<Uint8Array> {
    const { counters } = this.#config
    if (body instanceof Uint8Array) {
      counters.sentBytes += body.byteLength
      return body
    }
    if (body instanceof Blob) {
      counters.sentBytes += body.size
      return body
    }
    const iterator = body[Symbol.asyncIterator]()
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        const next = await iterator.next()
        deadline.touch()
        if (next.done === true) {
          controller.close()
          return
        }
        counters.sentBytes += next.value.byteLength
        controller.enqueue(next.value)
      },
      async cancel() {
        await iterator.return?.()
      },
    })
  }

  async *#chunks(
    response: Response,
    deadline: IdleDeadline,
    failure: (cause: unknown) => unknown,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const reader = bodyOf(response)?.getReader()
    try {
      for (;;) {
        const next = await reader?.read().catch((cause: unknown) => {
          throw failure(cause)
        })
        if (next === undefined || next.done) return
        deadline.touch()
        this.#config.counters.receivedBytes += next.value.byteLength
        yield next.value
      }
    } finally {
      deadline.stop()
      await reader?.cancel().catch(() => undefined)
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
    return new NetworkError(
      `${address} cannot be reached, or the connection was cut: ${rootMessage(cause)}`,
      { cause },
    )
  }
}

/**
 * Redirects are never followed. Fetch keeps a copy of the whole body for the redirect that might come, unless it is told that a redirect
 * is an error and that there is no window (Fetch standard, HTTP-network-or-cache fetch, step 8): only then is a streamed body not
 * held in memory (I7).
 */
function redirectOptions(body: TransportRequest['body']): RequestInit {
  const isStreamed = body !== undefined && !(body instanceof Uint8Array)
  return isStreamed ? { redirect: 'error', window: null } : { redirect: 'manual' }
}

async function unexpected(address: string, response: Response): Promise<Error> {
  const { status, headers } = response
  return responseError({ address, status, headers, text: await readBeginning(response) })
}

async function readBeginning(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const chunk of bodyOf(response) ?? []) {
      text += decoder.decode(chunk, { stream: true })
      if (text.length >= MAX_ERROR_BODY) break
    }
  } catch {
    return text
  }
  return text
}

/** `fetch failed` says nothing; its innermost cause does. */
function rootMessage(error: unknown): string {
  let deepest = error
  while (deepest instanceof Error && deepest.cause !== undefined) deepest = deepest.cause
  if (deepest instanceof AggregateError && deepest.errors[0] instanceof Error)
    return deepest.errors[0].message
  return deepest instanceof Error ? deepest.message : String(deepest)
}

/** Typed: the global type leaves the chunks open. */
function bodyOf(response: Response): ReadableStream<Uint8Array> | null {
  return response.body
}
