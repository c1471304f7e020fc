import { createInterface } from 'node:readline/promises'
import { TidemarkError } from '@tidemark/protocol'
import { Command } from 'commander'
import { addAdminOptions, withAdminApi, type AdminOptions } from '../admin-options.ts'
import { printing, type Result } from '../result.ts'

interface DestroyOptions extends AdminOptions {
  readonly yes?: boolean
}

/** `tidemark db destroy NAME`: asks first, unless told not to. */
export function dbDestroyCommand(): Command {
  const command = new Command('destroy')
    .description('Destroy a database and its history, for good.')
    .argument('<name>', 'its name')
    .option('-y, --yes', 'do not ask')
  return printing(addAdminOptions(command), destroyDatabase)
}

async function destroyDatabase(name: string, options: DestroyOptions): Promise<Result> {
  if (options.yes !== true) await confirm(name)
  await withAdminApi(options, (api) => api.destroy(name))
  return { json: { destroyed: name }, text: `Destroyed ${name}.` }
}

/** @throws TidemarkError unless somebody at a terminal types the name */
async function confirm(name: string): Promise<void> {
  if (!process.stdin.isTTY)
    throw notConfirmed(`not asked: there is no terminal; give --yes to destroy ${name}`)
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const typed = await terminal.question(
      `This destroys ${name} and its history for good. Type its name to go on: `,
    )
    if (typed.trim() !== name) throw notConfirmed(`${name} was not destroyed`)
  } finally {
    terminal.close()
  }
}

function notConfirmed(message: string): TidemarkError {
  return new TidemarkError('TIDEMARK_NOT_CONFIRMED', message, { recovery: 'operator' })
}
