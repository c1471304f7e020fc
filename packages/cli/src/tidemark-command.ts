import { styleText } from 'node:util'
import { Command } from 'commander'
import { checkpointCommand } from './commands/checkpoint.ts'
import { dbCommand } from './commands/db.ts'
import { discardCommand } from './commands/discard.ts'
import { healthCommand } from './commands/health.ts'
import { keyCommand } from './commands/key-create.ts'
import { pendingCommand } from './commands/pending.ts'
import { resetCommand } from './commands/reset.ts'
import { serveCommand } from './commands/serve.ts'
import { statusCommand } from './commands/status.ts'
import { syncCommand } from './commands/sync.ts'
import { tokenCommand } from './commands/token-create.ts'
import { version } from './version.ts'

const EXIT_CODES = `
Exit codes:
  0  done
  1  failed; the same command fails again until something is changed
  2  the command line is wrong; nothing was done
  3  failed for now: busy, locked, or the server is not reachable; try again
  4  the data needs a decision: a conflict, or a row that the server refuses

Environment:
  TIDEMARK_URL    for --url of db and health
  TIDEMARK_TOKEN  for --token`

/**
 * The whole command line. Errors are thrown, also commander's own. What a command works with it imports when
 * it is run, not before: each start would take twice as long.
 */
export function tidemarkCommand(): Command {
  const command = new Command('tidemark')
    .description('Local-first sync for SQLite: serve databases, look after synced files.')
    .version(version(), '-V, --version')
    .addHelpText('after', EXIT_CODES)
  for (const part of [serveCommand(), dbCommand(), healthCommand(), keyCommand(), tokenCommand()])
    command.addCommand(part.helpGroup('Server:'))
  for (const part of [
    statusCommand(),
    pendingCommand(),
    syncCommand(),
    checkpointCommand(),
    discardCommand(),
    resetCommand(),
  ])
    command.addCommand(part.helpGroup('Synced files:'))
  configure(command)
  return command
}

function configure(command: Command): void {
  command
    .exitOverride()
    .showHelpAfterError(`Run \`${path(command)} --help\` for what it takes.`)
    .configureHelp({ styleTitle: (title) => styleText('bold', title), sortSubcommands: false })
  for (const part of command.commands) configure(part)
}

function path(command: Command): string {
  return command.parent === null ? command.name() : `${path(command.parent)} ${command.name()}`
}
