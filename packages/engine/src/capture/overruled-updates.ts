import type Database from 'better-sqlite3'
import { prepared } from '../sql/prepared.ts'
import { quoteIdentifier } from '../sql/quote.ts'
import { changeTypes } from './own-tables.ts'
import type { UserTable } from './user-table.ts'

/**
 * An update with REPLACE may remove the row that the updated one refers to. SQLite then runs the foreign key
 * action on the updated row, and after that writes it as it has computed it before: from a row without the
 * effect of the action. Both are captured as changes of the row that the statement found, so a column which
 * the action has set and the update has not would stay as the action left it, wherever the changes are
 * applied. So what the action did is forgotten.
 */

/** Whether rows of the table may change when a row of it is removed that they refer to. */
export function hasDeleteActions(db: Database.Database, table: UserTable): boolean {
  return hasSelfReference(db, table, "on_delete IN ('SET NULL', 'SET DEFAULT')")
}

/** Whether rows of the table may go with a row of it that they refer to. */
export function hasCascades(db: Database.Database, table: UserTable): boolean {
  return hasSelfReference(db, table, "on_delete = 'CASCADE'")
}

function hasSelfReference(db: Database.Database, { shape }: UserTable, condition: string): boolean {
  const select = `SELECT 1 FROM pragma_foreign_key_list(?, 'main') WHERE "table" = ? COLLATE NOCASE AND ${condition} LIMIT 1`
  return prepared<[string, string], 1>(db, select).get(shape.name, shape.name) !== undefined
}

/**
 * SQL for the AFTER UPDATE trigger: deletes the updates of the row that came after it was last seen to become
 * what the statement found, if the update may have removed rows: then `tidemark_evicted` has what it was to
 * make of the row.
 */
export function forgetOverruled(table: UserTable, shapeId: number): string {
  const { columns, key } = table.shape
  const isImage = (letter: 'a' | 'b', prefix: string): string =>
    columns.map((name, index) => `${letter}${index} IS ${prefix}${quoteIdentifier(name)}`).join(' AND ')
  const announced = `FROM tidemark_evicted WHERE shape = -${shapeId} AND ${isImage('b', 'NEW.')}`
  const ofShape = `FROM tidemark_cdc WHERE shape = ${shapeId}`
  const isOfRow = table.rowid === null ? isImage('b', 'OLD.') : `id IS OLD.${table.rowid}`
  const isUpdate = `change_type = ${changeTypes.update} AND ${isOfRow}`
  const left = `SELECT max(change_id) ${ofShape} AND ${isUpdate} AND ${isImage('b', 'OLD.')}`
  const isWritten = `change_type IN (${changeTypes.insert},${changeTypes.update})`
  // A row with a key may have had another rowid before.
  const isWrittenRow = key.length > 0 ? isWritten : `${isWritten} AND ${isOfRow}`
  const became = `SELECT max(change_id) ${ofShape} AND ${isWrittenRow} AND ${isImage('a', 'OLD.')}`
  return `DELETE ${ofShape} AND EXISTS (SELECT 1 ${announced}) AND ${isUpdate} AND change_id >= (${left}) AND change_id > coalesce((${became}), 0)`
}
