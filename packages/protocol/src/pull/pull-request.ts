import { turso } from '#messages'
import { LimitError, ProtocolError } from '../errors.ts'
import { PROTOCOL_LIMITS } from '../limits.ts'
import { checkIdentifier } from '../messages/check-identifier.ts'
import { decodeMessage } from '../messages/decode-message.ts'
import { encodeMessage } from '../messages/encode-message.ts'
import { fromWireInteger, toWireInteger } from '../messages/wire-integer.ts'

/** `raw`: the Turso dialect. `zstd`: the Tidemark dialect, where the server has it. */
export type PullEncoding = 'raw' | 'zstd'

/** Body of `POST /pull-updates`. */
export interface PullRequest {
  readonly encoding: PullEncoding
  /** The revision wanted; empty: the latest. */
  readonly serverRevision: string
  /** The revision that the client has; empty: nothing, send all pages. */
  readonly clientRevision: string
  /** How long the server may hold its answer until something is new; milliseconds, 0: not at all. */
  readonly longPollTimeoutMs: number
  /** Roaring bitmap (portable serialisation) of page numbers less one; null: all pages. */
  readonly pageSelector: Uint8Array | null
  /** Send the pages that this query reads; null: all pages. */
  readonly serverQuery: string | null
  /** Pushes since the client's revision whose rows the server may take as known to it. Tidemark dialect only. */
  readonly echo?: PullEcho
}

/** Pushes that a client can encode again, named by the change ids that they span. */
export interface PullEcho {
  readonly clientId: string
  readonly firstChangeId: number
  readonly lastChangeId: number
  /** Of the {@link PushedRows}, 8 bytes. */
  readonly digest: Uint8Array
}

export function encodePullRequest(request: PullRequest): Uint8Array {
  return encodeMessage(turso.PullUpdatesRequest, {
    encoding: request.encoding === 'zstd' ? turso.PageEncoding.ZSTD : turso.PageEncoding.RAW,
    serverRevision: request.serverRevision,
    clientRevision: request.clientRevision,
    longPollTimeoutMs: request.longPollTimeoutMs,
    serverPagesSelector: request.pageSelector,
    serverQuerySelector: request.serverQuery,
    tidemarkEcho: request.echo === undefined ? null : encodeEcho(request.echo),
  })
}

/**
 * @throws ProtocolError if the body is malformed or asks for something other than pages
 * @throws LimitError if it is too large
 */
export function decodePullRequest(body: Uint8Array): PullRequest {
  if (body.byteLength > PROTOCOL_LIMITS.pullRequestBytes) {
    throw new LimitError(`pull request of ${body.byteLength} bytes`)
  }
  const message = decodeMessage(turso.PullUpdatesRequest, body, 'pull request')
  if (message.streamKind !== turso.StreamKind.PAGES) {
    throw new ProtocolError(`pull request for stream kind ${message.streamKind}; only pages are served`)
  }
  return {
    encoding: pullEncoding(message.encoding),
    serverRevision: checkIdentifier(message.serverRevision, 'server revision'),
    clientRevision: checkIdentifier(message.clientRevision, 'client revision'),
    longPollTimeoutMs: message.longPollTimeoutMs,
    pageSelector: message.serverPagesSelector.byteLength === 0 ? null : message.serverPagesSelector,
    serverQuery: message.serverQuerySelector === '' ? null : message.serverQuerySelector,
    ...(message.tidemarkEcho ? { echo: decodeEcho(message.tidemarkEcho) } : {}),
  }
}

function encodeEcho({
  clientId,
  firstChangeId,
  lastChangeId,
  digest,
}: PullEcho): turso.TidemarkEcho.$Properties {
  return {
    clientId,
    firstChangeId: toWireInteger(firstChangeId),
    lastChangeId: toWireInteger(lastChangeId),
    digest,
  }
}

function decodeEcho(properties: turso.TidemarkEcho.$Properties): PullEcho {
  const { clientId, firstChangeId, lastChangeId, digest } = new turso.TidemarkEcho(properties)
  return {
    clientId: checkIdentifier(clientId, 'client id'),
    firstChangeId: fromWireInteger(firstChangeId, 'change id'),
    lastChangeId: fromWireInteger(lastChangeId, 'change id'),
    digest,
  }
}

function pullEncoding(encoding: turso.PageEncoding): PullEncoding {
  if (encoding === turso.PageEncoding.RAW) return 'raw'
  if (encoding === turso.PageEncoding.ZSTD) return 'zstd'
  throw new ProtocolError(`pull request for unknown encoding ${String(encoding)}`)
}
