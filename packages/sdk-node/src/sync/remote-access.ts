import { StateError } from '@tidemark/protocol'
import type { Settings } from '../options/settings.ts'
import { HttpTransport } from '../transport/http-transport.ts'
import type { ByteCounters } from '../transport/byte-counters.ts'
import { probeServer } from '../transport/server-info.ts'
import type { KnownServer } from '../transport/server-info.ts'
import type { RemoteDialect } from './remote-dialect.ts'
import { TidemarkDialect } from './tidemark-dialect.ts'
import { TursoDialect } from './turso/turso-dialect.ts'

/** What the replica remembers of its remote between runs. */
export interface SavedRemote {
  readonly url: string | null
  readonly server: KnownServer | null
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

  /** See {@link RemoteDialect.rowidsAreReused}. */
  get rowidsAreReused(): boolean {
    return this.#current?.dialect.rowidsAreReused ?? false
  }

  /**
   * @throws StateError `TIDEMARK_SYNC_PAUSED` while there is no URL
   * @throws as the transport does, when the server must be asked
   */
  async dialect(saved: SavedRemote, signal: AbortSignal): Promise<RemoteDialect> {
    const url = this.#settings.url === null ? saved.url : this.#settings.url()
    if (url === null) throw pausedError()
    const isInDoubt = this.#current?.dialect.isInDoubt ?? false
    if (this.#current?.url === url && !isInDoubt) return this.#current.dialect
    const { authToken, fetch, timeoutMs } = this.#settings
    const transport = new HttpTransport({
      baseUrl: url,
      authToken,
      fetch,
      timeoutMs,
      counters: this.#counters,
    })
    const { protocol } = this.#settings
    const remembered = saved.url === url && !isInDoubt ? saved.server : null
    const server = protocol === 'auto' ? (remembered ?? (await probeServer(transport, signal))) : null
    const isTurso = protocol === 'turso' || (server !== null && 'turso' in server)
    const maxPushBytes = server !== null && 'limits' in server ? server.limits.max_push_bytes : undefined
    const dialect = isTurso ? new TursoDialect(transport) : new TidemarkDialect(transport, maxPushBytes)
    this.#current = { url, server, dialect }
    return dialect
  }

  /** Call when an endpoint is gone: the next operation asks the server again what it is. */
  forget(): void {
    this.#current = null
  }
}

/** There is no URL, or none yet. */
export function pausedError(): StateError {
  return new StateError('TIDEMARK_SYNC_PAUSED', 'url is empty - sync is paused', { recovery: 'operator' })
}
