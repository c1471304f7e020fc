import { Command } from 'commander'
import { addAdminOptions, withAdminApi, type AdminOptions } from '../admin-options.ts'
import { printing, type Result } from '../result.ts'

/** `tidemark db create NAME`. */
export function dbCreateCommand(): Command {
  const command = new Command('create')
    .description('Create an empty database.')
    .argument('<name>', 'lower-case letters, digits, - and _; at most 63')
  return printing(addAdminOptions(command), createDatabase)
}

async function createDatabase(name: string, options: AdminOptions): Promise<Result> {
  const database = await withAdminApi(options, (api) => api.create(name), { makesFolder: true })
  return { json: database, text: `Created ${database.name}.` }
}
