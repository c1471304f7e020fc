import { Command, InvalidArgumentError, Option } from 'commander'
import { collectChangeNumber } from '../change-number.ts'
import type { PendingList } from '../pending/pending-text.ts'
import { assertExists, withReplica } from '../replica-file.ts'
import { printing, type Result } from '../result.ts'

interface PendingOptions {
  readonly change?: readonly number[]
  readonly table?: string
  readonly limit: number
}

const DEFAULT_LIMIT = 100
/** Columns of what is not a terminal. */
const DEFAULT_WIDTH = 80
const MIN_WIDTH = 40

/** `tidemark pending FILE`: the queue, and what was set aside. Sends nothing, needs no network. */
export function pendingCommand(): Command {
  const command = new Command('pending')
    .description(
      'List the changes that are pending in a synced file, oldest first, and what was set aside because the server refuses it, with the numbers that discard takes. Long values are cut, except with --change. Sends nothing.',
    )
    .argument('<file>', 'the SQLite file')
    .addOption(
      new Option(
        '--change <number>',
        'only the change of this number, pending or set aside, with whole values; for several, repeat it',
      )
        .conflicts(['table', 'limit'])
        .argParser(collectChangeNumber),
    )
    .option('--table <name>', 'only changes of this table')
    .addOption(
      new Option('--limit <number>', 'at most this many').argParser(parseLimit).default(DEFAULT_LIMIT),
    )
  return printing(command, listPending)
}

async function listPending(path: string, options: PendingOptions): Promise<Result> {
  const { change, table = null, limit } = options
  const numbers = change === undefined ? null : [...new Set(change)]
  assertExists(path)
  const { readPendingList } = await import('../pending/read-list.ts')
  const width = Math.max(process.stdout.columns ?? DEFAULT_WIDTH, MIN_WIDTH)
  const list = await withReplica(path, {}, (db) =>
    readPendingList(db, { table, numbers, limit: numbers?.length ?? limit, width }),
  )
  const { formatPendingList } = await import('../pending/pending-text.ts')
  return { json: jsonOf(list), text: formatPendingList(list) }
}

function jsonOf({ pending, rejected, changes, hasMore, setAside, hasMoreSetAside }: PendingList): object {
  return {
    pending,
    rejected,
    changes: changes.map(({ json }) => json),
    hasMore,
    setAside: setAside.map(({ json }) => json),
    hasMoreSetAside,
  }
}

function parseLimit(text: string): number {
  if (!/^[1-9]\d{0,5}$/u.test(text)) throw new InvalidArgumentError('a limit is a number from 1 to 999999.')
  return Number(text)
}
