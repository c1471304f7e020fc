import { setTimeout as sleep } from 'node:timers/promises'
import { BusyError, encodePullRequest, ProtocolError, PullDecoder } from '@tidemark/protocol'
import type { PullEvent, PullHeader } from '@tidemark/protocol'
import type { HttpTransport } from '../../transport/http-transport.ts'
import { decodeError } from '../../transport/response-error.ts'
import type { PullQuery } from '../remote-dialect.ts'
import { continues, isFrameNumber } from './continuity.ts'

/** How often a server is asked that answers a long poll at once, milliseconds. */
const POLL_MS = 500

/**
 * `/pull-updates` with raw pages, and what has to be known of tursodb to rely on it:
 *
 * - its revision is the number of frames in its WAL, which starts over when the WAL is checkpointed away.
 *   Then a client's revision means nothing, or, worse, something else: see {@link continues};
 * - pages that left the WAL are never sent again, so a whole database is counted;
 * - answers for an older revision announce the size of the newest;
 * - an open transaction that does not fit into its cache shows, as a database of no pages;
 * - a long poll is answered at once.
 */
export class TursoPull {
  readonly #transport: HttpTransport
  /** Size of the database at the revision that was answered last. */
  #latest: PullHeader | null = null
  /** A revision that the server's history does not have. */
  #strange: string | null = null
  #isInDoubt = false

  constructor(transport: HttpTransport) {
    this.#transport = transport
  }

  get isInDoubt(): boolean {
    return this.#isInDoubt
  }

  async *pull(query: PullQuery, signal: AbortSignal): AsyncGenerator<PullEvent, void, undefined> {
    if (query.serverRevision !== '') yield* this.#pinned(query, signal)
    else yield* this.#newest(query, signal)
  }

  async *#pinned(query: PullQuery, signal: AbortSignal): AsyncGenerator<PullEvent, void, undefined> {
    for await (const event of this.#ask(this.#knownTo(query), signal)) {
      if (event.type === 'page') yield event
      else yield { type: 'header', header: this.#sized(event.header) }
    }
  }

  async *#newest(query: PullQuery, signal: AbortSignal): AsyncGenerator<PullEvent, void, undefined> {
    const asked = this.#knownTo(query)
    const end = performance.now() + query.longPollTimeoutMs
    for (;;) {
      let isOld = false
      let pages = 0
      for await (const event of this.#ask(asked, signal)) {
        if (event.type === 'page') {
          pages += 1
          yield event
          continue
        }
        isOld = event.header.revision === asked.clientRevision
        if (isOld && performance.now() + POLL_MS < end) break
        isOld = false
        const header = checked(event.header, query)
        this.#isInDoubt = isFrameNumber(query.clientRevision) && !isFrameNumber(event.header.revision)
        this.#latest = header
        yield { type: 'header', header }
      }
      if (!isOld) {
        await this.#check(asked, pages, signal)
        return
      }
      await sleep(POLL_MS, undefined, { signal })
    }
  }

  /** Before the pages are taken for what they claim to be. */
  async #check(asked: PullQuery, pages: number, signal: AbortSignal): Promise<void> {
    const header = this.#latest!
    const { clientRevision, pageSelector } = asked
    if (clientRevision === '') {
      if (pageSelector === null && pages < header.sizeInPages) throw incomplete(header, pages)
      return
    }
    if (header.revision === clientRevision) return
    const probe = { ...asked, pageSelector: null, longPollTimeoutMs: 0 }
    const ask = (part: Partial<PullQuery>): AsyncGenerator<PullEvent, void, undefined> =>
      this.#ask({ ...probe, ...part }, signal)
    if (await continues(clientRevision, header.revision, asked.oldImage, ask)) return
    this.#strange = clientRevision
    throw new ProtocolError('the server has another history than the one that this replica comes from', {
      code: 'TIDEMARK_REVISION_GONE',
      // Not to be taken for a cut, after which the rest would be fetched.
      recovery: 'pull',
    })
  }

  /** A revision that is not the server's is not mentioned: it then sends all. */
  #knownTo(query: PullQuery): PullQuery {
    return query.clientRevision === this.#strange ? { ...query, clientRevision: '' } : query
  }

  #sized(header: PullHeader): PullHeader {
    const isKnown = this.#latest?.revision === header.revision
    return isKnown ? { ...header, sizeInPages: this.#latest!.sizeInPages } : header
  }

  async *#ask(query: PullQuery, signal: AbortSignal): AsyncGenerator<PullEvent, void, undefined> {
    const response = await this.#transport.send({
      method: 'post',
      path: '/pull-updates',
      headers: { 'content-type': 'application/protobuf' },
      body: encodePullRequest({
        encoding: 'raw',
        serverRevision: query.serverRevision,
        clientRevision: query.clientRevision,
        longPollTimeoutMs: query.longPollTimeoutMs,
        pageSelector: query.pageSelector,
        serverQuery: null,
      }),
      holdMs: query.longPollTimeoutMs,
      signal,
    })
    const decoder = new PullDecoder({ oldImage: () => null })
    try {
      for await (const chunk of response.chunks()) yield* decoder.push(chunk)
      decoder.end()
    } catch (error) {
      throw decodeError(response.address, error)
    }
  }
}

/** An empty database has no revision yet. */
function checked(header: PullHeader, query: PullQuery): PullHeader {
  if (header.sizeInPages > 0) return header
  if (!isFrameNumber(header.revision) || Number(header.revision) === 0) {
    if (query.clientRevision !== '') throw incomplete(header, 0)
    return { ...header, revision: '' }
  }
  throw new BusyError('another client has a large transaction open on the server', {
    code: 'TIDEMARK_SERVER_BUSY',
  })
}

function incomplete({ sizeInPages }: PullHeader, pages: number): ProtocolError {
  return new ProtocolError(
    sizeInPages === 0
      ? 'the server has nothing to send: its database is new, or its WAL was checkpointed, and tursodb serves nothing else. To fill it from here, adopt a copy of this file.'
      : `the server has ${pages} of ${sizeInPages} pages to send: its WAL was checkpointed, and tursodb serves nothing else. Dump its database into a new one.`,
    { code: 'TIDEMARK_SERVER_INCOMPLETE' },
  )
}
