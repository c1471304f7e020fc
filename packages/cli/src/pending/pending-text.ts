import type { PendingChange, RejectedChange } from '@tidemark/sdk-node'
import { formatChanges, formatRejected } from './change-list.ts'
import { printableName } from '../printable.ts'
import { formatCount } from '../quantity.ts'

/** What `tidemark pending` has found, up to its limit. */
export interface PendingList {
  /** Only changes of this table; null: all. */
  readonly table: string | null
  readonly changes: readonly PendingChange[]
  /** More changes than these are pending. */
  readonly hasMore: boolean
  /** How many are pending in all, also of other tables. */
  readonly pending: number
  readonly setAside: readonly RejectedChange[]
  readonly hasMoreSetAside: boolean
  /** How many entries were set aside in all, also of other tables. */
  readonly rejected: number
}

/** The list for people, in lines of about `width` columns. */
export function formatPendingList(list: PendingList, width: number): string {
  const { changes, hasMore, setAside, hasMoreSetAside } = list
  const parts = [title(list)]
  if (changes.length > 0) parts.push(formatChanges(changes, width))
  if (hasMore) parts.push(moreText(list))
  if (setAside.length > 0)
    parts.push(
      'Set aside, refused by the server (`discard --rejected NUMBER` drops one):',
      formatRejected(setAside, width),
    )
  if (hasMoreSetAside) parts.push('More was set aside; --limit lists more.')
  return parts.join('\n\n')
}

function title({ table, changes, hasMore, pending }: PendingList): string {
  const where = table === null ? '' : ` in table ${printableName(table)}`
  if (changes.length === 0)
    return `Nothing is pending${where}${pending === 0 ? '' : `; ${formatCount(pending, 'change')} in all`}.`
  if (!hasMore) return `${formatCount(changes.length, 'change')} pending${where}:`
  return table === null
    ? `The first ${changes.length.toLocaleString('en-US')} of ${formatCount(pending, 'pending change')}:`
    : `The first ${formatCount(changes.length, 'change')} pending${where}:`
}

function moreText({ table, changes, pending }: PendingList): string {
  return table === null
    ? `${formatCount(Math.max(1, pending - changes.length), 'more change')} pending; --limit lists more.`
    : `More changes pending in this table, ${formatCount(pending, 'change')} in all; --limit lists more.`
}
