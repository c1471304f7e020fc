import { loadInfo, Replica } from '@tidemark/engine'
import type { ReplicaOptions } from '@tidemark/engine'
import { fetchPages } from './fetch-pages.ts'
import { retrying } from './sync-context.ts'
import type { SyncContext } from './sync-context.ts'
import type { KnownServer } from '../transport/server-info.ts'

/**
 * A reset of a file that SQLite cannot read any more, because of what a server has sent. `reopen` is called when it can be read again, and puts
 * what was pending on top.
 */
export async function repair<T>(
  context: SyncContext,
  path: string,
  options: ReplicaOptions & { readonly keepPending: boolean },
  signal: AbortSignal,
  reopen: () => Promise<T>,
): Promise<T> {
  const { settings, counters, remote } = context
  const { url, server } = loadInfo(`${path}-info`)
  const dialect = await retrying(context, 'pull', signal, () =>
    remote.dialect({ url, server: server as KnownServer | null }, signal),
  )
  return await Replica.repair(
    path,
    options,
    async (stage) => {
      const { header, pages } = await fetchPages({
        dialect,
        clientRevision: '',
        oldImage: () => null,
        pagesPerRequest: settings.pullPagesThreshold,
        opened: null,
        openSink: () => stage,
        attempt: (run) => retrying(context, 'pull', signal, run),
        signal,
      })
      counters.pagesPulled += pages
      return { revision: header.revision, sizeInPages: header.sizeInPages }
    },
    reopen,
  )
}
