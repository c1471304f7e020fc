import type { Replica } from '@tidemark/engine'
import type { SqlValue } from '@tidemark/protocol'
import { OptionsError } from '../errors/options-error.ts'
import { checkFunction, checkInteger, checkKeys, checkText, describe } from '../options/check-option.ts'
import type { PendingChange } from './pending-change.ts'
import { pendingChanges, tableOf } from './read-pending.ts'

/** Which changes to drop: pending ones to which all that is given applies, or one entry of `rejected()`. */
export type DiscardFilter =
  | {
      /** Only changes of this table. */
      readonly table?: string
      /**
       * Only changes of the row with this key, or rowid where the table has no key. Needs `table`. Integers
       * as bigint or number.
       */
      readonly key?: readonly SqlValue[]
      readonly changeIds?: readonly number[]
      readonly where?: (change: PendingChange) => boolean
    }
  | { readonly rejected: number }

/** The entry that is to be dropped; null: the filter is for pending changes. @throws OptionsError */
export function rejectedIdOf(filter: DiscardFilter): number | null {
  checkKeys('filter', filter, ['table', 'key', 'changeIds', 'where', 'rejected'])
  if (Object.keys(filter).length === 0)
    throw new OptionsError('filter', 'says nothing; to drop all pending changes give where: () => true')
  if (!('rejected' in filter)) return null
  if (Object.keys(filter).length > 1)
    throw new OptionsError('filter.rejected', 'cannot be given together with others')
  return checkInteger('filter.rejected', filter.rejected, 0)
}

/** The ids of the pending changes that the filter names. @throws OptionsError, and what `where` throws */
export function matchingChanges(
  replica: Replica,
  filter: Exclude<DiscardFilter, { rejected: number }>,
): Set<number> {
  const matches = matcher(filter)
  const ids = new Set<number>()
  for (const change of pendingChanges(replica)) if (matches(change)) ids.add(change.changeId)
  return ids
}

function matcher(filter: Exclude<DiscardFilter, { rejected: number }>): (change: PendingChange) => boolean {
  const { key, changeIds, where } = filter
  const table = filter.table === undefined ? null : checkText('filter.table', filter.table).toLowerCase()
  if (key !== undefined && table === null) throw new OptionsError('filter.key', 'needs a table')
  if (where !== undefined) checkFunction('filter.where', where)
  const keyText = key === undefined ? null : textOfKey('filter.key', key)
  const ids = changeIds === undefined ? null : new Set(checkList('filter.changeIds', changeIds))
  return (change) =>
    (table === null || tableOf(change) === table) &&
    (keyText === null || (change.kind !== 'schema' && textOfKey('key', change.key) === keyText)) &&
    (ids === null || ids.has(change.changeId)) &&
    (where === undefined || where(change))
}

function textOfKey(option: string, key: readonly SqlValue[]): string {
  return JSON.stringify(
    checkList(option, key).map((value) => {
      if (typeof value === 'number' || typeof value === 'bigint') return `number ${value}`
      if (value instanceof Uint8Array) return `blob ${Buffer.from(value).toString('hex')}`
      return value
    }),
  )
}

function checkList<T>(option: string, list: readonly T[]): readonly T[] {
  const value: unknown = list
  if (!Array.isArray(value)) throw new OptionsError(option, `expected an array, got ${describe(value)}`)
  return list
}
