import { ProtocolError } from '@tidemark/protocol'
import type { PullStage } from '@tidemark/engine'
import { applyStaged, tellRollback } from './apply-staged.ts'
import { fetchPages } from './fetch-pages.ts'
import type { FetchedPages, OpenedAnswer } from './fetch-pages.ts'
import type { Echo, RemoteDialect } from './remote-dialect.ts'
import { rebase } from './rebase.ts'
import { remoteOf } from './remember-remote.ts'
import { exclusively, retrying } from './sync-context.ts'
import type { ReplicaContext } from './sync-context.ts'
import { startingOver } from './starting-over.ts'

/**
 * Brings the replica to the server's newest revision, with the pending changes on top. True if anything new arrived.
 * While the server is waited for (long poll) no lock is held, so that pushes go on.
 */
export async function pull(
  context: ReplicaContext,
  longPollTimeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const dialect = await remoteOf(context, signal)
  if (longPollTimeoutMs > 0 && context.replica.info.revision !== '') {
    return await pullWhenNew(context, dialect, longPollTimeoutMs, signal)
  }
  return await exclusively(context, signal, () => pullLocked(context, dialect, null, signal))
}

async function pullWhenNew(
  context: ReplicaContext,
  dialect: RemoteDialect,
  longPollTimeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const { revision, pushId } = context.replica.info
  const opened = await retrying(context, 'pull', signal, () =>
    openAnswer(context, dialect, revision, longPollTimeoutMs, signal),
  )
  try {
    return await exclusively(context, signal, () => {
      // An answer from before a push does not have it.
      const { info } = context.replica
      const isStale = info.revision !== revision || info.pushId !== pushId
      return pullLocked(context, dialect, isStale ? null : opened, signal)
    })
  } finally {
    await opened.rest.return()
  }
}

/** Sends the request and reads only the header: what follows is decoded against the base, which needs the lock. */
async function openAnswer(
  context: ReplicaContext,
  dialect: RemoteDialect,
  revision: string,
  longPollTimeoutMs: number,
  signal: AbortSignal,
): Promise<OpenedAnswer> {
  const rest = dialect.pull(
    {
      clientRevision: revision,
      serverRevision: '',
      pageSelector: null,
      longPollTimeoutMs,
      oldImage: (pageNumber) => context.replica.baseImage(pageNumber),
      echo: echoOf(context),
    },
    signal,
  )
  try {
    for (;;) {
      const { value: begun, done } = await rest.next()
      if (done === true) throw withoutHeader()
      const first = begun.next()
      if (first.done === true) continue
      if (first.value.type !== 'header') throw withoutHeader()
      return { header: first.value.header, begun, rest }
    }
  } catch (error) {
    await rest.return()
    throw error
  }
}

function withoutHeader(): ProtocolError {
  return new ProtocolError('the answer to a pull has no header')
}

/** A pull for a caller that holds the sync lock. */
export async function pullLocked(
  context: ReplicaContext,
  dialect: RemoteDialect,
  opened: OpenedAnswer | null,
  signal: AbortSignal,
): Promise<boolean> {
  if (context.replica.needsRebase) {
    const isNewest = context.replica.rebuildRevision === ''
    await rebase(context, dialect, signal)
    if (!isNewest) await pullLocked(context, dialect, null, signal)
    return true
  }
  let answer = opened
  return await startingOver(() => {
    const attempt = fetchAndApply(context, dialect, answer, signal)
    answer = null
    return attempt
  })
}

async function fetchAndApply(
  context: ReplicaContext,
  dialect: RemoteDialect,
  opened: OpenedAnswer | null,
  signal: AbortSignal,
): Promise<boolean> {
  const { replica, settings } = context
  let stage: PullStage | null = null
  let fetched: FetchedPages
  try {
    fetched = await fetchPages({
      dialect,
      clientRevision: replica.info.revision,
      oldImage: (pageNumber) => replica.baseImage(pageNumber),
      echo: opened === null ? echoOf(context) : null,
      pagesPerRequest: settings.pullPagesThreshold,
      opened,
      openSink: () => (stage = replica.stagePull()),
      attempt: (run) => retrying(context, 'pull', signal, run),
      signal,
    })
  } catch (error) {
    ;(stage as PullStage | null)?.abort()
    throw error
  }
  context.counters.pagesPulled += fetched.pages
  if (stage === null) {
    const { lastPushedChangeId } = replica.info
    replica.noteUnchanged(unixTime())
    tellRollback(context, lastPushedChangeId)
    return false
  }
  ;(stage as PullStage).finish({ revision: fetched.header.revision, sizeInPages: fetched.header.sizeInPages })
  await applyStaged(context, signal)
  return true
}

/** What a hook has rewritten cannot be told from the captured changes. */
function echoOf({ replica, settings }: ReplicaContext): Echo | null {
  if (settings.transform !== null) return null
  const acknowledged = replica.acknowledgedRows()
  return acknowledged === null ? null : { ...acknowledged, clientId: replica.info.clientId }
}

/** Seconds since the epoch. */
function unixTime(): number {
  return Math.floor(Date.now() / 1000)
}
