import { BusyError, LimitError, ProtocolError } from '@tidemark/protocol'
import { AuthError } from '../errors/auth-error.ts'
import { NetworkError } from '../errors/network-error.ts'
import type { AnswerHeaders } from './exchange.ts'

/** Refusals that pass: Node's servers and proxies answer 408 to a request that comes too slowly. */
const TOO_EARLY_OR_LATE: ReadonlySet<number> = new Set([408, 425])
const NO_SUCH_DATABASE = 'TIDEMARK_NO_SUCH_DATABASE'

/** What is known of an answer that is not the one asked for. */
export interface UnexpectedResponse {
  readonly address: string
  readonly status: number
  readonly headers: AnswerHeaders
  /** The beginning of the body. */
  readonly text: string
}

/** The typed error for an answer other than 200. */
export function responseError(response: UnexpectedResponse): Error {
  const { address, status } = response
  const said = quoteBody(response)
  if (status === 401 || status === 403) {
    const reason = status === 401 ? 'does not accept the token' : 'does not allow this with the token'
    return new AuthError(`${address} ${reason}${said}`, { status })
  }
  if (status >= 300 && status < 400) {
    const target = response.headers.get('location') ?? 'nowhere'
    return new NetworkError(
      `${address} redirects to ${target}; redirects are not followed, use that URL instead`,
      {
        code: 'TIDEMARK_REDIRECT',
        status,
        recovery: 'operator',
      },
    )
  }
  if (status === 404) {
    const code = jsonError(response.text)?.code === NO_SUCH_DATABASE ? NO_SUCH_DATABASE : 'TIDEMARK_NOT_FOUND'
    return new NetworkError(`${address} is not there: wrong URL, or no such database${said}`, {
      code,
      status,
      recovery: 'operator',
    })
  }
  if (status === 410) {
    return new ProtocolError(`${address} does not have that revision any more${said}`, {
      code: 'TIDEMARK_REVISION_GONE',
      recovery: 'pull',
    })
  }
  if (status === 413) {
    return new LimitError(
      `${address} does not take a request of this size${said}. A push goes in several with pushOperationsThreshold; a transaction that is too large by itself needs a larger limit at the server, or goes by discard().`,
    )
  }
  if (status === 429 || status === 503) return serverBusy(response, said)
  if (status >= 500 || TOO_EARLY_OR_LATE.has(status)) {
    return new NetworkError(`${address} failed with status ${status}${said}`, {
      code: 'TIDEMARK_HTTP',
      status,
    })
  }
  if (status === 400) return new ProtocolError(`${address} finds the request malformed${said}`)
  return new NetworkError(`${address} answered status ${status}${said}`, {
    code: refusalCode(response.text) ?? 'TIDEMARK_HTTP',
    status,
    recovery: 'operator',
  })
}

/** A 200 that carries a web page: a captive portal, a login page, a wrong URL. */
export function webPageError(address: string): ProtocolError {
  return notASyncServer(`${address} answered with a web page`)
}

/** A 200 that carries a text where none is sent: the same. */
export function textError(response: UnexpectedResponse): ProtocolError {
  return notASyncServer(
    `${response.address} answered with ${response.headers.get('content-type')}${quoteBody(response)}`,
  )
}

/** What cannot be decoded, with the address that it came from; other errors as they are. */
export function decodeError(address: string, error: unknown): unknown {
  if (!(error instanceof ProtocolError) || error.code !== 'TIDEMARK_PROTOCOL') return error
  const { recovery, cause } = error
  return new ProtocolError(`the answer of ${address} cannot be used: ${error.message}`, { recovery, cause })
}

export function isWebPage(headers: AnswerHeaders): boolean {
  return /^text\/html\b/i.test(headers.get('content-type') ?? '')
}

/** What `decode` returns; its errors as {@link decodeError} has them. */
export function decoded<T>(address: string, decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    throw decodeError(address, error)
  }
}

/** Whether an answer says that it is a text, or data written as one. */
export function isText(headers: AnswerHeaders): boolean {
  return /^(?:text\/|application\/(?:\w+\+)?(?:json|xml)\b)/i.test(headers.get('content-type') ?? '')
}

function notASyncServer(what: string): ProtocolError {
  return new ProtocolError(`${what}: this is not a sync server, or a proxy stands before it`, {
    code: 'TIDEMARK_NOT_A_SYNC_SERVER',
  })
}

function serverBusy(response: UnexpectedResponse, said: string): BusyError {
  const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'))
  return new BusyError(`${response.address} is busy (status ${response.status})${said}`, {
    code: 'TIDEMARK_SERVER_BUSY',
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  })
}

/** Seconds or an HTTP date, as milliseconds from now; null when it is neither. */
function parseRetryAfter(value: string | null): number | null {
  if (value === null) return null
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? null : Math.max(0, date - Date.now())
}

/** A Tidemark server's own code for what it refuses. */
function refusalCode(text: string): string | null {
  const code = jsonError(text)?.code
  return code?.startsWith('TIDEMARK_') === true ? code : null
}

/** The server's own words, from `{"error": {"code", "message"}}` or plain text. */
function quoteBody(response: UnexpectedResponse): string {
  if (response.text === '' || isWebPage(response.headers)) return ''
  return `: ${jsonError(response.text)?.message ?? response.text.trim().slice(0, 200)}`
}

interface JsonError {
  readonly code: string | null
  readonly message: string | null
}

function jsonError(text: string): JsonError | null {
  let body: { readonly error?: { readonly code?: unknown; readonly message?: unknown } | string } | null
  try {
    body = JSON.parse(text) as typeof body
  } catch {
    return null
  }
  const error = body?.error
  if (typeof error === 'string') return { code: null, message: error }
  return { code: textOrNull(error?.code), message: textOrNull(error?.message) }
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
