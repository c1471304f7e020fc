import { Command } from 'commander'
import { dbCreateCommand } from './db-create.ts'
import { dbDestroyCommand } from './db-destroy.ts'
import { dbListCommand } from './db-list.ts'
import { dbShowCommand } from './db-show.ts'

/** `tidemark db …`: the databases of a server. */
export function dbCommand(): Command {
  return new Command('db')
    .description('Create, list, show and destroy the databases of a server.')
    .addCommand(dbCreateCommand())
    .addCommand(dbListCommand())
    .addCommand(dbShowCommand())
    .addCommand(dbDestroyCommand())
}
