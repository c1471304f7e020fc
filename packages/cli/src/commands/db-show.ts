import { Command } from 'commander'
import { addAdminOptions, withAdminApi, type AdminOptions } from '../admin-options.ts'
import { formatBytes, formatCount } from '../quantity.ts'
import { printing, type Result } from '../result.ts'

/** `tidemark db show NAME`. */
export function dbShowCommand(): Command {
  const command = new Command('show').description('Show one database.').argument('<name>', 'its name')
  return printing(addAdminOptions(command), showDatabase)
}

async function showDatabase(name: string, options: AdminOptions): Promise<Result> {
  const database = await withAdminApi(options, (api) => api.show(name))
  const { formatFields } = await import('../table.ts')
  return {
    json: database,
    text: formatFields([
      ['name', database.name],
      ['id', database.id],
      ['size', `${formatBytes(database.bytes)} on disk, ${formatCount(database.sizeInPages, 'page')}`],
      ['history', formatBytes(database.historyBytes)],
      ['revision', database.revision],
      ['created', database.createdAt],
    ]),
  }
}
