import { ProtocolError, TidemarkError } from '@tidemark/protocol'
import type { DatabaseDescription, UnopenedDatabase } from '@tidemark/server'
import ky, { type KyInstance } from 'ky'

/** The admin endpoints of one server. */
export class AdminApi {
  readonly #http: KyInstance
  readonly #url: string

  constructor(url: string, token: string | undefined) {
    this.#url = url
    this.#http = ky.create({
      prefix: url,
      retry: 0,
      throwHttpErrors: false,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    })
  }

  async create(name: string): Promise<DatabaseDescription> {
    return this.#ask<DatabaseDescription>('post', 'admin/v1/databases', { name })
  }

  async list(): Promise<readonly (DatabaseDescription | UnopenedDatabase)[]> {
    const { databases } = await this.#ask<{ databases: (DatabaseDescription | UnopenedDatabase)[] }>(
      'get',
      'admin/v1/databases',
    )
    return databases
  }

  async show(name: string): Promise<DatabaseDescription> {
    return this.#ask<DatabaseDescription>('get', `admin/v1/databases/${encodeURIComponent(name)}`)
  }

  async destroy(name: string): Promise<void> {
    await this.#ask<unknown>('delete', `admin/v1/databases/${encodeURIComponent(name)}`)
  }

  async health(): Promise<unknown> {
    return this.#ask<unknown>('get', 'health')
  }

  async #ask<T>(method: 'get' | 'post' | 'delete', path: string, json?: unknown): Promise<T> {
    const response = await this.#request(method, path, json)
    const body = parseJson(await response.text())
    if (response.ok && body !== undefined) return body as T
    if (response.ok) {
      throw new ProtocolError(`${this.#url} answered something that is not JSON; is it a Tidemark server?`)
    }
    const said = serverError(body).message ?? `status ${response.status}`
    throw new TidemarkError(refusalCode(response.status, body), `${this.#url} refused: ${said}`, {
      recovery: response.status === 429 || response.status >= 500 ? 'retry' : 'operator',
    })
  }

  async #request(method: 'get' | 'post' | 'delete', path: string, json: unknown): Promise<Response> {
    try {
      return await this.#http(path, { method, ...(json === undefined ? {} : { json }) })
    } catch (cause) {
      // Not before: it is several times as much as all that a request needs.
      const { NetworkError, OptionsError } = await import('@tidemark/sdk-node')
      const why = reason(cause)
      // Of `fetch`, which never uses the ports of some other protocols.
      if (why === 'bad port')
        throw new OptionsError(
          'url',
          `no request is ever sent to the port of ${this.#url}; let the server listen on another`,
        )
      throw new NetworkError(`cannot reach ${this.#url}: ${why}`, { cause })
    }
  }
}

/** The server's own code says more; that of a missing or insufficient token is the SDK's. */
function refusalCode(status: number, body: unknown): string {
  if (status === 401 || status === 403) return 'TIDEMARK_AUTH'
  return serverError(body).code ?? 'TIDEMARK_HTTP'
}

/** Undefined where it is not JSON; null for an empty body. */
function parseJson(answer: string): unknown {
  if (answer === '') return null
  try {
    return JSON.parse(answer)
  } catch {
    return undefined
  }
}

/** What is told by `{"error": {"code", "message"}}`. */
function serverError(body: unknown): { readonly code: string | null; readonly message: string | null } {
  const { error } = (body ?? {}) as { error?: { code?: unknown; message?: unknown } }
  return { code: text(error?.code), message: text(error?.message) }
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/** The innermost reason: `fetch` itself only says that it failed. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.cause !== undefined) return reason(error.cause)
  return 'code' in error && error.message === '' ? String(error.code) : error.message
}
