import { StateError } from '@tidemark/protocol'
import type { TableShape } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import { quoteIdentifier } from '../sql/quote.ts'
import { defaultExpression } from './default-expression.ts'
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
  /**
   * How the key's index compares its columns, by name: not always as the columns do elsewhere. Empty where
   * the key is the rowid.
   */
  readonly keyCollations: ReadonlyMap<string, string>
  /**
   * SQL of the defaults that NULL becomes on its way into columns that are NOT NULL, if the statement says
   * REPLACE; by name.
   */
  readonly replacingNull: ReadonlyMap<string, string>
}

interface ColumnRow {
  readonly table: string
  readonly wr: number
  readonly name: string
  readonly pk: number
  readonly hidden: number
  readonly isNotNull: number
  readonly default: string | null
  /** Null: no part of a key with an index. */
  readonly collation: string | null
}

/** SQL over what `list` has of `pragma_table_list`. */
const selectFrom = (list: string): string => `
  SELECT t.name AS "table", t.wr, c.name, c.pk, c.hidden, c."notnull" AS isNotNull, c.dflt_value AS "default",
    CASE WHEN c.pk > 0 THEN (SELECT x.coll FROM pragma_index_list(t.name, 'main') AS l JOIN pragma_index_xinfo(l.name, 'main') AS x
      WHERE l.origin = 'pk' AND x.cid = c.cid) END AS collation
  FROM ${list} AS t JOIN pragma_table_xinfo(t.name, 'main') AS c
  WHERE t.schema = 'main' AND t.type = 'table'`

/**
 * Every ordinary table of the application: no views, no virtual or shadow tables, none of the reserved names. By name.
 */
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
  const rowidIsKey = keyColumns.length === 1 && !withoutRowid && keyColumns[0]!.collation === null
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
    keyCollations: new Map(
      keyColumns.flatMap(({ name, collation }) => (collation === null ? [] : [[name, collation]])),
    ),
    replacingNull: new Map(
      stored.flatMap((row) =>
        row.isNotNull === 1 && row.default !== null ? [[row.name, defaultExpression(row.default)]] : [],
      ),
    ),
  }
}

function freeRowidName(rows: readonly ColumnRow[]): string | null {
  const taken = new Set(rows.map((row) => row.name.toLowerCase()))
  return ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name)) ?? null
}

/**
 * The COLLATE clause with which the key's index compares a column of the key; empty where the key is the
 * rowid. Also lets SQLite use that index.
 */
export function keyCollate({ keyCollations }: UserTable, name: string): string {
  const collation = keyCollations.get(name)
  return collation === undefined ? '' : ` COLLATE ${quoteIdentifier(collation)}`
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
