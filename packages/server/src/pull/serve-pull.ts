import { BusyError, decodePullRequest, PullEncoder } from '@tidemark/protocol'
import type { PullEcho, PullRequest, PushedRows } from '@tidemark/protocol'
import type { Database } from '../database/database.ts'
import type { History } from '../history/history.ts'
import type { KeptPull } from './kept-pull.ts'
import type { LargePull, LargePulls } from './large-pulls.ts'
import { planPull } from './plan-pull.ts'
import type { PullPlan } from './plan-pull.ts'
import { rawPullLength } from './pull-length.ts'
import { PAGES_PER_CHUNK, pullStream } from './pull-stream.ts'
import { QueryEngine } from './query-engine.ts'
import { skipBytes } from './skip-bytes.ts'

/** More than the query's own timeout, which it notices itself but inside a single step. */
const WATCHDOG_MARGIN_MS = 500
const NO_PAGES = new Uint32Array(0)
/** A larger revision, 256 MiB of pages, is not kept: it takes the disk as much again, compressed. */
const MAX_KEPT_PAGES = 65_536

export interface PullOptions {
  /** The client understands the Tidemark dialect. */
  readonly isTidemark: boolean
  readonly maxLongPollMs: number
  /** Send this revision, whatever the request says: a pull that another worker began. */
  readonly pinnedRevision: string | null
  /**
   * What is not short is one of these, and compressed in the thread pool. Null: nothing depends on when threads run.
   */
  readonly largePulls: LargePulls | null
  /** Where the stream of all pages may be kept; null: nowhere. */
  readonly kept: KeptPull | null
  /** Leave out as many bytes of the stream: they were sent. */
  readonly skipBytes: number
  /** The rows of pushes that the client has named; null where they are not known any more. */
  readonly pushedRows: (echo: PullEcho) => PushedRows | null
  /** For a query that selects pages. */
  readonly queryTimeoutMs: number
  /** Runs what may block; the process ends where it takes longer than `allowanceMs`. */
  readonly run: <T>(allowanceMs: number, statement: () => T) => T
  readonly signal: AbortSignal
}

export interface PullAnswer {
  readonly revision: string
  /** Null where it is not known before: groups are compressed as they are sent. */
  readonly contentLength: number | null
  /**
   * The client has the newest revision and need not wait: until the next commit the same request gets the same answer.
   */
  readonly isNothingNew: boolean
  /** There is one chunk of pages at most. */
  readonly isShort: boolean
  readonly chunks: AsyncIterable<Uint8Array>
}

/**
 * `POST /pull-updates`: answers the pages of one revision, read from the history while others write. The
 * revision stays readable until `chunks`, which are to be begun in any case, are read to their end or
 * returned from.
 *
 * @throws ProtocolError, LimitError, StateError, BusyError before anything is sent
 */
export async function servePull(
  database: Database,
  body: Uint8Array,
  options: PullOptions,
): Promise<PullAnswer> {
  const decoded = decodePullRequest(body)
  // A second run of the query might read other pages, and another worker does not know the pushes.
  if ((decoded.serverQuery !== null || decoded.echo !== undefined) && options.skipBytes > 0)
    throw new BusyError('The pull was interrupted')
  const queryEngine = decoded.serverQuery === null ? null : await QueryEngine.load()
  const request =
    options.pinnedRevision === null ? decoded : { ...decoded, serverRevision: options.pinnedRevision }
  await waitForNews(database, request, options)
  database.assertOpen()
  // A Turso client takes a commit that its watermark has and its pages have not for one that is still to be made.
  if (!options.isTidemark) database.recordCommits()
  const { history } = database
  const plan = planPull(history, request, (query, sequence) =>
    queryEngine === null ? NO_PAGES : pagesReadBy(queryEngine, query, history, sequence, options),
  )
  const dialect = options.isTidemark && request.encoding === 'zstd' ? 'tidemark' : 'turso'
  const pushed = dialect === 'turso' || decoded.echo === undefined ? null : options.pushedRows(decoded.echo)
  const { sizeInPages } = plan
  const revision = history.formatRevision(plan.target)
  const isShort = plan.pages.length <= PAGES_PER_CHUNK
  const besideBytes = plan.pages.byteLength + (pushed?.memoryBytes ?? 0)
  // Taken at once: of many that are asked for at the same moment none has begun to read.
  const place = isShort ? null : (options.largePulls?.begin(besideBytes) ?? null)
  const stream = (): AsyncGenerator<Uint8Array> => {
    const encoder = new PullEncoder(dialect, pushed)
    const header = encoder.header({ revision, sizeInPages })
    return pullStream(history, plan, encoder, { header, place })
  }
  // What refers to the rows that a client has pushed is for that client.
  const mayBeKept = dialect === 'tidemark' && pushed === null && !isShort && isWholeRevision(plan)
  const chunks =
    mayBeKept && options.kept !== null
      ? whilePinned(history, plan.target, options.kept.stream(revision, stream))
      : stream()
  const sent = skipBytes(chunks, options.skipBytes)
  return {
    revision,
    isShort,
    isNothingNew: plan.pages.length === 0 && decoded.clientRevision === revision && isForNow(decoded),
    contentLength: dialect === 'turso' ? rawPullLength({ revision, sizeInPages }, plan.pages) : null,
    chunks: place === null ? sent : inPlace(place, sent),
  }
}

async function* inPlace(place: LargePull, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks
  } finally {
    place.end()
  }
}

/** It asks for the newest revision, and does not wait for another. */
function isForNow({ serverRevision, longPollTimeoutMs }: PullRequest): boolean {
  return serverRevision === '' && longPollTimeoutMs === 0
}

/** It depends on nothing but its revision. */
function isWholeRevision({ base, pages, sizeInPages }: PullPlan): boolean {
  return base === null && pages.length === sizeInPages && sizeInPages <= MAX_KEPT_PAGES
}

async function* whilePinned(
  history: History,
  sequence: number,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const unpin = history.pin(sequence)
  try {
    yield* chunks
  } finally {
    unpin()
  }
}

function pagesReadBy(
  engine: QueryEngine,
  query: string,
  history: History,
  sequence: number,
  { queryTimeoutMs, run }: PullOptions,
): Uint32Array {
  const source = {
    sizeInPages: history.sizeAt(sequence),
    readPage: (pageNumber: number, target: Uint8Array) => history.readPage(pageNumber, sequence, target),
  }
  return run(queryTimeoutMs + WATCHDOG_MARGIN_MS, () => engine.pagesReadBy(query, source, queryTimeoutMs))
}

async function waitForNews(
  { commits, history }: Database,
  request: PullRequest,
  options: PullOptions,
): Promise<void> {
  if (request.longPollTimeoutMs === 0 || request.clientRevision === '' || request.serverRevision !== '')
    return
  if (history.resolveRevision(request.clientRevision) !== history.head) return
  await commits.wait(Math.min(request.longPollTimeoutMs, options.maxLongPollMs), options.signal)
}
