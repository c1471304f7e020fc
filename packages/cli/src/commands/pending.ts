import type { RejectedChange } from '@tidemark/sdk-node'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { PendingList } from '../pending/pending-text.ts'
import { assertExists, withReplica } from '../replica-file.ts'
import { printing, type Result } from '../result.ts'

interface PendingOptions {
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
      'List the changes that are pending in a synced file, oldest first, and what was set aside because the server refuses it, with the numbers that discard takes. Sends nothing.',
    )
    .argument('<file>', 'the SQLite file')
    .option('--table <name>', 'only changes of this table')
    .addOption(
      new Option('--limit <number>', 'at most this many').argParser(parseLimit).default(DEFAULT_LIMIT),
    )
  return printing(command, listPending)
}

async function listPending(path: string, { limit, ...options }: PendingOptions): Promise<Result> {
  const { table = null } = options
  assertExists(path)
  const list = await withReplica(path, {}, async (db): Promise<PendingList> => {
    const changes = await db.pending({ limit: limit + 1, ...(table === null ? {} : { table }) })
    const setAside = (await db.rejected()).filter((entry) => table === null || isAbout(entry, table))
    const { cdcOperations: pending, quarantined: rejected } = await db.stats()
    return {
      table,
      changes: changes.slice(0, limit),
      hasMore: changes.length > limit,
      pending,
      setAside: setAside.slice(0, limit),
      hasMoreSetAside: setAside.length > limit,
      rejected,
    }
  })
  const { formatPendingList } = await import('../pending/pending-text.ts')
  const width = Math.max(process.stdout.columns ?? DEFAULT_WIDTH, MIN_WIDTH)
  return { json: await jsonOf(list), text: formatPendingList(list, width) }
}

function isAbout({ changes }: RejectedChange, table: string): boolean {
  return changes.some(
    (change) => change.kind !== 'schema' && change.table.toLowerCase() === table.toLowerCase(),
  )
}

async function jsonOf(list: PendingList): Promise<object> {
  const { jsonPending, jsonRejected } = await import('../pending/change-json.ts')
  const { pending, rejected, changes, hasMore, setAside, hasMoreSetAside } = list
  return {
    pending,
    rejected,
    changes: changes.map(jsonPending),
    hasMore,
    setAside: setAside.map(jsonRejected),
    hasMoreSetAside,
  }
}

function parseLimit(text: string): number {
  if (!/^[1-9]\d{0,5}$/u.test(text)) throw new InvalidArgumentError('a limit is a number from 1 to 999999.')
  return Number(text)
}
