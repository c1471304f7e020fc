import { whenFree } from './sync/when-free.ts'
import { Database } from './database/database.ts'
import type { ConnectOptions } from './options/connect-options.ts'

/** How long a file is waited for that another database object of this thread is syncing. */
const PATIENCE_MS = 10_000

/**
 * Opens a synced database. Without a local file the remote database is downloaded first; while there is no
 * URL, an empty one is created.
 *
 * @throws OptionsError for options that make no sense; StateError for local files that are not what they
 * should be; BusyError; NetworkError, AuthError, ProtocolError when the download fails, which leaves nothing
 * behind
 */
export async function connect(options: ConnectOptions): Promise<Database> {
  const database = await whenFree(null, () => new Database(options), PATIENCE_MS)
  try {
    return await database.connect()
  } catch (error) {
    database.close()
    throw error
  }
}
