import type Database from 'better-sqlite3'
import { quoteIdentifier } from '../sql/quote.ts'
import { inSavepoint } from '../sql/savepoint.ts'
import { followingColumns } from './followed-updates.ts'
import { createImageTables, growImages } from './image-tables.ts'
import { rememberSchema } from './known-schema.ts'
import { createQueueTables } from '../queue/queue-tables.ts'
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
    for (const { shape } of userTables(db)) removeTriggers(db, shape.name)
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
    CREATE TABLE IF NOT EXISTS tidemark_state(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS tidemark_base(id INTEGER PRIMARY KEY, state BLOB NOT NULL);
    ${createQueueTables}`)
  growImages(db, width)
}

/**
 * From now on change ids are `firstChangeId` at least. A marker of no transaction with the id below it keeps them from starting lower, also when the table is
 * emptied behind it.
 */
export function raiseChangeIds(db: Database.Database, firstChangeId: number): void {
  const last = db.prepare<[], number | null>('SELECT max(change_id) FROM tidemark_cdc').pluck().get() ?? null
  if (last === null || last < firstChangeId - 1)
    db.prepare(
      `INSERT INTO tidemark_cdc(change_id, change_type, id) VALUES (?, ${changeTypes.commit}, ?)`,
    ).run(BigInt(firstChangeId - 1), BigInt(firstChangeId - 1))
}

/** Makes our triggers of one table fit it as it is now, and makes room for its columns. A temporary table of the same name is another one. */
export function installTriggers(db: Database.Database, table: UserTable): void {
  assertCapturable(table)
  growImages(db, table.shape.columns.length)
  const shapeId = shapeNumber(db, table.shape)
  const triggers = captureTriggers(table, shapeId, uniqueKeys(db, table), followingColumns(db, table))
  if (!areInstalled(db, table.shape.name, triggers)) {
    removeTriggers(db, table.shape.name)
    for (const sql of triggers) db.exec(sql.replace('CREATE TRIGGER ', 'CREATE TRIGGER main.'))
  }
  if (table.shape.key.length === 0) keepRowids(db, table.shape.name, shapeId)
}

/**
 * VACUUM numbers the rows of a table anew that has neither INTEGER PRIMARY KEY nor any index, and the rowid is what captured changes of a table without a
 * key name their rows by. So each gets an index, which is empty and costs nothing to keep.
 */
function keepRowids(db: Database.Database, tableName: string, shapeId: number): void {
  const hasIndex =
    "SELECT 1 FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? COLLATE NOCASE AND name = ?"
  const name = `tidemark_${shapeId}_rowids`
  if (db.prepare(hasIndex).get(tableName, name) === undefined)
    db.exec(`CREATE INDEX main.${name} ON ${quoteIdentifier(tableName)} (1) WHERE 0`)
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

/** Drops our triggers of the table `tableName`, and our index; its changes are not captured until {@link installTriggers}. */
export function removeTriggers(db: Database.Database, tableName: string): void {
  const ours = db
    .prepare<[string], { type: string; name: string }>(
      "SELECT type, name FROM sqlite_schema WHERE type IN ('trigger', 'index') AND tbl_name = ? COLLATE NOCASE AND name LIKE 'tidemark\\_%' ESCAPE '\\'",
    )
    .all(tableName)
  for (const { type, name } of ours) db.exec(`DROP ${type} main.${quoteIdentifier(name)}`)
}
