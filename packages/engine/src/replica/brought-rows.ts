import type { ConflictKind } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import type { CapturedRow } from '../capture/captured-change.ts'
import { CapturedWriter } from '../capture/captured-writer.ts'
import { maxChangeId, readCaptured } from '../capture/read-captured.ts'
import type { Conflict } from '../replay/conflict.ts'
import { appendCaptured } from '../replay/replay-captured.ts'
import type { ReplicaSession } from './session.ts'

const BROUGHT = 'brought_ids'

/**
 * Makes changes that others have made to a table that is built anew here on the new table, as if they came
 * last, in a transaction of their own. `dropId` is the statement that drops the old table.
 */
export function bringRows(
  session: ReplicaSession,
  changes: Iterable<CapturedRow>,
  dropId: number,
  onConflict: (conflict: Conflict) => void,
): void {
  session.inWriteTransaction('bringing what others did to a table that is built anew', (db) => {
    const lastIdBefore = maxChangeId(db)
    let changeId = lastIdBefore
    const timeMs = Date.now()
    const numbered = function* (): Generator<CapturedRow> {
      for (const change of changes) yield { ...change, changeId: ++changeId, timeMs }
    }
    const { replayed } = appendCaptured(session.work, numbered(), {
      acknowledgedId: lastIdBefore,
      rowids: [],
      enforceForeignKeys: session.connections.enforcesForeignKeys,
      resolve: () => 'accept-remote',
      onConflict: (conflict) => onConflict(conflict.reason === null ? fromHere(conflict, dropId) : conflict),
    })
    if (replayed === 0) return
    new CapturedWriter(db).put({ kind: 'commit', changeId: changeId + 1, timeMs, lastIdBefore })
    db.prepare('INSERT OR REPLACE INTO tidemark_state (key, value) VALUES (?, ?)').run(
      BROUGHT,
      JSON.stringify([...broughtIds(db), [lastIdBefore, changeId]]),
    )
  })
}

/** Ids of changes that were brought since the last pull, each the one before the first, and the last. */
function broughtIds(db: Database.Database): (readonly [number, number])[] {
  const value = db
    .prepare<[string], string>('SELECT value FROM tidemark_state WHERE key = ?')
    .pluck()
    .get(BROUGHT)
  return value === undefined ? [] : (JSON.parse(value) as [number, number][])
}

/** The rows that were inserted so into a table. */
export function* broughtRows(db: Database.Database, name: string): Generator<CapturedRow> {
  for (const [afterId, throughId] of broughtIds(db))
    for (const change of readCaptured(db, afterId, throughId))
      if (change.kind === 'insert' && change.table.name.toLowerCase() === name.toLowerCase()) yield change
}

/** A conflict in which the change of others was made on what is here, with the sides where they belong. */
function fromHere(conflict: Conflict, changeId: number): Conflict {
  const { local, remote, kind } = conflict
  return { ...conflict, changeId, kind: swapped[kind], local: remote, remote: local }
}

const swapped: Record<ConflictKind, ConflictKind> = {
  'insert/insert': 'insert/insert',
  'update/update': 'update/update',
  'update/delete': 'delete/update',
  'delete/update': 'update/delete',
  constraint: 'constraint',
}
