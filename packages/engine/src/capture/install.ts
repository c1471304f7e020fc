import type Database from 'better-sqlite3'
import { inSavepoint } from '../sql/savepoint.ts'
import { createManyTriggers } from './create-triggers.ts'
import { createImageTables, growImages } from './image-tables.ts'
import { installTriggers, removeTriggers } from './install-triggers.ts'
import { rememberSchema } from './known-schema.ts'
import { createQueueTables } from '../queue/queue-tables.ts'
import { changeTypes, ownTables } from './own-tables.ts'
import { assertCapturable, userTables } from './user-table.ts'
import type { UserTable } from './user-table.ts'
import { rememberVirtualRows, virtualCopies } from './virtual-rows.ts'

/**
 * Creates capture's tables, and its triggers for every table of the application, and takes the schema as
 * known, in the caller's transaction if there is one. May be called again: what is there stays. Change ids
 * start above every captured one, and at `firstChangeId` at least.
 *
 * @throws StateError for a table that cannot be captured (too many columns; no way to tell its rows apart)
 */
export function installCapture(db: Database.Database, options: { readonly firstChangeId: number }): void {
  inSavepoint(db, () => {
    const tables = userTables(db)
    prepareFor(db, tables, options.firstChangeId)
    installTriggers(db, tables, createManyTriggers)
    rememberVirtualRows(db)
    rememberSchema(db)
  })
}

/**
 * The part of {@link installCapture} that does not capture yet: the tables, to write to them what is pending
 * before there are triggers, which would have to be hidden meanwhile.
 *
 * @throws as {@link installCapture}
 */
export function prepareCapture(db: Database.Database, options: { readonly firstChangeId: number }): void {
  prepareFor(db, userTables(db), options.firstChangeId)
}

function prepareFor(db: Database.Database, tables: readonly UserTable[], firstChangeId: number): void {
  for (const table of tables) assertCapturable(table)
  createOwnTables(db, Math.max(1, ...tables.map((table) => table.shape.columns.length)))
  raiseChangeIds(db, firstChangeId)
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
    removeTriggers(
      db,
      userTables(db).map(({ shape }) => shape.name),
    )
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
 * From now on change ids are `firstChangeId` at least. A marker of no transaction with the id below it keeps
 * them from starting lower, also when the table is emptied behind it.
 */
export function raiseChangeIds(db: Database.Database, firstChangeId: number): void {
  const last = db.prepare<[], number | null>('SELECT max(change_id) FROM tidemark_cdc').pluck().get() ?? null
  if (last === null || last < firstChangeId - 1)
    db.prepare(
      `INSERT INTO tidemark_cdc(change_id, change_type, id) VALUES (?, ${changeTypes.commit}, ?)`,
    ).run(BigInt(firstChangeId - 1), BigInt(firstChangeId - 1))
}
