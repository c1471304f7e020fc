import { Replica } from '@tidemark/engine'
import type { BootstrapWriter } from '@tidemark/engine'
import { fetchPages } from './fetch-pages.ts'
import { newClientId } from './client-id.ts'
import { retrying } from './sync-context.ts'
import type { SyncContext } from './sync-context.ts'

/**
 * Downloads the whole database to `path`, which is in place, complete, when this resolves. Nothing is left
 * behind by a failure.
 */
export async function bootstrap(
  context: SyncContext,
  path: string,
  url: string,
  signal: AbortSignal,
): Promise<void> {
  const { settings, remote } = context
  const dialect = await retrying(context, 'pull', signal, () => remote.dialect({ url, server: null }, signal))
  let writer: BootstrapWriter | null = null
  const openWriter = (): BootstrapWriter => {
    writer = Replica.bootstrap(path, { clientId: newClientId(settings.clientName), url })
    return writer
  }
  try {
    const fetched = await fetchPages({
      dialect,
      clientRevision: '',
      oldImage: () => null,
      pagesPerRequest: settings.pullPagesThreshold,
      opened: null,
      openSink: openWriter,
      attempt: (run) => retrying(context, 'pull', signal, run),
      signal,
    })
    context.counters.pagesPulled += fetched.pages
    // A server without a single page: what is made here is all there is.
    if (!fetched.isNew) Replica.createFiles(path, { clientId: newClientId(settings.clientName), url })
    ;(writer as BootstrapWriter | null)?.finish({
      revision: fetched.header.revision,
      sizeInPages: fetched.header.sizeInPages,
    })
  } catch (error) {
    ;(writer as BootstrapWriter | null)?.abort()
    throw error
  }
}
