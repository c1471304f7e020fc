import BetterSqlite3 from 'better-sqlite3'
import { blockedChanges, readCaptured } from '@tidemark/engine'
import type { Replica } from '@tidemark/engine'
import { checkInteger, checkKeys, checkText } from '../options/check-option.ts'
import { localChange } from './local-change.ts'
import type { PendingChange, PendingFilter } from './pending-change.ts'

const DEFAULT_LIMIT = 1000

/** Committed changes that the server has not acknowledged, oldest first. @throws OptionsError */
export function readPending(replica: Replica, filter: PendingFilter): PendingChange[] {
  checkKeys('filter', filter, ['table', 'limit'])
  const limit = checkInteger('filter.limit', filter.limit ?? DEFAULT_LIMIT, 1)
  const table = filter.table === undefined ? null : checkText('filter.table', filter.table).toLowerCase()
  const pending: PendingChange[] = []
  for (const change of pendingChanges(replica)) {
    if (table !== null && tableOf(change) !== table) continue
    pending.push(change)
    if (pending.length === limit) break
  }
  return pending
}

/** All of them, one at a time, read on a connection of its own. */
export function* pendingChanges(replica: Replica): Generator<PendingChange> {
  const after = replica.info.lastPushedChangeId
  const reader = new BetterSqlite3(replica.path, { readonly: true })
  try {
    const blocked = blockedChanges(reader, after)
    for (const captured of readCaptured(reader, after)) {
      const change = localChange(captured)
      if (change !== null) yield { ...change, blocked: blocked.get(change.changeId) ?? null }
    }
  } finally {
    reader.close()
  }
}

/** The table of a row change, in lower case. */
export function tableOf(change: PendingChange): string | null {
  return change.kind === 'schema' ? null : change.table.toLowerCase()
}
