import { Command, Option } from 'commander'
import { formatBytes, formatCount } from '../quantity.ts'
import { addRemoteOptions, withReplica, type RemoteOptions } from '../replica-file.ts'
import { printing, type Result } from '../result.ts'
import { orSayWhatWaits } from '../what-waits.ts'

interface SyncOptions extends RemoteOptions {
  readonly existing?: 'refuse' | 'adopt' | 'replace'
}

/** `tidemark sync FILE`: push what is pending, then pull. */
export function syncCommand(): Command {
  const command = new Command('sync')
    .description(
      'Push what is pending in a synced file, then pull. Fetches the whole database where the file does not exist.',
    )
    .argument('<file>', 'the SQLite file')
    .addOption(
      new Option(
        '--existing <what>',
        'for a file that was not synced before: push all of it, or overwrite it',
      )
        .choices(['refuse', 'adopt', 'replace'])
        .default('refuse'),
    )
  return printing(addRemoteOptions(command, "the database's URL (default: the one of last time)"), syncFile)
}

async function syncFile(path: string, options: SyncOptions): Promise<Result> {
  return withReplica(path, options, async (db) => {
    const { push, pull } = await orSayWhatWaits(db, path, () => db.sync())
    const stats = await db.stats()
    return {
      json: {
        pushed: push.operations,
        overwritten: push.conflictCount,
        pulled: pull,
        pagesPulled: stats.pagesPulled,
        conflicts: stats.conflicts,
        revision: stats.revision,
        sentBytes: stats.networkSentBytes,
        receivedBytes: stats.networkReceivedBytes,
      },
      text: [
        `Pushed ${formatCount(push.operations, 'change')}, pulled ${formatCount(stats.pagesPulled, 'page')}.`,
        ...(stats.conflicts === 0
          ? []
          : [`${formatCount(stats.conflicts, 'conflict')} resolved, the local change won.`]),
        `Now at revision ${stats.revision}; ${formatBytes(stats.networkSentBytes)} sent, ${formatBytes(stats.networkReceivedBytes)} received.`,
      ].join('\n'),
    }
  })
}
