import { Command } from 'commander'
import { formatBytes, formatCount } from '../quantity.ts'
import { addRemoteOptions, assertExists, withReplica, type RemoteOptions } from '../replica-file.ts'
import { printing, type Result } from '../result.ts'
import { orSayWhatWaits, pendingCount } from '../what-waits.ts'

interface ResetOptions extends RemoteOptions {
  readonly dropPending?: boolean
}

/** `tidemark reset FILE`: download the whole database again, the way out of a damaged one. */
export function resetCommand(): Command {
  const command = new Command('reset')
    .description(
      'Download the whole database of a synced file again, also where the file is damaged. What is pending goes on top.',
    )
    .argument('<file>', 'the SQLite file')
    .option('--drop-pending', 'drop what is pending, for good')
  return printing(addRemoteOptions(command, "the database's URL (default: the one of last time)"), resetFile)
}

async function resetFile(path: string, { dropPending = false, ...remote }: ResetOptions): Promise<Result> {
  assertExists(path)
  return withReplica(path, { ...remote, mayBeDamaged: true }, async (db) => {
    const before = await pendingCount(db)
    await orSayWhatWaits(db, path, () => db.reset({ keepPending: !dropPending }))
    const { cdcOperations, conflicts, revision, networkReceivedBytes } = await db.stats()
    return {
      json: {
        pending: cdcOperations,
        dropped: dropPending ? before : 0,
        conflicts,
        revision,
        receivedBytes: networkReceivedBytes,
      },
      text: [
        `Downloaded the whole database again: revision ${revision}, ${formatBytes(networkReceivedBytes)} received.`,
        dropPending ? droppedText(before) : keptText(cdcOperations),
        ...(conflicts === 0 ? [] : [`${formatCount(conflicts, 'conflict')} resolved, the local change won.`]),
      ].join('\n'),
    }
  })
}

function droppedText(pendingBefore: number | null): string {
  if (pendingBefore === null) return 'What was pending, if anything was, is dropped.'
  return pendingBefore === 0
    ? 'Nothing was pending.'
    : `${formatCount(pendingBefore, 'pending change')} dropped.`
}

function keptText(pending: number): string {
  return pending === 0
    ? 'Nothing is pending.'
    : `${formatCount(pending, 'change')} still pending, on top of it; \`tidemark sync\` pushes what is pending.`
}
