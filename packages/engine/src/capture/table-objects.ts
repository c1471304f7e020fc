import type Database from 'better-sqlite3'

/** A trigger or index as `sqlite_schema` has it. */
export interface TableObject {
  readonly type: 'trigger' | 'index'
  readonly name: string
  /** Null: an index that SQLite has made for a constraint. */
  readonly sql: string | null
}

interface ObjectRow extends TableObject {
  readonly table: string
}

/**
 * The triggers and indexes of all tables, as they are when this is made, in order of creation.
 * `sqlite_schema` has no index: asked for one table, it is read from end to end, and asked so for each table,
 * the time grows with the square of their number.
 */
export class TableObjects {
  readonly #byTable: ReadonlyMap<string, readonly TableObject[]>
  readonly #indexes: ReadonlyMap<string, string | null>

  constructor(db: Database.Database) {
    const rows = db
      .prepare<[], ObjectRow>(
        `SELECT type, name, sql, lower(tbl_name) AS "table" FROM main.sqlite_schema
         WHERE type IN ('trigger', 'index') ORDER BY rowid`,
      )
      .all()
    this.#byTable = Map.groupBy(rows, (row) => row.table)
    this.#indexes = new Map(rows.flatMap(({ type, name, sql }) => (type === 'index' ? [[name, sql]] : [])))
  }

  /** Of the table `tableName`, whatever its case. */
  of(tableName: string): readonly TableObject[] {
    return this.#byTable.get(lower(tableName)) ?? []
  }

  /** The statement that has created the index `name`; null for one that SQLite has made for a constraint. */
  indexSql(name: string): string | null {
    return this.#indexes.get(name) ?? null
  }
}

/** As SQLite's `lower()` and names: of letters, those of ASCII only. */
function lower(name: string): string {
  return name.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
