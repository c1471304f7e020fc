import { StateError } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import { pragmaNumber, prepared } from '../sql/prepared.ts'
import { quoteIdentifier, quoteText } from '../sql/quote.ts'
import { forgetSchema } from '../sql/forget-schema.ts'
import { inSavepoint } from '../sql/savepoint.ts'
import { indexTriggers } from './index-triggers.ts'
import { TargetTables } from './target-tables.ts'

/** Any trigger with none of the names in a JSON array. */
const selectTrigger = `
  SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND name NOT IN (SELECT value FROM json_each(?)) LIMIT 1`

/** A table with a trigger that may fire for a DELETE, and none of the names in a JSON array. */
const selectTriggered = `
  SELECT tbl_name FROM sqlite_schema AS s WHERE type = 'trigger' AND sql LIKE '%DELETE%'
  AND EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = s.tbl_name)
  AND NOT EXISTS (
    SELECT 1 FROM sqlite_schema
    WHERE type = 'trigger' AND tbl_name = s.tbl_name AND name IN (SELECT value FROM json_each(?))
  ) LIMIT 1`

/**
 * A connection that writes rows which have already had their effects elsewhere: it fires no triggers and no
 * foreign key actions. It must be used for nothing else, since a statement of the application on it would
 * miss its triggers.
 *
 * SQLite has no switch for triggers. But the connection's schema in memory can be loaded from a moment at
 * which the file has no triggers: delete them in a savepoint, load the schema, roll the savepoint back. The
 * file and the schema cookie are as before, so SQLite takes the loaded schema for current until another
 * connection changes the schema; then it is done again. See docs/adr/0004. The exception is what triggers
 * write to a full-text index over another table: it is not captured, so it is done here too.
 */
export class ApplyConnection {
  readonly db: Database.Database
  /** Statements prepared for the tables written so far. */
  readonly tables: TargetTables
  /** Schema cookie for which the schema in memory has no triggers; null when that is not known to be so. */
  #blindAt: number | null = null
  /** Whether triggers may have been kept out of the schema in memory. */
  #isHidingSome = false
  #isBlind = false

  /**
   * Takes `db` over: turns foreign keys off and unsafe mode on (needed to write sqlite_schema).
   *
   * @throws StateError when `db` is inside a transaction, where foreign keys cannot be turned off
   */
  constructor(db: Database.Database) {
    if (db.inTransaction)
      throw new StateError(
        'TIDEMARK_IN_TRANSACTION',
        'an apply connection cannot begin inside a transaction',
        { recovery: 'bug' },
      )
    db.unsafeMode(true)
    db.pragma('foreign_keys = OFF')
    this.db = db
    this.tables = new TargetTables(db)
  }

  /** Increases with every schema change; what was prepared for another value may not fit any more. */
  schemaVersion(): number {
    return pragmaNumber(this.db, 'main.schema_version')
  }

  /**
   * Runs `run` with no trigger firing, inside the caller's transaction. When the transaction changes the
   * schema, before or in `run`, pass `keepSchema: false`: the schema in memory is then dropped at the end, so
   * that it cannot outlive a rollback. Where there are no triggers nothing is done: SQLite drops it by itself.
   */
  withoutTriggers<T>(options: { readonly keepSchema: boolean }, run: () => T): T {
    this.#assertTransaction()
    this.#isBlind = true
    this.#blind()
    try {
      return run()
    } finally {
      this.#isBlind = false
      if (this.#blindAt === null || (this.#isHidingSome && !options.keepSchema)) this.forgetSchema()
      // After a rollback another schema may get the same cookie.
      else if (!options.keepSchema) this.#blindAt = null
    }
  }

  /**
   * Runs schema statements in {@link withoutTriggers}, all of them or none. SQLite must see all triggers
   * meanwhile: it drops them with their table and rewrites them when something is renamed. What a failure
   * takes back is taken back before the triggers are hidden again: a rollback after that would bring them
   * into sight.
   */
  changeSchema(run: () => void): void {
    this.#assertTransaction()
    this.forgetSchema()
    try {
      inSavepoint(this.db, run)
    } finally {
      if (this.#isBlind && this.db.inTransaction) this.#blind()
      this.#blindAt = null
    }
  }

  /**
   * Drops the schema in memory, and what was learnt of it. To be called after a rollback that took a schema
   * change back: the next change may give the cookie that the undone one had.
   */
  forgetSchema(): void {
    this.#blindAt = null
    this.#isHidingSome = false
    this.tables.forget()
    forgetSchema(this.db)
  }

  #assertTransaction(): void {
    if (!this.db.inTransaction)
      throw new StateError('TIDEMARK_NO_TRANSACTION', 'changes are applied inside a transaction only', {
        recovery: 'bug',
      })
  }

  #blind(): void {
    const version = this.schemaVersion()
    const { pure, mixed } = indexTriggers(this.db)
    const kept = [...pure, ...mixed.keys()]
    if (this.#blindAt === version && !this.#seesTrigger(kept)) return
    if (!this.#hasTrigger(pure)) {
      this.#blindAt = version
      return
    }
    this.#isHidingSome = true
    this.db.exec(`
      SAVEPOINT tidemark_blind;
      PRAGMA writable_schema = ON;
      DELETE FROM sqlite_schema WHERE type = 'trigger' AND name NOT IN (${kept.map(quoteText).join()})`)
    const reduce = this.db.prepare("UPDATE sqlite_schema SET sql = ? WHERE type = 'trigger' AND name = ?")
    for (const [name, sql] of mixed) reduce.run(sql, name)
    this.db.exec('PRAGMA writable_schema = RESET')
    this.db.prepare('SELECT 1 FROM sqlite_schema').get()
    this.db.exec('ROLLBACK TO tidemark_blind; RELEASE tidemark_blind; PRAGMA writable_schema = OFF')
    if (this.#seesTrigger(kept))
      throw new StateError('TIDEMARK_TRIGGERS_VISIBLE', 'this SQLite cannot be kept from firing triggers', {
        recovery: 'bug',
      })
    this.#blindAt = version
  }

  /** Whether the file has a trigger that is not among `kept`. */
  #hasTrigger(kept: readonly string[]): boolean {
    return prepared<[string], 1>(this.db, selectTrigger).get(JSON.stringify(kept)) !== undefined
  }

  /**
   * Whether the schema in memory has a trigger that is not among `kept`: a trigger shows in a statement's
   * program as a sub-program.
   */
  #seesTrigger(kept: readonly string[]): boolean {
    const table = prepared<[string], string>(this.db, selectTriggered).pluck().get(JSON.stringify(kept))
    if (table === undefined) return false
    const program = this.db
      .prepare<[], { opcode: string }>(`EXPLAIN DELETE FROM ${quoteIdentifier(table)}`)
      .all()
    return program.some((step) => step.opcode === 'Program')
  }
}
