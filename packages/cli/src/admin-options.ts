import { existsSync } from 'node:fs'
import { StateError } from '@tidemark/protocol'
import { Option, type Command } from 'commander'
import type { AdminApi } from './admin-api.ts'
import { parseServerUrl } from './server-url.ts'

/** Either `url` or `data` is there. */
export interface AdminOptions {
  readonly url?: string
  readonly token?: string
  readonly data?: string
}

/** Gives a command the options that say which server's databases it is about. */
export function addAdminOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--url <url>', "the server's address").env('TIDEMARK_URL').argParser(parseServerUrl),
    )
    .addOption(new Option('--token <token>', 'admin token').env('TIDEMARK_TOKEN'))
    .addOption(
      new Option('--data <folder>', 'the data folder of a server that is not running').conflicts('url'),
    )
    .hook('preAction', () => {
      const { url, data } = command.opts<AdminOptions>()
      if (url === undefined && data === undefined) {
        command.error('error: which server? give --url, or --data for one that is not running')
      }
    })
}

/**
 * Runs something with an admin API: that of a running server, or of one that is started on the data folder
 * for the moment.
 *
 * @throws TidemarkError when the server cannot be reached or refuses; StateError where there is no such
 * folder, and nothing is to be made in it
 */
export async function withAdminApi<T>(
  { url, token, data = '' }: AdminOptions,
  run: (api: AdminApi) => Promise<T>,
  { makesFolder = false }: { readonly makesFolder?: boolean } = {},
): Promise<T> {
  const { AdminApi } = await import('./admin-api.ts')
  if (url !== undefined) return run(new AdminApi(url, token))
  if (!makesFolder && !existsSync(data)) {
    throw new StateError('TIDEMARK_NO_FOLDER', `there is no folder ${data}; check the path`, {
      recovery: 'operator',
    })
  }
  const { createServer } = await import('@tidemark/server')
  const server = createServer({ data, host: '127.0.0.1', port: 0 })
  try {
    const { host, port } = await server.listen()
    return await run(new AdminApi(`http://${host}:${port}`, undefined))
  } finally {
    await server.close()
  }
}
