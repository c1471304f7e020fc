import { ProtocolError, TidemarkError } from '@tidemark/protocol'
import type { PullEvent, PullHeader, WalChecksum } from '@tidemark/protocol'
import type { ArrivedEvents, Echo, PullQuery, RemoteDialect } from './remote-dialect.ts'
import { PageSet } from './page-set.ts'

/** Where pages go: a pull's stage or a bootstrap's new file. */
export interface PageSink {
  /** @param checksum the image's own, where it is known */
  writePage(pageNumber: number, image: Uint8Array, checksum: WalChecksum | null): void
}

export interface FetchRequest {
  readonly dialect: RemoteDialect
  /** The revision that the replica has; empty: nothing. */
  readonly clientRevision: string
  /** The revision wanted; empty: the latest. Default empty. */
  readonly serverRevision?: string
  /** Pages that need not be sent: those that are known already to be as at `serverRevision`, of so many in all. */
  readonly known?: { readonly pages: PageSet; readonly sizeInPages: number }
  readonly oldImage: PullQuery['oldImage']
  readonly echo?: Echo | null
  /** Pages per request; null: all in one. */
  readonly pagesPerRequest: number | null
  /** An answer that has begun: its header has been read already. */
  readonly opened: OpenedAnswer | null
  /** Called once, with the first answer's header, when there is something to fetch. */
  readonly openSink: (header: PullHeader) => PageSink
  readonly attempt: <T>(run: () => Promise<T>) => Promise<T>
  readonly signal: AbortSignal
}

export interface OpenedAnswer {
  readonly header: PullHeader
  /** What has arrived with the header. */
  readonly begun: ArrivedEvents
  readonly rest: AsyncGenerator<ArrivedEvents, void, undefined>
}

export interface FetchedPages {
  readonly header: PullHeader
  /** Pages that were written to the sink. */
  readonly pages: number
  /** False: the replica is at the server's revision already, no sink was opened. */
  readonly isNew: boolean
}

/**
 * Fetches the pages that changed since the replica's revision, all of one revision: the first answer's, to
 * which later requests are pinned. A cut answer is not fetched again: the next request asks for what is still
 * missing.
 *
 * @throws ProtocolError `TIDEMARK_REVISION_GONE` when the server cannot give the pinned revision any more; start over
 */
export async function fetchPages(request: FetchRequest): Promise<FetchedPages> {
  using received = new PageSet(request.known?.pages)
  const fetch = new PagesFetch(request, received)
  while (!fetch.isDone) await request.attempt(() => fetch.requestOnce())
  return fetch.result()
}

class PagesFetch {
  readonly #request: FetchRequest
  readonly #received: PageSet
  #opened: OpenedAnswer | null
  #header: PullHeader | null = null
  #sink: PageSink | null = null
  /** The range that the current request covers, both included. */
  #first = 1
  #span: number | null
  readonly #knownPages: number
  isDone = false

  constructor(request: FetchRequest, received: PageSet) {
    this.#request = request
    this.#received = received
    this.#opened = request.opened
    this.#span = request.pagesPerRequest
    this.#knownPages = received.size
  }

  result(): FetchedPages {
    if (this.#header === null) throw new ProtocolError('the answer to a pull has no header')
    return { header: this.#header, pages: this.#received.size - this.#knownPages, isNew: this.#sink !== null }
  }

  /** One request. Fails only if it made no progress, so that a bad line is worked through piece by piece. */
  async requestOnce(): Promise<void> {
    const before = this.#received.size
    try {
      await this.#readAnswer()
    } catch (error) {
      const isTransient = error instanceof TidemarkError && error.recovery === 'retry'
      if (!isTransient || this.#received.size === before) throw error
      return
    }
    this.#advance(this.#received.size - before)
  }

  async #readAnswer(): Promise<void> {
    const opened = this.#opened
    this.#opened = null
    if (opened !== null) {
      this.#acceptHeader(opened.header)
      this.#accept(opened.begun)
    }
    for await (const events of opened?.rest ?? this.#ask()) this.#accept(events)
  }

  #ask(): AsyncGenerator<ArrivedEvents, void, undefined> {
    const { dialect, clientRevision, oldImage, signal } = this.#request
    return dialect.pull(
      {
        clientRevision,
        serverRevision: this.#header?.revision ?? this.#request.serverRevision ?? '',
        pageSelector: this.#selector(),
        longPollTimeoutMs: 0,
        oldImage,
        echo: this.#request.echo ?? null,
      },
      signal,
    )
  }

  #selector(): Uint8Array | null {
    if (this.#span === null && this.#received.size === 0) return null
    return this.#received.selectorOfOthers(this.#first, this.#last())
  }

  #last(): number {
    const size = this.#header?.sizeInPages ?? this.#request.known?.sizeInPages ?? Number.MAX_SAFE_INTEGER
    return this.#span === null ? size : Math.min(size, this.#first + this.#span - 1)
  }

  #accept(events: ArrivedEvents): void {
    for (const event of events) {
      if (event.type === 'header') this.#acceptHeader(event.header)
      else this.#acceptPage(event)
    }
  }

  #acceptHeader(header: PullHeader): void {
    if (this.#header === null) {
      this.#header = header
      if (header.revision !== this.#request.clientRevision) this.#sink = this.#request.openSink(header)
    } else if (header.revision !== this.#header.revision || header.sizeInPages !== this.#header.sizeInPages) {
      throw new ProtocolError(
        `the server gives revision ${header.revision} instead of ${this.#header.revision}`,
        {
          code: 'TIDEMARK_REVISION_GONE',
          recovery: 'retry',
        },
      )
    }
  }

  #acceptPage({ pageNumber, image, checksum }: Extract<PullEvent, { readonly type: 'page' }>): void {
    if (this.#sink === null)
      throw new ProtocolError('the server sends pages of a revision that the replica has')
    if (this.#received.has(pageNumber)) throw new ProtocolError(`the server sends page ${pageNumber} twice`)
    this.#sink.writePage(pageNumber, image, checksum)
    this.#received.add(pageNumber)
  }

  /** Where little changed, the next request covers more pages. */
  #advance(receivedPages: number): void {
    const { pagesPerRequest } = this.#request
    const size = this.#header?.sizeInPages ?? 0
    if (this.#sink === null || pagesPerRequest === null || this.#span === null || this.#last() >= size) {
      this.isDone = true
      return
    }
    this.#first = this.#last() + 1
    this.#span = receivedPages * 4 < pagesPerRequest ? this.#span * 4 : pagesPerRequest
  }
}
