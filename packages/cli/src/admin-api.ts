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
    const text = await response.text()
    const body = parseJson(text)
    if (response.ok && body !== undefined) return body as T
    if (response.ok) {
      throw new ProtocolError(`${this.#url} answered something that is not JSON; is it a Tidemark server?`)
    }
    const said = serverMessage(body) ?? `status ${response.status}`
    throw new TidemarkError(refusalCode(response.status), `${this.#url} refused: ${said}`, {
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

function refusalCode(status: number): string {
  if (status === 401 || status === 403) return 'TIDEMARK_AUTH'
  if (status === 404) return 'TIDEMARK_NOT_FOUND'
  if (status === 409) return 'TIDEMARK_EXISTS'
  return 'TIDEMARK_HTTP'
}

/** Undefined where it is not JSON; null for an empty body. */
function parseJson(text: string): unknown {
  if (text === '') return null
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The message of `{"error": {"code", "message"}}`. */
function serverMessage(body: unknown): string | null {
  const { error } = (body ?? {}) as { error?: { message?: unknown } }
  return typeof error?.message === 'string' ? error.message : null
}

/** The innermost reason: `fetch` itself only says that it failed. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.cause !== undefined) return reason(error.cause)
  return 'code' in error && error.message === '' ? String(error.code) : error.message
}
