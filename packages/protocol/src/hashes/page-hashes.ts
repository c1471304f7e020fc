import { hash } from 'node:crypto'
import { tidemark } from '#messages'
import { LimitError, ProtocolError } from '../errors.ts'
import { PROTOCOL_LIMITS } from '../limits.ts'
import { checkIdentifier } from '../messages/check-identifier.ts'
import { decodeMessage } from '../messages/decode-message.ts'
import { encodeMessage } from '../messages/encode-message.ts'
import { fromWireInteger, toWireInteger } from '../messages/wire-integer.ts'

/** Length of one page's hash. */
export const PAGE_HASH_BYTES = 8

/** The first 8 bytes of SHA-256 of a page's image. */
export function pageHash(image: Uint8Array): Uint8Array {
  return hash('sha256', image, 'buffer').subarray(0, PAGE_HASH_BYTES)
}

/**
 * Body of `POST /page-hashes`: the hashes of `pageCount` pages from `firstPage` (from 1), at a revision or,
 * if empty, at the latest.
 */
export interface PageHashesRequest {
  readonly revision: string
  readonly firstPage: number
  readonly pageCount: number
}

export interface PageHashesResponse {
  readonly revision: string
  readonly sizeInPages: number
  /** {@link PAGE_HASH_BYTES} per page, from the first requested; ends where the database ends. */
  readonly hashes: Uint8Array
}

export function encodePageHashesRequest(request: PageHashesRequest): Uint8Array {
  return encodeMessage(tidemark.PageHashesRequest, {
    revision: request.revision,
    firstPageId: toWireInteger(request.firstPage - 1),
    pageCount: toWireInteger(request.pageCount),
  })
}

/** @throws ProtocolError, LimitError if the body is malformed or asks for too many pages at a time */
export function decodePageHashesRequest(body: Uint8Array): PageHashesRequest {
  const message = decodeMessage(tidemark.PageHashesRequest, body, 'page hashes request')
  const firstPage = fromWireInteger(message.firstPageId, 'page id') + 1
  const pageCount = fromWireInteger(message.pageCount, 'page count')
  if (firstPage > PROTOCOL_LIMITS.pages) throw new ProtocolError(`page hashes from page ${firstPage}`)
  if (pageCount > PROTOCOL_LIMITS.pageHashesPerRequest) {
    throw new LimitError(`hashes of ${pageCount} pages at a time`)
  }
  return { revision: checkIdentifier(message.revision, 'revision'), firstPage, pageCount }
}

export function encodePageHashesResponse(response: PageHashesResponse): Uint8Array {
  return encodeMessage(tidemark.PageHashesResponse, {
    revision: response.revision,
    sizeInPages: toWireInteger(response.sizeInPages),
    hashes: response.hashes,
  })
}

/**
 * @throws ProtocolError if the body is malformed. Whether it has as many hashes as were asked for is the
 * caller's to check.
 */
export function decodePageHashesResponse(body: Uint8Array): PageHashesResponse {
  const message = decodeMessage(tidemark.PageHashesResponse, body, 'page hashes response')
  const sizeInPages = fromWireInteger(message.sizeInPages, 'database size')
  const { hashes } = message
  if (sizeInPages > PROTOCOL_LIMITS.pages || hashes.byteLength % PAGE_HASH_BYTES !== 0) {
    throw new ProtocolError(`${hashes.byteLength} bytes of hashes for ${sizeInPages} pages`)
  }
  return { revision: checkIdentifier(message.revision, 'revision'), sizeInPages, hashes }
}
