import { formatChanges, formatRejected, type ListItem } from './change-list.ts'
import { printableName } from '../printable.ts'
import { formatCount } from '../quantity.ts'

/** What `tidemark pending` has found, up to its limit. */
export interface PendingList {
  /** Only changes of this table; null: all. */
  readonly table: string | null
  /** The numbers that were asked for and are not those of pending changes. */
  readonly notPending: readonly number[]
  readonly changes: readonly ListItem[]
  /** More changes than these are pending. */
  readonly hasMore: boolean
  /** How many are pending in all, also of other tables. */
  readonly pending: number
  readonly setAside: readonly ListItem[]
  readonly hasMoreSetAside: boolean
  /** How many entries were set aside in all, also of other tables. */
  readonly rejected: number
}

/** The list for people. */
export function formatPendingList(list: PendingList): string {
  const { changes, hasMore, notPending, setAside, hasMoreSetAside } = list
  const parts = [title(list)]
  if (changes.length > 0) parts.push(formatChanges(changes))
  if (changes.length > 0 && notPending.length > 0) parts.push(`${notPendingText(notPending)}.`)
  if (hasMore) parts.push(moreText(list))
  if (setAside.length > 0)
    parts.push(
      'Set aside, refused by the server (`discard --rejected NUMBER` drops one):',
      formatRejected(setAside),
    )
  if (hasMoreSetAside) parts.push('More was set aside; --limit lists more.')
  return parts.join('\n\n')
}

function title({ table, notPending, changes, hasMore, pending }: PendingList): string {
  const where = table === null ? '' : ` in table ${printableName(table)}`
  if (changes.length === 0) {
    const what = notPending.length > 0 ? notPendingText(notPending) : `Nothing is pending${where}`
    return `${what}${pending === 0 ? '' : `; ${formatCount(pending, 'change')} in all`}.`
  }
  if (!hasMore) return `${formatCount(changes.length, 'change')} pending${where}:`
  return table === null
    ? `The first ${changes.length.toLocaleString('en-US')} of ${formatCount(pending, 'pending change')}:`
    : `The first ${formatCount(changes.length, 'change')} pending${where}:`
}

function notPendingText(numbers: readonly number[]): string {
  return `${numbers.length === 1 ? 'Change' : 'Changes'} ${numbers.join(', ')} ${numbers.length === 1 ? 'is' : 'are'} not pending`
}

function moreText({ table, changes, pending }: PendingList): string {
  return table === null
    ? `${formatCount(Math.max(1, pending - changes.length), 'more change')} pending; --limit lists more.`
    : `More changes pending in this table, ${formatCount(pending, 'change')} in all; --limit lists more.`
}
