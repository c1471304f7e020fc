import type { ServerInfo } from '@tidemark/protocol'
import type { RemoteDialect } from './remote-dialect.ts'
import type { ReplicaContext } from './sync-context.ts'
import { retrying } from './sync-context.ts'

/** The remote of an open replica. Its URL and what the server said of itself are kept in `-info`, so that the question is asked once. */
export async function remoteOf(context: ReplicaContext, signal: AbortSignal): Promise<RemoteDialect> {
  const { replica, remote } = context
  const saved = { url: replica.info.url, server: replica.info.server as ServerInfo | null }
  const dialect = await retrying(context, 'pull', signal, () => remote.dialect(saved, signal))
  const { found } = remote
  if (found !== null && (found.url !== saved.url || (found.server !== null && saved.server === null))) {
    replica.updateInfo({ url: found.url, server: found.server })
  }
  return dialect
}

/** The server seems to have changed: the next operation asks again what it is. */
export function forgetRemote(context: ReplicaContext): void {
  context.remote.forget()
  context.replica.updateInfo({ server: null })
}
