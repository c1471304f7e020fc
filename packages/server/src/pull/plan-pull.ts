import { StateError } from '@tidemark/protocol'
import type { PullRequest } from '@tidemark/protocol'
import type { History } from '../history/history.ts'
import { decodePageSelector } from './page-selector.ts'

/** Which pages a pull sends, and which revisions it reads them from. */
export interface PullPlan {
  /** Sequence of the revision sent. */
  readonly target: number
  /** Sequence of the client's revision where its pages can serve as dictionaries; else null. */
  readonly base: number | null
  readonly sizeInPages: number
  /** Ascending. */
  readonly pages: Uint32Array
}

/** The pages that a query reads at a revision, in ascending order. */
export type QueryPages = (query: string, sequence: number) => Uint32Array

/**
 * A client at a revision that this history knows gets the pages that differ; any other gets all. Of those it
 * gets what it selects: pages by number, or those that a query reads, or both together.
 *
 * @throws what `queryPages` throws; StateError `TIDEMARK_REVISION_GONE` when the revision asked for is not
 * retained; ProtocolError for a malformed selector
 */
export function planPull(history: History, request: PullRequest, queryPages: QueryPages): PullPlan {
  const client = request.clientRevision === '' ? null : history.resolveRevision(request.clientRevision)
  const target =
    request.serverRevision === '' ? history.head : history.resolveRevision(request.serverRevision)
  if (target === null) {
    throw new StateError(
      'TIDEMARK_REVISION_GONE',
      `Revision ${request.serverRevision} is not kept any more: history is limited, and the replica must start again from a new bootstrap`,
      {
        recovery: 'reset',
      },
    )
  }
  const sizeInPages = history.sizeAt(target)
  const changed = client === null ? allPages(sizeInPages) : pagesThatDiffer(history, client, target)
  const selected = selectedPages(request, target, sizeInPages, queryPages)
  if (selected === null) return { target, base: client, sizeInPages, pages: changed }
  // A client that selects pages may lack others, and which is not known here.
  return {
    target,
    base: null,
    sizeInPages,
    pages: client === null ? selected : intersection(changed, selected),
  }
}

/** Null: all. */
function selectedPages(
  { pageSelector, serverQuery }: PullRequest,
  target: number,
  sizeInPages: number,
  queryPages: QueryPages,
): Uint32Array | null {
  const byNumber = pageSelector === null ? null : decodePageSelector(pageSelector, sizeInPages)
  const byQuery = serverQuery === null ? null : queryPages(serverQuery, target)
  if (byNumber === null || byQuery === null) return byNumber ?? byQuery
  return Uint32Array.from(new Set([...byNumber, ...byQuery])).toSorted()
}

function allPages(sizeInPages: number): Uint32Array {
  return Uint32Array.from({ length: sizeInPages }, (_, index) => index + 1)
}

/** A client may be ahead of the revision that it asks for. */
function pagesThatDiffer(history: History, client: number, target: number): Uint32Array {
  const size = history.sizeAt(target)
  const pages = history.changedBetween(Math.min(client, target), Math.max(client, target))
  return client <= target ? pages : pages.filter((page) => page <= size)
}

/** Both ascending. */
function intersection(a: Uint32Array, b: Uint32Array): Uint32Array {
  const wanted = new Set(b)
  return a.filter((page) => wanted.has(page))
}
