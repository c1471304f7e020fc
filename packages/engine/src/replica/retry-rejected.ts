import { StateError } from '@tidemark/protocol'
import type { SqlValue } from '@tidemark/protocol'

import { RefusedChangeError } from '../apply/refused-change-error.ts'
import type { CapturedChange, CapturedRow } from '../capture/captured-change.ts'
import { CapturedWriter } from '../capture/captured-writer.ts'
import { captureForeignSchema } from '../capture/foreign-schema.ts'
import { maxChangeId, readCaptured } from '../capture/read-captured.ts'
import type { Reason } from '../queue/reason.ts'
import { deleteRejected, rejectedEntries } from '../queue/rejected-changes.ts'
import { followRetried } from '../queue/retried-rows.ts'
import { RowKeys } from '../queue/row-keys.ts'
import type { Conflict, Row } from '../replay/conflict.ts'
import { appendCaptured } from '../replay/replay-captured.ts'
import { sameValue } from '../sql/value-equality.ts'
import type { ReplicaSession } from './session.ts'

/**
 * Makes the changes of a rejected entry once more, on the rows as they are now, and adds them to the queue as
 * one new transaction. With `row`, the change that was refused writes these values instead, and so do later
 * changes of the entry where they only carry the old ones on. Fires no triggers: what they did is among the
 * changes. Returns how many changes are pending again.
 *
 * @throws StateError `TIDEMARK_NO_SUCH_REJECTION`
 * @throws RefusedChangeError when the local database refuses them too, or another row has a key of theirs by
 * now; the entry stays
 * @throws BusyError when somebody is writing
 */
export function retryRejected(
  session: ReplicaSession,
  id: number,
  options: { readonly row: Row | null; readonly onConflict: (conflict: Conflict) => void },
): number {
  return session.inWriteTransaction('putting rejected changes back', (db) => {
    captureForeignSchema(db)
    const entry = rejectedEntries(db).find((candidate) => candidate.id === id)
    if (entry === undefined) {
      throw new StateError('TIDEMARK_NO_SUCH_REJECTION', `no rejected change has the id ${id}`, {
        recovery: 'bug',
      })
    }
    const edited = options.row === null ? entry.changes : withRow(entry.changes, id, options.row)
    const lastIdBefore = maxChangeId(db)
    const timeMs = Date.now()
    const changes = edited.map((change, index) => ({ ...change, changeId: lastIdBefore + 1 + index, timeMs }))
    const { replayed } = appendCaptured(session.work, changes, {
      acknowledgedId: lastIdBefore,
      rowids: [],
      enforceForeignKeys: session.connections.enforcesForeignKeys,
      resolve: (conflict) => {
        if (conflict.kind === 'insert/insert') throw keyTaken(conflict, id)
        return 'keep-local'
      },
      onConflict: (conflict) => {
        if (conflict.reason !== null) throw refusedAgain(conflict.reason, id)
        options.onConflict(conflict)
      },
    })
    const changeId = lastIdBefore + 1 + changes.length
    followRetried(db, id, changes, [...readCaptured(db, lastIdBefore)])
    new CapturedWriter(db).put({ kind: 'commit', changeId, timeMs, lastIdBefore })
    deleteRejected(db, id)
    return replayed
  })
}

/**
 * The key of a row that was set aside is free, and may have been given to another row since: that one is not
 * to be written over.
 */
function keyTaken({ table, key }: Conflict, id: number): RefusedChangeError {
  return new RefusedChangeError(
    `another row of ${table} has the key ${key.map(String).join(', ')} by now. Give the row that was set aside another key, with retryRejected(${id}, { row }); or drop it, with discard({ rejected: ${id} })`,
    { sqliteCode: 'SQLITE_CONSTRAINT_PRIMARYKEY' },
  )
}

/** With SQLite's plain code it is the schema that does not fit, which no other row would change. */
function refusedAgain({ sqliteCode, message }: Reason, id: number): RefusedChangeError {
  const advice =
    sqliteCode === 'SQLITE_ERROR'
      ? `. What was set aside was made on another schema: write its values where they belong now, then drop it with discard({ rejected: ${id} })`
      : ''
  return new RefusedChangeError(message + advice, { sqliteCode })
}

/**
 * Replaces values of the refused change by those of `row`, and of later changes of the same row as long as
 * they are unchanged.
 */
function withRow(changes: readonly CapturedChange[], id: number, row: Row): CapturedChange[] {
  const refused = changes.find((change) => change.changeId === id)
  if (refused === undefined || !('table' in refused) || refused.after === null) {
    throw new RefusedChangeError('only an insert or an update can be given another row')
  }
  const unknown = Object.keys(row).find((name) => !refused.table.columns.includes(name))
  if (unknown !== undefined)
    throw new RefusedChangeError(`table ${refused.table.name} has no column named ${unknown}`)
  const rowKeys = new RowKeys()
  let followed: readonly string[] = []
  return changes.map((change) => {
    const keys = rowKeys.of(change)
    if (!('table' in change)) return change
    if (change === refused) {
      followed = keys
      return { ...change, after: replaced(change, change.after!, refused, row) }
    }
    if (!keys.some((key) => followed.includes(key))) return change
    followed = [...followed, ...keys]
    return {
      ...change,
      before: change.before && replaced(change, change.before, refused, row),
      after: change.after && replaced(change, change.after, refused, row),
    }
  })
}

function replaced(
  { table }: CapturedRow,
  image: readonly SqlValue[],
  refused: CapturedRow,
  row: Row,
): SqlValue[] {
  return image.map((value, index) => {
    const name = table.columns[index]!
    const old = refused.after![refused.table.columns.indexOf(name)]
    return Object.hasOwn(row, name) && old !== undefined && sameValue(value, old) ? row[name]! : value
  })
}
