import Database from 'better-sqlite3'
import type { ConflictKind } from '@tidemark/protocol'

import { ApplyConnection } from '../apply/apply-connection.ts'
import type { CapturedChange, CapturedRow } from '../capture/captured-change.ts'
import { CapturedWriter } from '../capture/captured-writer.ts'
import { droppedTables, isPartOf } from '../capture/dropped-tables.ts'
import type { DroppedTable } from '../capture/dropped-tables.ts'
import { capturedSchema, maxChangeId, readCaptured } from '../capture/read-captured.ts'
import { tableDifference } from '../capture/table-difference.ts'
import { findTable } from '../capture/user-table.ts'
import { acknowledgement } from '../replay/acknowledged.ts'
import type { Conflict } from '../replay/conflict.ts'
import { appendCaptured } from '../replay/replay-captured.ts'
import { conflictOf } from '../replay/row-replay.ts'
import { captureForeign } from './capture-foreign.ts'
import { removeFile } from './durable-file.ts'
import { wholeBase } from './base-pages.ts'
import type { PageImage } from '../wal/inject.ts'
import { replayOnBase } from './replay-on-base.ts'
import type { ReplicaSession } from './session.ts'
import type { StagedPages } from './staged-pages.ts'
import { openWritten, writeDatabase } from './write-database.ts'

/** What a pull does with the tables that pending changes drop. */
export interface SettledDrops {
  /** Conflicts that were told. */
  readonly conflicts: number
  /** Whether a pending change has been made by others already, and leaves the queue. */
  readonly isMadeAlready: (change: CapturedChange) => boolean
}

const BROUGHT = 'brought_ids'

const NOTHING: SettledDrops = { conflicts: 0, isMadeAlready: () => false }

/**
 * A pending DROP TABLE would take along what others have done to the table since this replica's base: nobody
 * here has seen it. So before a pull is applied, for each table of the base that is dropped (ADR 34):
 *
 * - The pulled base has it in the form in which it is built anew here: others ran the same migration. That is
 *   made already, and leaves the queue; the other pending changes go on top of what others have.
 * - It is built anew, and others still had the old form, or another one: what they have done to its rows is
 *   done to the new table here, behind all that is pending, and is pending itself from then on. Where both
 *   have changed a value, the local one stays and the other one is told as a conflict.
 * - It is gone here: each row that others have inserted or changed is told as a conflict.
 *
 * What is added to the queue is in a transaction of its own. After a crash it is added again, and is there
 * already: rows by their keys, those without one by the ids that `tidemark_state` names. Where the base is not
 * known there is nothing to compare with.
 */
export function settleDrops(
  session: ReplicaSession,
  stage: StagedPages,
  onConflict: (conflict: Conflict) => void,
): SettledDrops {
  const { base, info, work } = session
  const isComparable = base.watermark !== null && !base.isAssumed && info.sizeInPages > 0
  if (!isComparable || stage.staged.revision === info.revision) return NOTHING
  captureForeign(session)
  if (droppedTables(capturedSchema(work.db, 0)).length === 0) return NOTHING
  const { baseCopy, pulledCopy } = session.paths
  let expected: ApplyConnection | null = null
  let pulled: Database.Database | null = null
  try {
    writeDatabase(pulledCopy, pulledBase(session, stage))
    pulled = new Database(pulledCopy, { readonly: true })
    const { changeId: acknowledgedId } = acknowledgement(pulled, info)
    const dropped = droppedTables(capturedSchema(work.db, acknowledgedId))
    if (dropped.length === 0) return NOTHING
    writeDatabase(baseCopy, wholeBase(session))
    expected = new ApplyConnection(openWritten(baseCopy))
    // What this replica has pushed itself is nothing that others have done.
    replayOnBase(session, expected, acknowledgedId)
    return new Settling(session, { base: expected.db, pulled }, onConflict).settle(dropped)
  } finally {
    expected?.db.close()
    pulled?.close()
    removeFile(baseCopy)
    removeFile(pulledCopy)
  }
}

interface Bases {
  /** The base that the pending changes were made on, with those that are in the other one. */
  readonly base: Database.Database
  /** The base that the pull brings. */
  readonly pulled: Database.Database
}

class Settling {
  readonly #session: ReplicaSession
  readonly #bases: Bases
  readonly #onConflict: (conflict: Conflict) => void
  #conflicts = 0

  constructor(session: ReplicaSession, bases: Bases, onConflict: (conflict: Conflict) => void) {
    this.#session = session
    this.#bases = bases
    this.#onConflict = (conflict) => {
      this.#conflicts += 1
      onConflict(conflict)
    }
  }

  settle(dropped: readonly DroppedTable[]): SettledDrops {
    const made = dropped.filter((table) => this.#isRebuiltByOthers(table))
    for (const table of dropped) if (!made.includes(table)) this.#bringRows(table)
    const rebuilds = made.flatMap((table) => table.rebuilds)
    return {
      conflicts: this.#conflicts,
      isMadeAlready: (change) => rebuilds.some((rebuild) => isPartOf(rebuild, change)),
    }
  }

  #isRebuiltByOthers({ name, rebuilds }: DroppedTable): boolean {
    const pulled = definitionOf(this.#bases.pulled, name)
    return (
      rebuilds.length > 0 &&
      pulled !== null &&
      pulled !== definitionOf(this.#bases.base, name) &&
      pulled === definitionOf(this.#session.work.db, name)
    )
  }

  #bringRows({ name, changeId }: DroppedTable): void {
    const { base, pulled } = this.#bases
    const here = findTable(this.#session.work.db, name)
    const changes = tableDifference({
      name,
      before: base,
      after: pulled,
      columns: here?.shape.columns ?? null,
      made: broughtRows(this.#session.work.db, name),
    })
    if (here === null) for (const change of changes) this.#tellDropped(change, changeId)
    else this.#append(changes, changeId)
  }

  #tellDropped(change: CapturedRow, changeId: number): void {
    if (change.kind === 'delete') return
    const { local, base, key, table } = conflictOf(change, 'delete/update', null)
    this.#onConflict({
      table,
      key,
      kind: 'delete/update',
      changeId,
      base,
      local: null,
      remote: local,
      reason: null,
    })
  }

  /** Makes the changes of others on the table as it is here, as if they came last. */
  #append(changes: Iterable<CapturedRow>, dropId: number): void {
    this.#session.inWriteTransaction('bringing what others did to a table that is built anew', (db) => {
      const lastIdBefore = maxChangeId(db)
      let changeId = lastIdBefore
      const timeMs = Date.now()
      const numbered = function* (): Generator<CapturedRow> {
        for (const change of changes) yield { ...change, changeId: ++changeId, timeMs }
      }
      const { replayed } = appendCaptured(this.#session.work, numbered(), {
        acknowledgedId: lastIdBefore,
        rowids: [],
        enforceForeignKeys: this.#session.connections.enforcesForeignKeys,
        resolve: () => 'accept-remote',
        onConflict: (conflict) =>
          this.#onConflict(conflict.reason === null ? fromHere(conflict, dropId) : conflict),
      })
      if (replayed === 0) return
      new CapturedWriter(db).put({ kind: 'commit', changeId: changeId + 1, timeMs, lastIdBefore })
      db.prepare('INSERT OR REPLACE INTO tidemark_state (key, value) VALUES (?, ?)').run(
        BROUGHT,
        JSON.stringify([...broughtIds(db), [lastIdBefore, changeId]]),
      )
    })
  }
}

/** Ids of changes that were brought since the last pull, each the one before the first, and the last. */
function broughtIds(db: Database.Database): (readonly [number, number])[] {
  const value = db
    .prepare<[string], string>('SELECT value FROM tidemark_state WHERE key = ?')
    .pluck()
    .get(BROUGHT)
  return value === undefined ? [] : (JSON.parse(value) as [number, number][])
}

function* broughtRows(db: Database.Database, name: string): Generator<CapturedRow> {
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

/** What a table is, without the name that it was created under. */
function definitionOf(db: Database.Database, name: string): string | null {
  const sql = db
    .prepare<[string], string>(
      "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE AND rootpage > 0",
    )
    .pluck()
    .get(name)
  return sql === undefined ? null : sql.slice(sql.indexOf('(')).replaceAll(/\s+/g, ' ')
}

/** Every page of the base that a stage leads to. */
function* pulledBase(session: ReplicaSession, stage: StagedPages): Generator<PageImage> {
  for (const page of wholeBase(session))
    if (page.pageNumber <= stage.staged.sizeInPages && !stage.pageNumbers.has(page.pageNumber)) yield page
  yield* stage.pages()
}
