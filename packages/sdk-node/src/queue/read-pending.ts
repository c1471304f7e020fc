import BetterSqlite3 from 'better-sqlite3'
import { blockedChanges, readCapturedFrom } from '@tidemark/engine'
import type { Replica } from '@tidemark/engine'
import { RawText } from '@tidemark/protocol'
import type { SqlValue } from '@tidemark/protocol'
import { checkInteger, checkKeys, checkText } from '../options/check-option.ts'
import { localChange } from './local-change.ts'
import type { PendingChange, PendingFilter } from './pending-change.ts'

const DEFAULT_LIMIT = 1000
const DEFAULT_MAX_BYTES = 16 << 20

/** Committed changes that the server has not acknowledged, oldest first. @throws OptionsError */
export function readPending(replica: Replica, filter: PendingFilter): PendingChange[] {
  checkKeys('filter', filter, ['table', 'after', 'limit', 'maxBytes'])
  const after = checkInteger('filter.after', filter.after ?? 0, 0)
  const limit = checkInteger('filter.limit', filter.limit ?? DEFAULT_LIMIT, 1)
  const maxBytes = checkInteger('filter.maxBytes', filter.maxBytes ?? DEFAULT_MAX_BYTES, 1)
  const table = filter.table === undefined ? null : checkText('filter.table', filter.table).toLowerCase()
  const pending: PendingChange[] = []
  let bytes = 0
  for (const change of pendingChanges(replica, after)) {
    if (table !== null && tableOf(change) !== table) continue
    pending.push(change)
    bytes += sizeOf(change)
    if (pending.length === limit || bytes >= maxBytes) break
  }
  return pending
}

/** All of them with an id above `after`, one at a time, read on a connection of its own. */
export function* pendingChanges(replica: Replica, after: number = 0): Generator<PendingChange> {
  const from = Math.max(after, replica.info.lastPushedChangeId)
  const reader = new BetterSqlite3(replica.path, { readonly: true })
  try {
    const blocked = blockedChanges(reader, from)
    for (const captured of readCapturedFrom(reader, from)) {
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

/** Bytes of its values, or of its SQL. */
function sizeOf(change: PendingChange): number {
  if (change.kind === 'schema') return Buffer.byteLength(change.sql)
  const values = [change.before, change.after].flatMap((row) => Object.values(row ?? {}))
  return values.reduce((bytes: number, value) => bytes + sizeOfValue(value), 0)
}

function sizeOfValue(value: SqlValue): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (value instanceof RawText) return value.bytes.byteLength
  return value instanceof Uint8Array ? value.byteLength : 8
}
