import { StateError } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import { classifyStatement } from '../sql/classify-statement.ts'
import { inWriteTransaction } from '../sql/savepoint.ts'
import { splitStatements } from '../sql/split-statements.ts'
import { captureForeignSchema, captureSchema, refreshTriggers } from './foreign-schema.ts'
import { hasCapture } from './install.ts'
import { installTriggers, removeTriggers } from './install-triggers.ts'
import { currentSchema, currentVersions, knownSchema, rememberSchema } from './known-schema.ts'
import { isReservedName } from './own-tables.ts'
import { pullUnfinished } from './pull-unfinished.ts'
import { recordSchema } from './record.ts'
import { findTable } from './user-table.ts'

/**
 * Runs one schema statement, or `PRAGMA user_version = N` and the like, through `run`, and captures it.
 * Atomic: when it fails, neither the schema nor what is captured has changed.
 *
 * ALTER is captured as it was written; anything else as what it has changed, so that IF NOT EXISTS, CREATE
 * TABLE AS and statements for temporary or attached databases come out right.
 *
 * @throws StateError `TIDEMARK_PULL_UNFINISHED` between the two halves of a pull of another process: which
 * table an ALTER was about could not be told afterwards
 */
export function captureSchemaStatement<T>(db: Database.Database, sql: string, run: () => T): T {
  return inWriteTransaction(db, () => {
    if (!hasCapture(db)) throw pullUnfinished(db.name)
    const isUpToDate = captureWhatIsThere(db)
    const statement = classifyStatement(sql)
    if (!isUpToDate || statement.kind !== 'schema' || statement.verb !== 'alter') {
      const result = run()
      assertVirtualTablesVisible(db)
      captureSchema(db)
      return result
    }
    const { name, schemaName } = statement
    const isOurs =
      name !== null &&
      !isReservedName(name) &&
      (schemaName === null || schemaName === 'main') &&
      findTable(db, name) !== null
    // SQLite refuses to drop a column that a trigger mentions.
    if (isOurs) removeTriggers(db, [name])
    const { schemaVersion } = currentVersions(db)
    const result = run()
    assertVirtualTablesVisible(db)
    const hasChanged = currentVersions(db).schemaVersion !== schemaVersion
    if (hasChanged) recordSchema(db, splitStatements(sql)[0] ?? sql)
    refreshTriggers(db, knownSchema(db), currentSchema(db))
    const unchanged = isOurs && !hasChanged ? findTable(db, name) : null
    if (unchanged !== null) installTriggers(db, [unchanged])
    rememberSchema(db)
    return result
  })
}

/**
 * False: another program has made a table that cannot be captured. The statement may be the one that drops
 * it, so it is seen afterwards whether all is well.
 */
function captureWhatIsThere(db: Database.Database): boolean {
  try {
    captureForeignSchema(db)
    return true
  } catch (error) {
    if (!(error instanceof StateError)) throw error
    return false
  }
}

/**
 * Behind a temporary table or view SQLite does not find the virtual table of the same name, and takes its
 * shadow tables for ordinary ones. Triggers on those would make the file unreadable.
 */
function assertVirtualTablesVisible(db: Database.Database): void {
  const hidden = `SELECT v.name FROM sqlite_temp_schema AS t JOIN main.sqlite_schema AS v
    ON v.name = t.name COLLATE NOCASE AND v.type = 'table' AND v.rootpage = 0 LIMIT 1`
  const name = db.prepare<[], string>(hidden).pluck().get()
  if (name === undefined) return
  throw new StateError(
    'TIDEMARK_STATEMENT_REFUSED',
    `a temporary table or view must not have the name of the virtual table ${name}: it would hide it from SQLite. Choose another name`,
    { recovery: 'fix-data' },
  )
}
