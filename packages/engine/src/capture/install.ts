import type Database from 'better-sqlite3'
import { quoteIdentifier } from '../sql/quote.ts'
import { inSavepoint } from '../sql/savepoint.ts'
import { createImageTables, growImages } from './image-tables.ts'
import { rememberSchema } from './known-schema.ts'
import { changeTypes, ownTables } from './own-tables.ts'
import { shapeNumber } from './shape-number.ts'
import { captureTriggers } from './trigger-sql.ts'
import { uniqueKeys } from './unique-conditions.ts'
import { assertCapturable, userTables } from './user-table.ts'
import type { UserTable } from './user-table.ts'
import { rememberVirtualRows, virtualCopies } from './virtual-rows.ts'

/**
 * Creates capture's tables, and its triggers for every table of the application, and takes the schema as known, in the
 * caller's transaction if there is one. May be called again: what is there stays. Change ids start above every captured one,
 * and at `firstChangeId` at least.
 *
 * @throws StateError for a table that cannot be captured (too many columns; no way to tell its rows apart)
 */
export function installCapture(db: Database.Database, options: { readonly firstChangeId: number }): void {
  inSavepoint(db, () => {
    const tables = userTables(db)
    createOwnTables(db, Math.max(1, ...tables.map((table) => table.shape.columns.length)))
    raiseChangeIds(db, options.firstChangeId)
    for (const table of tables) installTriggers(db, table)
    rememberVirtualRows(db)
    rememberSchema(db)
  })
}

/** True if {@link installCapture} has run on this database since its last pull. */
export function hasCapture(db: Database.Database): boolean {
  return (
    db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'tidemark_cdc'").get() !==
    undefined
  )
}

/** Drops everything that {@link installCapture} has created, with what was captured. */
export function removeCapture(db: Database.Database): void {
  inSavepoint(db, () => {
    const triggers =
      "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'tidemark\\_%' ESCAPE '\\'"
    for (const name of db.prepare<[], string>(triggers).pluck().all())
      db.exec(`DROP TRIGGER ${quoteIdentifier(name)}`)
    for (const name of [...ownTables, ...virtualCopies(db)]) db.exec(`DROP TABLE IF EXISTS ${name}`)
  })
}

function createOwnTables(db: Database.Database, width: number): void {
  db.exec(`
    ${createImageTables(width)};
    CREATE TABLE IF NOT EXISTS tidemark_shapes(shape INTEGER PRIMARY KEY, name TEXT NOT NULL, columns TEXT NOT NULL, key TEXT NOT NULL,
      UNIQUE (name, columns, key));
    CREATE TABLE IF NOT EXISTS tidemark_schema(type TEXT, name TEXT, tbl_name TEXT, rootpage INTEGER, sql TEXT,
      PRIMARY KEY (type, name)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS tidemark_state(key TEXT PRIMARY KEY, value) WITHOUT ROWID`)
  growImages(db, width)
}

/** A marker with the id below the first keeps the ids from starting lower, also when the table is emptied behind it. */
function raiseChangeIds(db: Database.Database, firstChangeId: number): void {
  const last = db.prepare<[], number | null>('SELECT max(change_id) FROM tidemark_cdc').pluck().get() ?? null
  if (last === null || last < firstChangeId - 1)
    db.prepare(`INSERT INTO tidemark_cdc(change_id, change_type) VALUES (?, ${changeTypes.commit})`).run(
      firstChangeId - 1,
    )
}

/** Makes our triggers of one table fit it as it is now, and makes room for its columns. */
export function installTriggers(db: Database.Database, table: UserTable): void {
  assertCapturable(table)
  growImages(db, table.shape.columns.length)
  const triggers = captureTriggers(table, shapeNumber(db, table.shape), uniqueKeys(db, table))
  if (areInstalled(db, table.shape.name, triggers)) return
  removeTriggers(db, table.shape.name)
  for (const sql of triggers) db.exec(sql)
}

/** Whether exactly these triggers of ours are there, created after all others of the table. */
function areInstalled(db: Database.Database, tableName: string, triggers: readonly string[]): boolean {
  const select =
    "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE ORDER BY rowid"
  const existing = db.prepare<[string], string>(select).pluck().all(tableName)
  const foreign = existing.length - triggers.length
  const ours = existing.filter((sql) => sql.startsWith('CREATE TRIGGER tidemark_')).length
  return ours === triggers.length && triggers.every((sql, index) => existing[foreign + index] === sql)
}

/** Drops our triggers of the table `tableName`; its changes are not captured until {@link installTriggers}. */
export function removeTriggers(db: Database.Database, tableName: string): void {
  const names = db
    .prepare<[string], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE AND name LIKE 'tidemark\\_%' ESCAPE '\\'",
    )
    .pluck()
    .all(tableName)
  for (const name of names) db.exec(`DROP TRIGGER ${quoteIdentifier(name)}`)
}
