import { setTimeout as sleep } from 'node:timers/promises'
import { BusyError, encodePullRequest, ProtocolError, PullDecoder } from '@tidemark/protocol'
import type { PullEvent, PullHeader } from '@tidemark/protocol'
import type { HttpTransport } from '../../transport/http-transport.ts'
import { decodeError } from '../../transport/response-error.ts'
import { countSelected, PageSet } from '../page-set.ts'
import type { PullQuery } from '../remote-dialect.ts'
import { continues, isFrameNumber } from './continuity.ts'

/** How often a server is asked that answers a long poll at once, milliseconds. */
const POLL_MS = 500
/** Where page 1 has the size of the database in pages, four bytes, big-endian. */
const SIZE_OFFSET = 28

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
  /** Of which revision the newest answer was found to go on. */
  #continued: string | null = null
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

  /** What a request that was cut has begun, or of a revision that the replica has had. */
  async *#pinned(query: PullQuery, signal: AbortSignal): AsyncGenerator<PullEvent, void, undefined> {
    const asked = this.#knownTo(query)
    const isKnown = this.#latest?.revision === query.serverRevision
    const { sizeInPages } = (this.#latest = isKnown ? this.#latest! : await this.#find(asked, signal))
    let pages = 0
    for await (const event of this.#ask(asked, signal)) {
      if (event.type === 'page') {
        pages += 1
        yield event
      } else yield { type: 'header', header: { ...event.header, sizeInPages } }
    }
    await this.#check(asked, pages, signal)
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
        isOld = event.header.revision === query.clientRevision
        if (isOld && performance.now() + POLL_MS < end) break
        isOld = false
        const header = checked(event.header, query)
        this.#continued = null
        this.#isInDoubt = isFrameNumber(query.clientRevision) && !isFrameNumber(event.header.revision)
        this.#latest = header
        yield { type: 'header', header }
        // Another history that has come just as far: that shows with the next change.
        if (asked !== query && header.revision === query.clientRevision) return
      }
      if (!isOld) {
        await this.#check(asked, pages, signal)
        return
      }
      await sleep(POLL_MS, undefined, { signal })
    }
  }

  /**
   * A revision that no answer was of yet, with its size, which is in its page 1.
   *
   * @throws ProtocolError `TIDEMARK_REVISION_GONE` where the server does not have it
   */
  async #find(asked: PullQuery, signal: AbortSignal): Promise<PullHeader> {
    const { serverRevision: revision } = asked
    using none = new PageSet()
    const first = { ...asked, clientRevision: '', pageSelector: none.selectorOfOthers(1, 1) }
    let newest = ''
    for await (const event of this.#ask({ ...first, serverRevision: '' }, signal))
      if (event.type === 'header') newest = event.header.revision
    // Asked for a frame that it has not reached, tursodb fails with 500; for a name, it gives the newest.
    if (!isFrameNumber(revision) || !isFrameNumber(newest) || Number(newest) < Number(revision)) throw gone()
    for await (const event of this.#ask(first, signal)) {
      if (event.type !== 'page') continue
      const { buffer, byteOffset } = event.image
      return {
        revision,
        sizeInPages: new DataView(buffer, byteOffset).getUint32(SIZE_OFFSET),
        encoding: 'raw',
      }
    }
    throw gone()
  }

  /** Before the pages are taken for what they claim to be. */
  async #check(asked: PullQuery, pages: number, signal: AbortSignal): Promise<void> {
    const header = this.#latest!
    const { clientRevision, pageSelector } = asked
    if (clientRevision === '') {
      const { sizeInPages } = header
      const wanted = pageSelector === null ? sizeInPages : countSelected(pageSelector, sizeInPages)
      if (pages < wanted) throw incomplete(header, pages, wanted)
      return
    }
    const step = `${clientRevision} ${header.revision}`
    if (header.revision === clientRevision || this.#continued === step) return
    const probe = { ...asked, pageSelector: null, longPollTimeoutMs: 0 }
    const ask = (part: Partial<PullQuery>): AsyncGenerator<PullEvent, void, undefined> =>
      this.#ask({ ...probe, ...part }, signal)
    if (await continues(clientRevision, header.revision, asked.oldImage, ask)) {
      this.#continued = step
      return
    }
    this.#strange = clientRevision
    throw gone()
  }

  /** A revision that is not the server's is not mentioned: it then sends all. */
  #knownTo(query: PullQuery): PullQuery {
    return query.clientRevision === this.#strange ? { ...query, clientRevision: '' } : query
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

function incomplete({ sizeInPages }: PullHeader, pages: number, wanted = sizeInPages): ProtocolError {
  return new ProtocolError(
    sizeInPages === 0
      ? 'the server has nothing to send: its database is new, or its WAL was checkpointed, and tursodb serves nothing else. To fill it from here, adopt a copy of this file.'
      : `the server has ${pages} of ${wanted} pages to send: its WAL was checkpointed, and tursodb serves nothing else. Dump its database into a new one.`,
    { code: 'TIDEMARK_SERVER_INCOMPLETE' },
  )
}

function gone(): ProtocolError {
  return new ProtocolError('the server has another history than the one that this replica comes from', {
    code: 'TIDEMARK_REVISION_GONE',
    // Not to be taken for a cut, after which the rest would be fetched.
    recovery: 'pull',
  })
}
