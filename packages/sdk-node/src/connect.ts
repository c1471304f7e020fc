import { Database } from './database/database.ts'
import type { ConnectOptions } from './options/connect-options.ts'

/**
 * Opens a synced database. Without a local file the remote database is downloaded first; while there is no URL, an empty one is created.
 *
 * @throws OptionsError for options that make no sense; StateError for local files that are not what they should be; NetworkError,
 * AuthError, ProtocolError when the download fails, which leaves nothing behind
 */
export async function connect(options: ConnectOptions): Promise<Database> {
  const database = new Database(options)
  try {
    return await database.connect()
  } catch (error) {
    database.close()
    throw error
  }
}
