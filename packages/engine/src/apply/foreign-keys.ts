import type Database from 'better-sqlite3'
import { prepared } from '../sql/prepared.ts'
import { quoteIdentifier } from '../sql/quote.ts'

/** One foreign key: `columns` of `child` name `parentColumns` of `parent`. Names as SQLite reports them. */
export interface ForeignKey {
  readonly child: string
  readonly columns: readonly string[]
  readonly parent: string
  readonly parentColumns: readonly string[]
}

interface ForeignKeyRow {
  readonly child: string
  readonly id: number
  readonly parent: string
  readonly column: string
  readonly parentColumn: string | null
}

const selectKeys = `
  SELECT s.name AS child, k.id, k."table" AS parent, k."from" AS "column", k."to" AS parentColumn
  FROM sqlite_schema AS s JOIN pragma_foreign_key_list(s.name) AS k
  WHERE s.type = 'table' ORDER BY s.name, k.id, k.seq`

/** All foreign keys of the database. */
export function foreignKeys(db: Database.Database): ForeignKey[] {
  const rows = prepared<[], ForeignKeyRow>(db, selectKeys).all()
  if (rows.length === 0) return []
  const primaryKey = db
    .prepare<[string], string>('SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk')
    .pluck()
  return [...Map.groupBy(rows, ({ child, id }) => JSON.stringify([child, id])).values()].map((columns) => {
    const { child, parent, parentColumn } = columns[0]!
    return {
      child,
      parent,
      columns: columns.map(({ column }) => column),
      parentColumns:
        parentColumn === null ? primaryKey.all(parent) : columns.map((column) => column.parentColumn!),
    }
  })
}

/** SQL over the child table's bare name: true for a row that names a parent that does not exist. */
export function isOrphan({ child, columns, parent, parentColumns }: ForeignKey): string {
  const names = columns.map((column) => `${quoteIdentifier(child)}.${quoteIdentifier(column)}`)
  const isSet = names.map((name) => `${name} IS NOT NULL`).join(' AND ')
  // The parent's affinity and collation decide, as in SQLite's own check; unary plus takes the child's away.
  const matches = parentColumns
    .map((column, index) => `p.${quoteIdentifier(column)} = +${names[index]}`)
    .join(' AND ')
  return `${isSet} AND NOT EXISTS (SELECT 1 FROM ${quoteIdentifier(parent)} AS p WHERE ${matches === '' ? '0' : matches})`
}
