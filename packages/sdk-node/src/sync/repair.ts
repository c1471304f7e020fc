import { loadInfo, Replica } from '@tidemark/engine'
import type { ReplicaOptions } from '@tidemark/engine'
import { fetchWhole } from './fetch-whole.ts'
import { retrying } from './sync-context.ts'
import type { SyncContext } from './sync-context.ts'
import type { KnownServer } from '../transport/server-info.ts'

/**
 * A reset of a file that SQLite cannot read any more, because of what a server has sent. `reopen` is called
 * when it can be read again, and puts what was pending on top.
 */
export async function repair<T>(
  context: SyncContext,
  path: string,
  options: ReplicaOptions & { readonly keepPending: boolean },
  signal: AbortSignal,
  reopen: () => Promise<T>,
): Promise<T> {
  const { remote } = context
  const { url, server } = loadInfo(`${path}-info`)
  const dialect = await retrying(context, 'pull', signal, () =>
    remote.dialect({ url, server: server as KnownServer | null }, signal),
  )
  return await Replica.repair(path, options, (stage) => fetchWhole(context, dialect, stage, signal), reopen)
}
