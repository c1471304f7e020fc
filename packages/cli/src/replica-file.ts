import { statSync } from 'node:fs'
import { StateError } from '@tidemark/protocol'
import type { ConnectOptions, Database } from '@tidemark/sdk-node'
import { Option, type Command } from 'commander'

export interface RemoteOptions {
  readonly url?: string
  readonly token?: string
}

export interface OpenOptions extends RemoteOptions {
  readonly existing?: NonNullable<ConnectOptions['existing']>
  /** Opens a file that SQLite cannot read too: all but `reset` fails then. Default false. */
  readonly mayBeDamaged?: boolean
}

/** `--url` and `--token` of a command that talks to one database's server. */
export function addRemoteOptions(command: Command, urlDescription: string): Command {
  return command
    .option('--url <url>', urlDescription)
    .addOption(new Option('--token <token>', 'bearer token').env('TIDEMARK_TOKEN'))
}

/**
 * Runs something on an open synced file and closes it, whatever happens.
 *
 * @throws StateError when there is no file and no URL to fetch it from
 */
export async function withReplica<T>(
  path: string,
  { url, token, existing = 'refuse', mayBeDamaged = false }: OpenOptions,
  run: (db: Database) => Promise<T>,
): Promise<T> {
  if (url === undefined) assertExists(path)
  const sdk = await import('@tidemark/sdk-node')
  const options: ConnectOptions = {
    path,
    existing,
    ...(url === undefined ? {} : { url }),
    ...(token === undefined ? {} : { authToken: token }),
  }
  const db = mayBeDamaged ? new sdk.Database(options) : await sdk.connect(options)
  try {
    return await run(db)
  } finally {
    db.close()
  }
}

/** @throws StateError when there is no such file, or it is a folder */
export function assertExists(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isDirectory() === true)
    throw new StateError('TIDEMARK_NOT_A_DATABASE', `${path} is a folder, not a file`, {
      recovery: 'operator',
    })
  if (found !== undefined) return
  throw new StateError(
    'TIDEMARK_NO_FILE',
    `there is no file ${path}; with --url, \`tidemark sync\` fetches it`,
    {
      recovery: 'operator',
    },
  )
}
