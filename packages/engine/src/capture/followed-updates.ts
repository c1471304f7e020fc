import type Database from 'better-sqlite3'

import { prepared } from '../sql/prepared.ts'
import { quoteIdentifier } from '../sql/quote.ts'
import { changeTypes } from './own-tables.ts'
import { images, isSameRow, record, rowidOf, valuesOf } from './trigger-terms.ts'
import type { UserTable } from './user-table.ts'

/**
 * The columns of a table that follow when a key changes which they refer to in the same table: of foreign
 * keys ON UPDATE CASCADE, SET NULL, SET DEFAULT.
 */
export function followingColumns(db: Database.Database, { shape }: UserTable): string[] {
  const select = `SELECT DISTINCT "from" FROM pragma_foreign_key_list(?, 'main')
    WHERE "table" = ? COLLATE NOCASE AND on_update IN ('CASCADE', 'SET NULL', 'SET DEFAULT') ORDER BY "from"`
  return prepared<[string, string], string>(db, select).pluck().all(shape.name, shape.name)
}

/**
 * SQL for the AFTER UPDATE triggers of a table whose rows can refer to themselves: true when the row is not
 * as the update has left it. SQLite runs foreign key actions before AFTER triggers, so what followed to the
 * row itself has been captured by then, before its cause.
 */
export function hasFollowed(table: UserTable, following: readonly string[]): string {
  const isDifferent = following.map(quoteIdentifier).map((name) => `s.${name} IS NOT NEW.${name}`)
  return `EXISTS (SELECT 1 FROM ${updatedRow(table)} AND (${isDifferent.join(' OR ')}))`
}

/** SQL that replaces what followed by one change from before the update to the row as it is now. */
export function recordFollowed(table: UserTable, shapeId: number): string[] {
  const { columns } = table.shape
  const isOfRow = `shape = ${shapeId} AND change_type = ${changeTypes.update} AND ${isNamedNew(table)}`
  const isAsUpdated = columns.map((name, index) => `b${index} IS NEW.${quoteIdentifier(name)}`).join(' AND ')
  const first = `SELECT max(change_id) FROM tidemark_cdc WHERE ${isOfRow} AND ${isAsUpdated}`
  return [
    `DELETE FROM tidemark_cdc WHERE ${isOfRow} AND change_id >= (${first})`,
    record(
      changeTypes.update,
      shapeId,
      rowidOf(table, 'OLD.'),
      [
        [images('a', columns), valuesOf('s.', columns)],
        [images('b', columns), valuesOf('OLD.', columns)],
      ],
      updatedRow(table),
    ),
  ]
}

function updatedRow(table: UserTable): string {
  return `${quoteIdentifier(table.shape.name)} AS s WHERE ${isSameRow(table, (name) => `NEW.${name}`, 's.')}`
}

/** A captured change is one of the row that the update has left. */
function isNamedNew({ shape, rowid }: UserTable): string {
  if (rowid !== null) return `id IS NEW.${rowid}`
  const terms = shape.key.map(
    (position) => `b${position} IS NEW.${quoteIdentifier(shape.columns[position]!)}`,
  )
  return terms.join(' AND ')
}
