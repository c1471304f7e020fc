import Database from 'better-sqlite3'
import { PAGE_SIZE } from '@tidemark/protocol'

import { ApplyConnection } from '../apply/apply-connection.ts'
import type { CapturedChange } from '../capture/captured-change.ts'
import { droppedTables } from '../capture/dropped-tables.ts'
import { madeStatements, passedVersions } from '../capture/made-statements.ts'
import { capturedSchema } from '../capture/read-captured.ts'
import { RenamedRows } from '../capture/renamed-rows.ts'
import { findTable } from '../capture/user-table.ts'
import { acknowledgement } from '../replay/acknowledged.ts'
import type { Conflict } from '../replay/conflict.ts'
import { classifyStatement } from '../sql/classify-statement.ts'
import { reshapes } from '../sql/reshapes.ts'
import type { PageImage } from '../wal/inject.ts'
import { captureForeign } from './capture-foreign.ts'
import { removeFile } from './durable-file.ts'
import { trueBase, wholeBase } from './base-pages.ts'
import { readPageOne, userVersionOf } from './page-one.ts'
import { replayOnBase } from './replay-on-base.ts'
import type { ReplicaSession } from './session.ts'
import { DroppedTableSettling } from './settle-dropped.ts'
import type { StagedPages } from './staged-pages.ts'
import { openWritten, writeDatabase } from './write-database.ts'

/**
 * What becomes of pending migrations in a pull (ADR 34). Others may have run the same ones, or gone on writing
 * to the tables of before; pending rows may be older than the migration, and have the names of then.
 *
 * A pending DROP TABLE would take along what others have done to the table since this replica's base: nobody
 * here has seen it. So for each table of the base that is dropped:
 *
 * - The pulled base has it in the form in which it is built anew here: others ran the same migration. That is
 *   made already, and leaves the queue; the other pending changes go on top of what others have, those of
 *   before the migration as what it has made of them here.
 * - It is built anew, and others still had the old form, or another one: what they have done to its rows is
 *   done to the new table here, behind all that is pending, and is pending itself from then on. Where both
 *   have changed a value, the local one stays and the other one is told as a conflict.
 * - It is gone here: each row that others have inserted or changed is told as a conflict.
 *
 * Other statements that others have made already leave the queue as well, and the rows before them get the
 * names that they have given.
 *
 * What is added to the queue is in a transaction of its own. After a crash it is added again, and is there
 * already: rows by their keys, those without one by the ids that `tidemark_state` names.
 *
 * Where nobody knows the base any more, neither this replica nor the server, there is less to compare with:
 * rows of others that have never been here are brought, those that differ are told.
 */
export class SettledMigrations implements Disposable {
  readonly #session: ReplicaSession
  readonly #onConflict: (conflict: Conflict) => void
  readonly #made = new Set<number>()
  /** What a change is in the new base, in order; null: nothing. */
  readonly #steps: ((change: CapturedChange) => CapturedChange | null)[] = []
  /** To be done in the end, latest first. */
  readonly #closing: (() => void)[] = []
  #conflicts = 0

  /** To be disposed of when the pending changes are read. */
  static settle(
    session: ReplicaSession,
    stage: StagedPages,
    onConflict: (conflict: Conflict) => void,
  ): SettledMigrations {
    const settled = new SettledMigrations(session, onConflict)
    try {
      settled.#settle(stage)
      return settled
    } catch (error) {
      settled[Symbol.dispose]()
      throw error
    }
  }

  private constructor(session: ReplicaSession, onConflict: (conflict: Conflict) => void) {
    this.#session = session
    this.#onConflict = (conflict) => {
      this.#conflicts += 1
      onConflict(conflict)
    }
  }

  /** Conflicts that were told. */
  get conflicts(): number {
    return this.#conflicts
  }

  /** The change as it is pending on the pulled base; null: it has been made there, or is undone by what follows. */
  inNewForm(change: CapturedChange): CapturedChange | null {
    if (change.kind === 'schema' && this.#made.has(change.changeId)) return null
    let now: CapturedChange | null = change
    for (const step of this.#steps) if (now !== null) now = step(now)
    return now
  }

  [Symbol.dispose](): void {
    for (const close of this.#closing.splice(0).toReversed()) close()
  }

  #settle(stage: StagedPages): void {
    const { base, info, work } = this.#session
    if (base.watermark === null || stage.staged.revision === info.revision) return
    captureForeign(this.#session)
    const all = capturedSchema(work.db, 0)
    if (all.length === 0) return
    const pageOnes = [this.#pageOneOfBase(), stage.read(1)] as const
    if (pageOnes[1] !== null)
      for (const changeId of passedVersions(
        all,
        pageOnes[0] === null ? 0 : userVersionOf(pageOnes[0]),
        userVersionOf(pageOnes[1]),
      ))
        this.#made.add(changeId)
    const isSameSchema =
      pageOnes[1] === null ||
      (pageOnes[0] !== null &&
        readPageOne(pageOnes[0]).schemaCookie === readPageOne(pageOnes[1]).schemaCookie)
    const isShaping =
      all.some(({ sql }) => drops(sql) || (!isSameSchema && reshapes(sql))) ||
      (!isSameSchema && this.#made.size > 0)
    if (isShaping) this.#compare(stage, Math.max(0, ...this.#made))
  }

  #pageOneOfBase(): Uint8Array | null {
    const { base } = this.#session
    const image = new Uint8Array(PAGE_SIZE)
    return !base.isAssumed && base.read(1, image) ? image : null
  }

  #compare(stage: StagedPages, passedId: number): void {
    const { info, work, paths } = this.#session
    const { baseCopy, pulledCopy } = paths
    this.#closing.push(() => {
      removeFile(baseCopy)
      removeFile(pulledCopy)
    })
    writeDatabase(pulledCopy, pulledBase(this.#session, stage))
    const pulled = this.#opened(new Database(pulledCopy, { readonly: true }))
    const { changeId: acknowledgedId } = acknowledgement(pulled, info)
    const statements = capturedSchema(work.db, acknowledgedId)
    const dropped = droppedTables(statements, (name) => findTable(pulled, name) !== null)
    if (dropped.length > 0) {
      const base = this.#base(acknowledgedId)
      const settling = new DroppedTableSettling({
        session: this.#session,
        onConflict: this.#onConflict,
        made: this.#made,
        steps: this.#steps,
        closing: this.#closing,
      })
      for (const table of dropped)
        settling.settle(table, { base, pulled, acknowledgedId, passedId, statements })
    }
    const left = statements.filter(({ changeId }) => !this.#made.has(changeId))
    for (const changeId of madeStatements(left, { pulled, here: work.db, passedId })) this.#made.add(changeId)
    if (this.#made.size === 0) return
    const renamed = new RenamedRows(statements, (changeId) => this.#made.has(changeId))
    this.#steps.push((change) =>
      'table' in change && change.changeId > acknowledgedId ? renamed.of(change) : change,
    )
  }

  /** The base, with what this replica has pushed since: others have not done that. Empty where it is not known. */
  #base(acknowledgedId: number): Database.Database {
    if (this.#session.base.isAssumed) return this.#opened(new Database(''))
    const { baseCopy } = this.#session.paths
    writeDatabase(baseCopy, wholeBase(this.#session))
    const expected = new ApplyConnection(this.#opened(openWritten(baseCopy)))
    replayOnBase(this.#session, expected, acknowledgedId)
    return expected.db
  }

  #opened(db: Database.Database): Database.Database {
    this.#closing.push(() => db.close())
    return db
  }
}

/** Whether a statement drops a table. */
function drops(sql: string): boolean {
  const statement = classifyStatement(sql)
  return statement.kind === 'schema' && statement.verb === 'drop' && statement.objectType === 'table'
}

/** Every page of the base that a stage leads to. */
function* pulledBase(session: ReplicaSession, stage: StagedPages): Generator<PageImage> {
  if (session.base.isAssumed) {
    yield* trueBase(session, stage)
    return
  }
  for (const page of wholeBase(session))
    if (page.pageNumber <= stage.staged.sizeInPages && !stage.pageNumbers.has(page.pageNumber)) yield page
  yield* stage.pages()
}
