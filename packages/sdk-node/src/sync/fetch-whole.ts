import { ProtocolError } from '@tidemark/protocol'
import { fetchPages } from './fetch-pages.ts'
import type { PageSink } from './fetch-pages.ts'
import type { RemoteDialect } from './remote-dialect.ts'
import { retrying } from './sync-context.ts'
import type { SyncContext } from './sync-context.ts'

/** Downloads all pages of the newest revision into `sink`. Returns what they make up. @throws as `fetchPages` */
export async function fetchWhole(
  context: SyncContext,
  dialect: RemoteDialect,
  sink: PageSink,
  signal: AbortSignal,
): Promise<{ readonly revision: string; readonly sizeInPages: number }> {
  const { header, pages } = await fetchPages({
    dialect,
    clientRevision: '',
    oldImage: () => null,
    pagesPerRequest: context.settings.pullPagesThreshold,
    opened: null,
    openSink: () => sink,
    attempt: (run) => retrying(context, 'pull', signal, run),
    signal,
  })
  if (header.sizeInPages === 0) {
    throw new ProtocolError(
      'the server has nothing to send: its database is new, or its WAL was checkpointed, and tursodb serves nothing else. The local file stays as it is; push() sends what is pending.',
      { code: 'TIDEMARK_SERVER_INCOMPLETE' },
    )
  }
  context.counters.pagesPulled += pages
  return { revision: header.revision, sizeInPages: header.sizeInPages }
}
