import { ProtocolError, StateError } from '@tidemark/protocol'
import type { ServerInfo } from '@tidemark/protocol'
import type { Settings } from '../options/settings.ts'
import { HttpTransport } from '../transport/http-transport.ts'
import type { ByteCounters } from '../transport/byte-counters.ts'
import { probeServer } from '../transport/server-info.ts'
import type { RemoteDialect } from './remote-dialect.ts'
import { TidemarkDialect } from './tidemark-dialect.ts'

/** What the replica remembers of its remote between runs. */
export interface SavedRemote {
  readonly url: string | null
  readonly server: ServerInfo | null
}

interface OpenRemote extends SavedRemote {
  readonly url: string
  readonly dialect: RemoteDialect
}

/** Finds the remote database: asks for its URL, finds out once which dialect it speaks, and remembers both. */
export class RemoteAccess {
  readonly #settings: Settings
  readonly #counters: ByteCounters
  #current: OpenRemote | null = null

  constructor(settings: Settings, counters: ByteCounters) {
    this.#settings = settings
    this.#counters = counters
  }

  /** The URL that the options give now; null: none, or none yet. */
  configuredUrl(): string | null {
    return this.#settings.url?.() ?? null
  }

  /** What {@link dialect} found last. */
  get found(): SavedRemote | null {
    return this.#current
  }

  /**
   * @throws StateError `TIDEMARK_SYNC_PAUSED` while there is no URL
   * @throws ProtocolError `TIDEMARK_NOT_A_TIDEMARK_SERVER`
   * @throws as the transport does, when the server must be asked
   */
  async dialect(saved: SavedRemote, signal: AbortSignal): Promise<RemoteDialect> {
    const url = this.#settings.url === null ? saved.url : this.#settings.url()
    if (url === null) throw pausedError()
    if (this.#current?.url === url) return this.#current.dialect
    const { authToken, fetch, timeoutMs } = this.#settings
    const transport = new HttpTransport({
      baseUrl: url,
      authToken,
      fetch,
      timeoutMs,
      counters: this.#counters,
    })
    const server = (saved.url === url ? saved.server : null) ?? (await this.#probe(transport, signal))
    this.#current = { url, server, dialect: new TidemarkDialect(transport) }
    return this.#current.dialect
  }

  /** Call when an endpoint is gone: the next operation asks the server again what it is. */
  forget(): void {
    this.#current = null
  }

  async #probe(transport: HttpTransport, signal: AbortSignal): Promise<ServerInfo | null> {
    if (this.#settings.protocol === 'tidemark') return null
    const server = await probeServer(transport, signal)
    if (server === null) {
      throw new ProtocolError(`${transport.baseUrl} is not a Tidemark server: it has no /tidemark`, {
        code: 'TIDEMARK_NOT_A_TIDEMARK_SERVER',
      })
    }
    return server
  }
}

/** There is no URL, or none yet. */
export function pausedError(): StateError {
  return new StateError('TIDEMARK_SYNC_PAUSED', 'url is empty - sync is paused', { recovery: 'operator' })
}
