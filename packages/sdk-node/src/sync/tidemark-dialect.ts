import { setImmediate as nextTurnOfLoop } from 'node:timers/promises'
import {
  decodePageHashesResponse,
  decodePushResponse,
  encodePageHashesRequest,
  encodePullRequest,
  LimitError,
  PROTOCOL_LIMITS,
  PullDecoder,
  PushEncoder,
} from '@tidemark/protocol'
import type { PageHashesRequest, PageHashesResponse, PushResponse } from '@tidemark/protocol'
import { NetworkError } from '../errors/network-error.ts'
import type { HttpTransport } from '../transport/http-transport.ts'
import { decoded, decodeError } from '../transport/response-error.ts'
import type { ArrivedEvents, PullQuery, PushBatch, RemoteDialect } from './remote-dialect.ts'

const PROTOBUF = 'application/protobuf'
/**
 * A batch up to this size goes with a Content-Length, a larger one in chunks, so that the server reads its
 * beginning while the rest is made; bytes.
 */
const MAX_BUFFERED_BODY = 16 * 1024
/** Hashes of the pages of one request, and what surrounds them; bytes. */
const MAX_HASHES_RESPONSE = PROTOCOL_LIMITS.pageHashesPerRequest * 8 + 4096

/** Page deltas down, compact change batches up: `/pull-updates` with zstd and `/push-changes`. */
export class TidemarkDialect implements RemoteDialect {
  readonly name = 'tidemark'
  readonly beforeImages = 'digests'
  readonly maxOperations: number = Number.POSITIVE_INFINITY
  readonly rowidsAreReused = false
  readonly isInDoubt = false
  readonly #transport: HttpTransport
  readonly #maxPushBytes: number

  /** `maxPushBytes`: what the server takes in one push, as it said when it was asked what it is. */
  constructor(transport: HttpTransport, maxPushBytes: number = Number.POSITIVE_INFINITY) {
    this.#transport = transport
    this.#maxPushBytes = maxPushBytes
  }

  async *pull(query: PullQuery, signal: AbortSignal): AsyncGenerator<ArrivedEvents, void, undefined> {
    const { echo } = query
    const response = await this.#transport.send({
      method: 'post',
      path: '/pull-updates',
      headers: { 'content-type': PROTOBUF, 'tidemark-dialect': '1' },
      body: encodePullRequest({
        encoding: 'zstd',
        serverRevision: query.serverRevision,
        clientRevision: query.clientRevision,
        longPollTimeoutMs: query.longPollTimeoutMs,
        pageSelector: query.pageSelector,
        serverQuery: null,
        ...(echo === null ? {} : { echo: { ...echo, digest: echo.rows.digest() } }),
      }),
      isBinary: true,
      holdMs: query.longPollTimeoutMs,
      signal,
    })
    const { address } = response
    const decoder = new PullDecoder({ oldImage: query.oldImage, pushed: echo?.rows ?? null })
    for await (const chunk of response.chunks()) yield arrived(decoder, chunk, address)
    decoded(address, () => decoder.end())
  }

  async push(batch: PushBatch, signal: AbortSignal): Promise<PushResponse> {
    let encodedBytes = 0
    const blocks = counted(encodeBatch(batch), (bytes) => {
      encodedBytes += bytes
    })
    try {
      const body = bufferIfSmall(blocks)
      await batch.onDisk
      return await this.#ask(
        '/push-changes',
        body,
        PROTOCOL_LIMITS.pushResponseBytes,
        signal,
        decodePushResponse,
      )
    } catch (error) {
      throw encodedBytes > this.#maxPushBytes ? this.#explainCut(error) : error
    } finally {
      // A request that failed half-way has not read all changes; their cursor must not stay open.
      blocks.return()
    }
  }

  async pageHashes(request: PageHashesRequest, signal: AbortSignal): Promise<PageHashesResponse> {
    const body = encodePageHashesRequest(request)
    return await this.#ask('/page-hashes', body, MAX_HASHES_RESPONSE, signal, decodePageHashesResponse)
  }

  /** A server that has had enough closes the connection, and its answer may be lost with that. */
  #explainCut(error: unknown): unknown {
    if (!(error instanceof NetworkError) || error.status !== undefined) return error
    return new LimitError(
      `${error.message}. What is pending takes more than the ${this.#maxPushBytes} bytes that the server takes in one push (maxPushBytes there). pushOperationsThreshold sends it in several batches. Nothing is lost.`,
      { cause: error },
    )
  }

  async #ask<T>(
    path: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    maxBytes: number,
    signal: AbortSignal,
    decode: (answer: Uint8Array) => T,
  ): Promise<T> {
    const response = await this.#transport.send({
      method: 'post',
      path,
      headers: { 'content-type': PROTOBUF },
      body,
      isBinary: true,
      signal,
    })
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of response.chunks()) {
      bytes += chunk.byteLength
      if (bytes > maxBytes) throw new LimitError(`the answer of ${path} has more than ${maxBytes} bytes`)
      chunks.push(chunk)
    }
    return decoded(response.address, () => decode(Buffer.concat(chunks)))
  }
}

function* arrived(decoder: PullDecoder, chunk: Uint8Array, address: string): ArrivedEvents {
  try {
    yield* decoder.push(chunk)
  } catch (error) {
    throw decodeError(address, error)
  }
}

function* encodeBatch(batch: PushBatch): Generator<Uint8Array, void, undefined> {
  const encoder = new PushEncoder()
  yield encoder.header(batch.header)
  for (const change of batch.changes()) {
    const block = encoder.change(change)
    if (block !== null) yield block
  }
  yield* encoder.end()
}

function* counted(
  blocks: Iterable<Uint8Array>,
  count: (bytes: number) => void,
): Generator<Uint8Array, void, undefined> {
  for (const block of blocks) {
    count(block.byteLength)
    yield block
  }
}

/** The whole body when it is small, else the same chunks again, each made when the one before it is on its way. */
function bufferIfSmall(
  chunks: Generator<Uint8Array, void, undefined>,
): Uint8Array | AsyncIterable<Uint8Array> {
  const first: Uint8Array[] = []
  let bytes = 0
  while (bytes <= MAX_BUFFERED_BODY) {
    const next = chunks.next()
    if (next.done === true) return Buffer.concat(first)
    first.push(next.value)
    bytes += next.value.byteLength
  }
  return continueWith(first, chunks)
}

async function* continueWith(
  first: readonly Uint8Array[],
  rest: Generator<Uint8Array, void, undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* first
  for (;;) {
    await nextTurnOfLoop()
    const next = rest.next()
    if (next.done === true) return
    yield next.value
  }
}
