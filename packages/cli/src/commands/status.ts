import { Command } from 'commander'
import { formatBytes, formatCount, formatMoment } from '../quantity.ts'
import { printing, type Result } from '../result.ts'

/** `tidemark status FILE`: what is pending, revision, sizes, last push and pull. Changes nothing, needs no network. */
export function statusCommand(): Command {
  const command = new Command('status')
    .description('Show what is pending in a synced file, its revision and sizes. Changes nothing.')
    .argument('<file>', 'the SQLite file')
  return printing(command, showStatus)
}

async function showStatus(path: string): Promise<Result> {
  const { inspectReplica } = await import('../inspect-replica.ts')
  const { formatFields } = await import('../table.ts')
  const status = inspectReplica(path)
  return {
    json: status,
    text: formatFields([
      ['file', `${status.path} (${formatBytes(status.fileBytes)})`],
      ['syncs with', status.url ?? 'nothing yet: no URL is known'],
      ['client', status.clientId],
      ['revision', status.revision === '' ? 'none: nothing was pulled yet' : status.revision],
      [
        'pending',
        status.pending === null ? 'known when the file is opened' : formatCount(status.pending, 'change'),
      ],
      ...(status.blocked
        ? [['blocked', `${formatCount(status.blocked, 'change')} of these, by a constraint`] as const]
        : []),
      ...(status.rejected ? [['set aside', formatCount(status.rejected, 'rejected change')] as const] : []),
      ['WAL', formatBytes(status.walBytes)],
      ['kept aside', `${formatBytes(status.revertWalBytes)} of base pages`],
      ['last push', formatMoment(status.lastPushUnixTime)],
      ['last pull', formatMoment(status.lastPullUnixTime)],
      ...(status.interruptedPull
        ? [['interrupted', 'a pull; it is finished when the file is opened'] as const]
        : []),
    ]),
  }
}
