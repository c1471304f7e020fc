import type Database from 'better-sqlite3'
import { forgetSchema } from '../sql/forget-schema.ts'
import type { CaptureTrigger } from './trigger-sql.ts'

/** About those of one table. Of fewer, as of a table whose schema has changed, each is created by itself. */
const manyTriggers = 8

/** Creates triggers, in their order, which decides in which order they fire. */
export function createTriggers(db: Database.Database, triggers: readonly CaptureTrigger[]): void {
  for (const { sql } of triggers) db.exec(sql.replace('CREATE TRIGGER ', 'CREATE TRIGGER main.'))
}

/**
 * The same, faster for many, on a connection that nothing but the engine uses. For each CREATE TRIGGER SQLite
 * reads `sqlite_schema` from end to end, so the time grows with the square of the number of triggers. Here
 * the rows that it would write are written by us, all but the last, and read as SQLite reads those of any
 * file; the last is created as usual, which tells all connections of the change. See docs/adr/0028.
 *
 * In a transaction. Where SQLite does not let `sqlite_schema` be written (defensive mode), as {@link createTriggers}.
 */
export function createManyTriggers(db: Database.Database, triggers: readonly CaptureTrigger[]): void {
  const last = triggers.at(-1)
  if (last === undefined || !isWorthIt(db, triggers) || !allowSchemaWrites(db)) {
    createTriggers(db, triggers)
    return
  }
  try {
    const insert = db.prepare(
      `INSERT INTO main.sqlite_schema(type, name, tbl_name, rootpage, sql) VALUES ('trigger', ?, ?, 0, ?)`,
    )
    for (const { name, table, sql } of triggers.slice(0, -1)) insert.run(name, table, sql)
    forgetSchema(db)
    createTriggers(db, [last])
  } catch (error) {
    // What is in memory must not outlive the rollback.
    forgetSchema(db)
    throw error
  }
}

/**
 * Where they are more than all else in the schema, to read that once costs less than to create them one by one.
 * SQLite refuses to create a second trigger of a name. Where it reads one, it takes the file for damaged.
 */
function isWorthIt(db: Database.Database, triggers: readonly CaptureTrigger[]): boolean {
  if (triggers.length < manyTriggers) return false
  const names = db.prepare<[], string>('SELECT lower(name) FROM main.sqlite_schema').pluck().all()
  if (triggers.length < names.length) return false
  const taken = new Set(names)
  return !triggers.some(({ name }) => taken.has(name))
}

function allowSchemaWrites(db: Database.Database): boolean {
  db.exec('PRAGMA writable_schema = ON')
  // Without effect in defensive mode.
  return db.pragma('writable_schema', { simple: true }) === 1
}
