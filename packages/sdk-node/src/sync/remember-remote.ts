import { isDeepStrictEqual } from 'node:util'
import { isTidemarkError } from '@tidemark/protocol'
import { NetworkError } from '../errors/network-error.ts'
import type { KnownServer } from '../transport/server-info.ts'
import type { RemoteDialect } from './remote-dialect.ts'
import type { ReplicaContext } from './sync-context.ts'
import { retrying } from './sync-context.ts'

/** Failures by which a server of the other kind may show itself. */
const DOUBTFUL_CODES = ['TIDEMARK_NOT_FOUND', 'TIDEMARK_HTTP', 'TIDEMARK_REMOTE_FAILURE']

/**
 * The remote of an open replica. Its URL and what the server said of itself are kept in `-info`, so that the
 * question is asked once.
 */
export async function remoteOf(context: ReplicaContext, signal: AbortSignal): Promise<RemoteDialect> {
  const { replica, remote } = context
  const saved = { url: replica.info.url, server: replica.info.server as KnownServer | null }
  const dialect = await retrying(context, 'pull', signal, () => remote.dialect(saved, signal))
  const { found } = remote
  if (found !== null && (found.url !== saved.url || !isDeepStrictEqual(found.server, saved.server))) {
    replica.updateInfo({ url: found.url, server: found.server })
  }
  return dialect
}

/**
 * Frames in the WAL above which the server takes no push, as it said when it was asked what it is; null: it
 * has not said.
 */
export function maxWalPagesOf({ remote, replica }: ReplicaContext): number | null {
  const server = remote.found?.server ?? (replica.info.server as KnownServer | null)
  return server === null || 'turso' in server ? null : server.limits.max_wal_pages
}

/**
 * True if `error` comes from a server of another kind than the one that was remembered: then the operation
 * may be tried again. An endpoint that is gone or fails is asked again what it is.
 *
 * @throws ProtocolError with the recovery `upgrade` where it has a later dialect by now
 */
export async function isOtherKind(
  error: unknown,
  context: ReplicaContext,
  signal: AbortSignal,
): Promise<boolean> {
  const { remote, replica } = context
  const known = remote.found?.server ?? null
  if (!(error instanceof NetworkError) || !DOUBTFUL_CODES.includes(error.code)) return false
  remote.forget()
  replica.updateInfo({ server: null })
  try {
    await remoteOf(context, signal)
  } catch (answer) {
    if (isTidemarkError(answer) && answer.recovery === 'upgrade') throw answer
    return false
  }
  const now = remote.found?.server ?? null
  return known !== null && now !== null && 'turso' in known !== 'turso' in now
}
