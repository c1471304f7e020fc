import { StateError } from '@tidemark/protocol'
import type { TableShape } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import { quoteIdentifier } from '../sql/quote.ts'
import { maxCapturedColumns, notReserved } from './own-tables.ts'

/** A table of the application as it is now. */
export interface UserTable {
  readonly shape: TableShape
  readonly withoutRowid: boolean
  /** SQL name that reads the rowid; null: WITHOUT ROWID, or every name of the rowid is taken by a column. */
  readonly rowid: string | null
  /** The one key column is an alias of the rowid. */
  readonly rowidIsKey: boolean
  /** Names of the generated columns. */
  readonly generated: readonly string[]
}

interface ColumnRow {
  readonly table: string
  readonly wr: number
  readonly name: string
  readonly pk: number
  readonly hidden: number
  readonly pkIndex: number
}

/** SQL over what `list` has of `pragma_table_list`. */
const selectFrom = (list: string): string => `
  SELECT t.name AS "table", t.wr, c.name, c.pk, c.hidden,
    c.pk > 0 AND EXISTS (SELECT 1 FROM pragma_index_list(t.name, 'main') WHERE origin = 'pk') AS pkIndex
  FROM ${list} AS t JOIN pragma_table_xinfo(t.name, 'main') AS c
  WHERE t.schema = 'main' AND t.type = 'table'`

/** Every ordinary table of the application: no views, no virtual or shadow tables, none of the reserved names. By name. */
export function userTables(db: Database.Database): UserTable[] {
  const rows = db
    .prepare<[], ColumnRow>(
      `${selectFrom('pragma_table_list')} AND ${notReserved('t.name')} ORDER BY t.name, c.cid`,
    )
    .all()
  return [...Map.groupBy(rows, (row) => row.table).values()].map(describe)
}

/** The ordinary table `name` as it is now, whatever its case; null if there is none. */
export function findTable(db: Database.Database, name: string): UserTable | null {
  const rows = db
    .prepare<[string], ColumnRow>(`${selectFrom('pragma_table_list(?)')} ORDER BY c.cid`)
    .all(name)
  return rows.length === 0 ? null : describe(rows)
}

function describe(rows: readonly ColumnRow[]): UserTable {
  const stored = rows.filter((row) => row.hidden === 0)
  const first = rows[0]!
  const keyColumns = stored.filter((row) => row.pk > 0).toSorted((a, b) => a.pk - b.pk)
  const withoutRowid = first.wr === 1
  const rowidIsKey = keyColumns.length === 1 && !withoutRowid && keyColumns[0]!.pkIndex === 0
  return {
    shape: {
      name: first.table,
      columns: stored.map((row) => row.name),
      key: keyColumns.map((column) => stored.indexOf(column)),
    },
    withoutRowid,
    rowid: withoutRowid ? null : rowidIsKey ? quoteIdentifier(keyColumns[0]!.name) : freeRowidName(rows),
    rowidIsKey,
    generated: rows.filter((row) => row.hidden >= 2).map((row) => row.name),
  }
}

function freeRowidName(rows: readonly ColumnRow[]): string | null {
  const taken = new Set(rows.map((row) => row.name.toLowerCase()))
  return ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name)) ?? null
}

/** Refuses tables that capture cannot follow. */
export function assertCapturable({ shape, rowid }: UserTable): void {
  if (shape.columns.length > maxCapturedColumns)
    throw new StateError(
      'TIDEMARK_TOO_MANY_COLUMNS',
      `table ${shape.name} has ${shape.columns.length} columns; at most ${maxCapturedColumns} can be synced. Drop the table, or columns of it`,
      { recovery: 'fix-data' },
    )
  if (shape.key.length === 0 && rowid === null)
    throw new StateError(
      'TIDEMARK_NO_IDENTITY',
      `table ${shape.name} has no primary key, and columns hide every name of its rowid: its rows cannot be told apart. Give it a primary key, or drop it`,
      { recovery: 'fix-data' },
    )
}
