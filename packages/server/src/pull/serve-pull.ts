import { decodePullRequest, PAGE_SIZE, ProtocolError, PullEncoder } from '@tidemark/protocol'
import type { PulledPage, PullRequest } from '@tidemark/protocol'
import type { Database } from '../database/database.ts'
import type { History } from '../history/history.ts'
import { planPull } from './plan-pull.ts'
import type { PullPlan } from './plan-pull.ts'
import { rawPagesLength } from './pull-length.ts'

const PAGES_PER_CHUNK = 64

export interface PullOptions {
  /** The client understands the Tidemark dialect. */
  readonly isTidemark: boolean
  readonly maxLongPollMs: number
  /** Send this revision, whatever the request says: a pull that another worker began. */
  readonly pinnedRevision: string | null
  /** Leave out as many bytes of the stream: they were sent. */
  readonly skipBytes: number
  readonly signal: AbortSignal
}

export interface PullAnswer {
  readonly revision: string
  /** Null where it is not known before: groups are compressed as they are sent. */
  readonly contentLength: number | null
  readonly chunks: Iterable<Uint8Array>
}

/**
 * `POST /pull-updates`: answers the pages of one revision, read from the history while others write. The revision stays readable until
 * `chunks` is read to its end or returned from.
 *
 * @throws ProtocolError, LimitError, StateError before anything is sent
 */
export async function servePull(
  database: Database,
  body: Uint8Array,
  options: PullOptions,
): Promise<PullAnswer> {
  const decoded = decodePullRequest(body)
  if (decoded.serverQuery !== null) throw new ProtocolError('Selecting pages by a query is not supported')
  const request =
    options.pinnedRevision === null ? decoded : { ...decoded, serverRevision: options.pinnedRevision }
  await waitForNews(database, request, options)
  database.assertOpen()
  const { history } = database
  const plan = planPull(history, request)
  const dialect = options.isTidemark && request.encoding === 'zstd' ? 'tidemark' : 'turso'
  const encoder = new PullEncoder(dialect)
  const revision = history.formatRevision(plan.target)
  const header = encoder.header({ revision, sizeInPages: plan.sizeInPages })
  return {
    revision,
    contentLength: dialect === 'turso' ? header.byteLength + rawPagesLength(plan.pages) : null,
    chunks: skip(pullStream(history, plan, encoder, header), options.skipBytes),
  }
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

function* pullStream(
  history: History,
  plan: PullPlan,
  encoder: PullEncoder,
  header: Uint8Array,
): Generator<Uint8Array> {
  const unpin = history.pin(plan.base === null ? plan.target : Math.min(plan.base, plan.target))
  try {
    yield header
    for (let start = 0; start < plan.pages.length; start += PAGES_PER_CHUNK) {
      yield encoder.pages(readPages(history, plan, plan.pages.subarray(start, start + PAGES_PER_CHUNK)))
    }
    const end = encoder.end()
    if (end.byteLength > 0) yield end
  } finally {
    unpin()
  }
}

function readPages(history: History, { target, base }: PullPlan, pages: Uint32Array): PulledPage[] {
  const baseSize = base === null ? 0 : history.sizeAt(base)
  const images = Buffer.allocUnsafeSlow(pages.length * PAGE_SIZE)
  const oldImages = Buffer.allocUnsafeSlow(base === null ? 0 : pages.length * PAGE_SIZE)
  return Array.from(pages, (pageNumber, index) => {
    const image = images.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE)
    history.readPage(pageNumber, target, image)
    if (base === null || pageNumber > baseSize) return { pageNumber, image, oldImage: null }
    const oldImage = oldImages.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE)
    history.readPage(pageNumber, base, oldImage)
    return { pageNumber, image, oldImage }
  })
}

function* skip(chunks: Iterable<Uint8Array>, bytes: number): Generator<Uint8Array> {
  let left = bytes
  for (const chunk of chunks) {
    if (left < chunk.byteLength) yield left === 0 ? chunk : chunk.subarray(left)
    left = Math.max(left - chunk.byteLength, 0)
  }
}
