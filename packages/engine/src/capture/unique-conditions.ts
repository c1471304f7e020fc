import type Database from 'better-sqlite3'
import { quoteIdentifier } from '../sql/quote.ts'
import { parseCreateIndex } from '../sql/parse-create-index.ts'
import { prepared } from '../sql/prepared.ts'
import type { TableObjects } from './table-objects.ts'
import type { UserTable } from './user-table.ts'

/** One way in which a new row can collide with a stored one. */
export interface UniqueCondition {
  /**
   * SQL over the table's bare column names and `NEW.`: true for the stored rows that share this key with the new row.
   */
  readonly sql: string
  /** Columns whose change can cause the collision; null: it cannot be told from the columns alone. */
  readonly columns: readonly string[] | null
}

interface IndexColumn {
  readonly index: string
  readonly cid: number
  readonly name: string | null
  readonly coll: string
  readonly seqno: number
  readonly origin: 'pk' | 'u' | 'c'
}

const selectIndexes = `
  SELECT l.name AS "index", x.cid, x.name, x.coll, x.seqno, l.origin
  FROM pragma_index_list(?, 'main') AS l JOIN pragma_index_xinfo(l.name, 'main') AS x
  WHERE l."unique" = 1 AND x.key = 1 ORDER BY l.seq, x.seqno`

/** The unique keys of a table through which REPLACE can remove rows. */
export interface UniqueKeys {
  /** What identifies the row: its key, or its rowid where it has none. */
  readonly key: UniqueCondition
  readonly others: readonly UniqueCondition[]
}

/**
 * The unique keys of `table`, whose indexes are in `objects`. A condition may find rows that do not collide
 * (partial indexes), never miss one that does.
 */
export function uniqueKeys(db: Database.Database, table: UserTable, objects: TableObjects): UniqueKeys {
  const rows = prepared<[string], IndexColumn>(db, selectIndexes).all(table.shape.name)
  const others: UniqueCondition[] = []
  let key: UniqueCondition = { sql: `${table.rowid} = NEW.${table.rowid}`, columns: rowidColumns(table) }
  for (const [index, columns] of Map.groupBy(rows, (row) => row.index)) {
    const condition = indexCondition(table, columns, objects.indexSql(index))
    if (columns[0]?.origin === 'pk') key = condition
    else others.push(condition)
  }
  return { key, others }
}

/** Every name under which an UPDATE can set the rowid: SQLite goes by the name that is written. */
function rowidColumns({ shape }: UserTable): readonly string[] {
  const alias = shape.key.map((position) => shape.columns[position]!)
  return [...alias, 'rowid', '_rowid_', 'oid']
}

function indexCondition(
  table: UserTable,
  columns: readonly IndexColumn[],
  sql: string | null,
): UniqueCondition {
  const definition = sql === null ? null : parseCreateIndex(sql)
  const terms = columns.map(({ name, coll, seqno }) => {
    const collate = `COLLATE ${quoteIdentifier(coll)}`
    if (name !== null) return `${quoteIdentifier(name)} = ${newValue(table, name)} ${collate}`
    const expression = definition?.terms[seqno] ?? 'NULL'
    return `(${expression}) = (SELECT ${expression} FROM ${newRowAs(table)}) ${collate}`
  })
  if (definition?.where) terms.push(`(${definition.where})`)
  const names = columns.map((column) => column.name)
  const isPlain =
    !definition?.where && names.every((name) => name !== null && !table.generated.includes(name))
  return { sql: terms.join(' AND '), columns: isPlain ? names.filter((name) => name !== null) : null }
}

/** The new row under the table's own name, so that an index expression reads it unchanged. */
function newRowAs(table: UserTable): string {
  const { shape, generated } = table
  const columns = [
    ...shape.columns.map((name) => `${newValue(table, name)} AS ${quoteIdentifier(name)}`),
    ...generated.map((name) => `NEW.${quoteIdentifier(name)} AS ${quoteIdentifier(name)}`),
  ]
  return `(SELECT ${columns.join()}) AS ${quoteIdentifier(shape.name)}`
}

/**
 * SQL of what is written into a column of the new row. With REPLACE, NULL gives way to the default where
 * there must be none.
 */
export function newValue({ replacingNull }: UserTable, name: string): string {
  const value = `NEW.${quoteIdentifier(name)}`
  const fallback = replacingNull.get(name)
  return fallback === undefined ? value : `coalesce(${value},${fallback})`
}
