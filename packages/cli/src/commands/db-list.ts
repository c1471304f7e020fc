import { Command } from 'commander'
import { addAdminOptions, withAdminApi, type AdminOptions } from '../admin-options.ts'
import { formatBytes } from '../quantity.ts'
import { printing, type Result } from '../result.ts'

/** `tidemark db list`. */
export function dbListCommand(): Command {
  return printing(addAdminOptions(new Command('list').description('List all databases.')), listDatabases)
}

async function listDatabases(options: AdminOptions): Promise<Result> {
  const databases = await withAdminApi(options, (api) => api.list())
  const { formatTable } = await import('../table.ts')
  const rows = databases.map((database) =>
    'error' in database
      ? [database.name, '', `cannot be opened: ${database.error.message}`]
      : [database.name, formatBytes(database.bytes), database.revision],
  )
  return {
    json: databases,
    text: rows.length === 0 ? 'No databases.' : formatTable(['NAME', 'SIZE', 'REVISION'], rows, [1]),
  }
}
