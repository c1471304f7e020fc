import type { AcknowledgedRows, BeforeImages } from '@tidemark/engine'
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
  /** Rows that the server has by this client's pushes, so that it can refer to them. */
  readonly echo: Echo | null
}

export interface Echo extends AcknowledgedRows {
  readonly clientId: string
}

/**
 * What has arrived of an answer at a time, decoded while it is iterated; to be iterated to its end before
 * more is asked for. A promise for each page would cost more than the page.
 */
export type ArrivedEvents = Generator<PullEvent, void, undefined>

/** One atomic batch. `changes` can be read again, for each attempt. */
export interface PushBatch {
  readonly header: PushHeader
  readonly changes: () => Iterable<Change>
  /** It has, for all that is known, more than one transaction: a dialect may ask for less. */
  readonly isDivisible: boolean
  /** Until this has resolved nothing may be sent. */
  readonly onDisk: Promise<unknown>
}

/** `too-large`: nothing was sent; a batch of about so many changes would do. */
export type PushAnswer = PushResponse | { readonly type: 'too-large'; readonly operations: number }

/** How to say pull and push to one kind of server. Each call is one attempt; who calls decides what to try again. */
export interface RemoteDialect {
  readonly name: 'tidemark' | 'turso'
  /** What a push needs to know of rows as they were. */
  readonly beforeImages: BeforeImages
  /** Changes per batch unless the application says otherwise; a transaction is never split. */
  readonly maxOperations: number
  /**
   * The server lets clients change a row without a key by its rowid alone, so that it may be another client's
   * row by now.
   */
  readonly rowidsAreReused: boolean
  /** The server does not answer as its kind does: it should be asked again what it is. */
  readonly isInDoubt: boolean
  /**
   * First the header, then each page once. Ends only when the answer is whole. Leaving the loop early ends the request.
   */
  pull(query: PullQuery, signal: AbortSignal): AsyncGenerator<ArrivedEvents, void, undefined>
  /** The server applies all of the batch or nothing. After a NetworkError it is unknown which. */
  push(batch: PushBatch, signal: AbortSignal): Promise<PushAnswer>
  /** Hashes of a range of pages at a revision (empty: the latest). Undefined where the dialect has no such question. */
  pageHashes?(request: PageHashesRequest, signal: AbortSignal): Promise<PageHashesResponse>
}
