import { TidemarkError, type SqlValue } from '@tidemark/protocol'
import type { Database, DiscardFilter } from '@tidemark/sdk-node'
import { Command, Option } from 'commander'
import { collectChangeNumber, parseChangeNumber } from '../change-number.ts'
import { parseKeyValue } from '../key-value.ts'
import { formatCount } from '../quantity.ts'
import { addRemoteOptions, assertExists, withReplica, type RemoteOptions } from '../replica-file.ts'
import { printing, type Result } from '../result.ts'
import { orSayWhatWaits } from '../what-waits.ts'

interface DiscardOptions extends RemoteOptions {
  readonly change?: readonly number[]
  readonly table?: string
  readonly key?: readonly SqlValue[]
  readonly all?: boolean
  readonly rejected?: number
  readonly yes?: boolean
}

/** `tidemark discard FILE`: take changes out of the queue, the way out of a refused one. */
export function discardCommand(): Command {
  const command = new Command('discard')
    .description(
      'Drop pending changes for good, with later changes of the same rows: the rows go back to what the server has. Without --yes it only says how many that would be.',
    )
    .argument('<file>', 'the SQLite file')
    .addOption(
      new Option(
        '--change <number>',
        'the change of this number, as failures and `tidemark pending` name it; for several, repeat it',
      ).argParser(collectChangeNumber),
    )
    .option('--table <name>', 'only changes of this table')
    .addOption(
      new Option(
        '--key <value>',
        'only of the row with this key: 7, "a text" or x\'00ff\'; repeat it for several columns',
      ).argParser(collectKeyValue),
    )
    .addOption(new Option('--all', 'everything that is pending').conflicts(['change', 'table', 'key']))
    .addOption(
      new Option(
        '--rejected <number>',
        'what was set aside under this number, as `tidemark pending` names it',
      )
        .conflicts(['change', 'table', 'key', 'all'])
        .argParser(parseChangeNumber),
    )
    .option('-y, --yes', 'do it')
    .hook('preAction', () => {
      const { change, table, key, all, rejected } = command.opts<DiscardOptions>()
      if (key !== undefined && table === undefined) command.error('error: --key needs --table')
      if ([change, table, all, rejected].every((option) => option === undefined))
        command.error('error: which changes? give --change, --table, --all or --rejected')
    })
  return printing(
    addRemoteOptions(command, "the database's URL (default: the one of last time)"),
    discardChanges,
  )
}

async function discardChanges(
  path: string,
  { url, token, yes = false, ...what }: DiscardOptions,
): Promise<Result> {
  assertExists(path)
  const remote = { ...(url === undefined ? {} : { url }), ...(token === undefined ? {} : { token }) }
  return withReplica(path, remote, async (db) => {
    const filter = filterOf(what)
    if (!yes) await assertNoneMatches(db, filter, path)
    const discarded = yes ? await orSayWhatWaits(db, path, () => db.discard(filter)) : 0
    const { cdcOperations: pending, quarantined: rejected } = await db.stats()
    const aside = rejected === 0 ? '' : `, ${formatCount(rejected, 'rejected change')} set aside`
    const left = `${formatCount(pending, 'change')} pending${aside}.`
    return {
      json: { discarded, pending, rejected },
      text:
        discarded === 0
          ? `Nothing matches and nothing was dropped: ${left}`
          : `Dropped ${formatCount(discarded, 'change')}. Now ${left}`,
    }
  })
}

function filterOf({ change, table, key, all, rejected }: DiscardOptions): DiscardFilter {
  if (all === true) return { where: () => true }
  if (rejected !== undefined) return { rejected }
  return {
    ...(change === undefined ? {} : { changeIds: change }),
    ...(table === undefined ? {} : { table }),
    ...(key === undefined ? {} : { key }),
  }
}

/** @throws TidemarkError that says how many changes would be dropped, when any would */
async function assertNoneMatches(db: Database, filter: DiscardFilter, path: string): Promise<void> {
  const count = await db.discard(filter, { dryRun: true })
  if (count === 0) return
  throw new TidemarkError(
    'TIDEMARK_NOT_CONFIRMED',
    `this would drop ${formatCount(count, 'change')} of ${path} for good, and nothing was dropped yet; give --yes to do it`,
    { recovery: 'operator' },
  )
}

function collectKeyValue(text: string, before: readonly SqlValue[] = []): readonly SqlValue[] {
  return [...before, parseKeyValue(text)]
}
