import { turso } from '#messages'
import { ProtocolError } from '../errors.ts'
import { checkIdentifier } from '../messages/check-identifier.ts'
import { decodeMessage } from '../messages/decode-message.ts'
import { encodeMessage } from '../messages/encode-message.ts'
import { fromWireInteger, toWireInteger } from '../messages/wire-integer.ts'
import type { PullEncoding } from './pull-request.ts'

/** First message of a pull stream in both dialects. */
export interface PullHeader {
  /** Revision of the pages that follow. Opaque. */
  readonly revision: string
  /** Size of the database at that revision. */
  readonly sizeInPages: number
  /** Dialect of what follows: `raw` Turso's, `zstd` Tidemark's. */
  readonly encoding: PullEncoding
}

export function encodePullHeader(header: PullHeader): Uint8Array {
  return encodeMessage(turso.PullUpdatesHeader, {
    serverRevision: header.revision,
    dbSize: toWireInteger(header.sizeInPages),
    ...(header.encoding === 'zstd' ? { zstdEncoding: {} } : { rawEncoding: {} }),
    protocol: turso.PullProtocol.PAGE_STREAM,
  })
}

/** @throws ProtocolError if the message is malformed or announces a stream that is not an update in pages */
export function decodePullHeader(bytes: Uint8Array, maxPages: number): PullHeader {
  const message = decodeMessage(turso.PullUpdatesHeader, bytes, 'pull header')
  const sizeInPages = fromWireInteger(message.dbSize, 'database size')
  if (sizeInPages > maxPages) {
    throw new ProtocolError(`database of ${sizeInPages} pages, at most ${maxPages} are accepted`)
  }
  if (message.streamKind !== turso.StreamKind.PAGES || message.protocol > turso.PullProtocol.PAGE_STREAM) {
    throw new ProtocolError(
      `pull stream of kind ${message.streamKind}, protocol ${message.protocol}; only pages are understood`,
    )
  }
  if (message.applyMode !== turso.ApplyMode.INCREMENTAL) {
    throw new ProtocolError(
      `pull stream with apply mode ${message.applyMode}; only incremental updates are understood`,
    )
  }
  const raw = message.rawEncoding !== null && message.rawEncoding !== undefined
  const zstd = message.zstdEncoding !== null && message.zstdEncoding !== undefined
  if (raw === zstd) throw new ProtocolError('pull header names not exactly one encoding')
  return {
    revision: checkIdentifier(message.serverRevision, 'revision'),
    sizeInPages,
    encoding: zstd ? 'zstd' : 'raw',
  }
}
