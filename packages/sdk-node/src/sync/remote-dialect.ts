import type {
  Change,
  PageHashesRequest,
  PageHashesResponse,
  PullEvent,
  PushHeader,
  PushResponse,
} from '@tidemark/protocol'

export interface PullQuery {
  /** The revision that the replica has; empty: nothing. */
  readonly clientRevision: string
  /** The revision wanted; empty: the latest. */
  readonly serverRevision: string
  /** The pages wanted, as a portable Roaring bitmap of zero-based page ids; null: all that changed. */
  readonly pageSelector: Uint8Array | null
  /** How long the server may wait for something new. Only for pulls of the latest revision. */
  readonly longPollTimeoutMs: number
  /** The image of a page at `clientRevision`; null: it had no such page. */
  readonly oldImage: (pageNumber: number) => Uint8Array | null
}

/** One atomic batch. `changes` can be read again, for each attempt. */
export interface PushBatch {
  readonly header: PushHeader
  readonly changes: () => Iterable<Change>
}

/** How to say pull and push to one kind of server. Each call is one attempt; who calls decides what to try again. */
export interface RemoteDialect {
  readonly name: 'tidemark' | 'turso'
  /** First the header, then each page once. Ends only when the answer is whole. Leaving the loop early ends the request. */
  pull(query: PullQuery, signal: AbortSignal): AsyncGenerator<PullEvent, void, undefined>
  /** The server applies all of the batch or nothing. After a NetworkError it is unknown which. */
  push(batch: PushBatch, signal: AbortSignal): Promise<PushResponse>
  /** Hashes of a range of pages at a revision (empty: the latest). Undefined where the dialect has no such question. */
  pageHashes?(request: PageHashesRequest, signal: AbortSignal): Promise<PageHashesResponse>
}
