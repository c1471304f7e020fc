import type Database from 'better-sqlite3'
import type { StatementClass } from './classify-statement.ts'
import { parseAlterTable } from './parse-alter-table.ts'

/**
 * Whether the database is already as a schema statement would make it, by the names: an object that it creates
 * is there, one that it drops is not, a column is added, renamed or dropped.
 */
export function isDone(
  db: Database.Database,
  statement: StatementClass & { kind: 'schema' },
  sql: string,
): boolean {
  const name = statement.name!
  const isTableLike =
    statement.objectType === 'table' ||
    statement.objectType === 'virtual table' ||
    statement.objectType === 'view'
  const types = isTableLike ? "'table', 'view'" : `'${statement.objectType}'`
  const exists = (object: string): boolean =>
    db
      .prepare(`SELECT 1 FROM sqlite_schema WHERE type IN (${types}) AND name = ? COLLATE NOCASE`)
      .get(object) !== undefined
  if (statement.verb === 'create') return exists(name)
  if (statement.verb === 'drop') return !exists(name)
  const alter = parseAlterTable(sql)
  if (alter === null) return false
  const has = (column: string): boolean => hasColumn(db, name, column)
  switch (alter.action) {
    case 'rename':
      return !exists(name) && exists(alter.to)
    case 'rename column':
      return exists(name) && !has(alter.column) && has(alter.to)
    case 'add column':
      return has(alter.column)
    case 'drop column':
      return exists(name) && !has(alter.column)
  }
}

function hasColumn(db: Database.Database, table: string, column: string): boolean {
  return (
    db
      .prepare("SELECT 1 FROM pragma_table_xinfo(?, 'main') WHERE name = ? COLLATE NOCASE")
      .get(table, column) !== undefined
  )
}
