import { ProtocolError, PROTOCOL_LIMITS } from '@tidemark/protocol'
import type { PageHashesResponse } from '@tidemark/protocol'
import type { BaseRebuild } from '@tidemark/engine'
import { applyStaged } from './apply-staged.ts'
import { fetchPages } from './fetch-pages.ts'
import { PageSet } from './page-set.ts'
import type { RemoteDialect } from './remote-dialect.ts'
import { startingOver } from './starting-over.ts'
import { retrying } from './sync-context.ts'
import type { ReplicaContext } from './sync-context.ts'

const HASH_BYTES = 8

/**
 * Finds the base again after another program has checkpointed the file while it was closed: fetches the pages
 * that differ from the server's, then puts what is pending on top. Under the sync lock. Nothing is lost; it
 * costs a hash per page and the pages that differ. Begins again with the newest revision where the server no
 * longer has the one that it was fetching.
 */
export async function rebase(
  context: ReplicaContext,
  dialect: RemoteDialect,
  signal: AbortSignal,
): Promise<void> {
  let wanted = context.replica.rebuildRevision
  const revision = await startingOver(() => {
    const attempt = rebaseTo(context, dialect, wanted, signal)
    wanted = ''
    return attempt
  })
  context.events.emit('rebased', { revision })
}

/** @returns the revision that the base is now */
async function rebaseTo(
  context: ReplicaContext,
  dialect: RemoteDialect,
  wanted: string,
  signal: AbortSignal,
): Promise<string> {
  const { replica } = context
  const rebuild = await retrying(context, 'pull', signal, () => replica.rebuildBase())
  try {
    const end = await fetchDifferingPages(context, dialect, rebuild, wanted, signal)
    rebuild.finish(end)
    await applyStaged(context, signal)
    return end.revision
  } catch (error) {
    rebuild.abort()
    throw error
  }
}

interface Fetched {
  readonly revision: string
  readonly sizeInPages: number
}

async function fetchDifferingPages(
  context: ReplicaContext,
  dialect: RemoteDialect,
  rebuild: BaseRebuild,
  wanted: string,
  signal: AbortSignal,
): Promise<Fetched> {
  using same = new PageSet()
  const hashed = await findEqualPages(context, dialect, { rebuild, wanted, same }, signal)
  const fetched = await fetchPages({
    dialect,
    clientRevision: '',
    serverRevision: hashed?.revision ?? wanted,
    oldImage: () => null,
    pagesPerRequest: context.settings.pullPagesThreshold,
    opened: null,
    ...(hashed === null ? {} : { known: { pages: same, sizeInPages: hashed.sizeInPages } }),
    openSink: () => ({ writePage: (pageNumber, image) => rebuild.addPage(pageNumber, image) }),
    attempt: (run) => retrying(context, 'pull', signal, run),
    signal,
  })
  context.counters.pagesPulled += fetched.pages
  const { revision, sizeInPages } = fetched.header
  if (fetched.pages + same.size !== sizeInPages) {
    throw new ProtocolError(
      `the server announced ${sizeInPages} pages and sent ${fetched.pages} of the missing ones`,
    )
  }
  return { revision, sizeInPages }
}

/** Fills `same` with the local pages that are the server's. Null where the dialect cannot tell. */
async function findEqualPages(
  context: ReplicaContext,
  dialect: RemoteDialect,
  search: { readonly rebuild: BaseRebuild; readonly wanted: string; readonly same: PageSet },
  signal: AbortSignal,
): Promise<PageHashesResponse | null> {
  const { rebuild, wanted, same } = search
  const pageHashes = dialect.pageHashes?.bind(dialect)
  if (pageHashes === undefined) return null
  const ask = (revision: string, firstPage: number): Promise<PageHashesResponse> =>
    retrying(context, 'pull', signal, async () => {
      const request = { revision, firstPage, pageCount: PROTOCOL_LIMITS.pageHashesPerRequest }
      return await pageHashes(request, signal)
    })
  const first = await ask(wanted, 1)
  let answer = first
  let firstPage = 1
  for (;;) {
    const count = compareHashes(answer.hashes, firstPage, rebuild, same)
    firstPage += count
    if (count === 0 || firstPage > first.sizeInPages) return first
    answer = await ask(first.revision, firstPage)
    if (answer.revision !== first.revision || answer.sizeInPages !== first.sizeInPages) {
      throw new ProtocolError('the server changed the revision between two answers of page hashes')
    }
  }
}

function compareHashes(hashes: Uint8Array, firstPage: number, rebuild: BaseRebuild, same: PageSet): number {
  const count = Math.floor(hashes.byteLength / HASH_BYTES)
  for (let index = 0; index < count; index += 1) {
    const local = rebuild.localHash(firstPage + index)
    const remote = hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)
    if (local !== null && Buffer.compare(local, remote) === 0) same.add(firstPage + index)
  }
  return count
}
