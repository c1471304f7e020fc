import type Database from 'better-sqlite3'
import { parseCreateTrigger } from '../sql/parse-create-trigger.ts'
import type { TriggerStatement } from '../sql/parse-create-trigger.ts'
import { prepared } from '../sql/prepared.ts'
import { isKeyword, nameOf } from '../sql/tokens.ts'
import { notReserved } from './own-tables.ts'
import { findTable } from './user-table.ts'
import type { UserTable } from './user-table.ts'
import type { VirtualTable } from './virtual-table.ts'

const rowidNames: ReadonlySet<string> = new Set(['rowid', 'oid', '_rowid_', 'docid'])
const selectTriggers = `
  SELECT tbl_name AS "table", sql FROM sqlite_schema WHERE type = 'trigger' AND ${notReserved('name')}`

/**
 * Those of `tables`, by their names in lower case, to which a trigger gives a row for each new row of an
 * ordinary table, under the rowid of that row. Their rows do not travel: the triggers make them anew where
 * rows arrive. Otherwise a row that gets another rowid there, or is refused, would leave its row here behind,
 * in the way of the next one.
 */
export function followingTables(db: Database.Database, tables: readonly VirtualTable[]): Set<string> {
  const following = new Set<string>()
  if (tables.length === 0) return following
  for (const { table, sql } of prepared<[], { table: string; sql: string }>(db, selectTriggers).all()) {
    const { firesForInserts, body } = parseCreateTrigger(sql)
    const followed = firesForInserts ? findTable(db, table) : null
    if (followed === null) continue
    const names = namesOfRowid(followed)
    for (const virtual of tables)
      if (body.some((statement) => isFollowing(statement, names, virtual)))
        following.add(virtual.table.shape.name.toLowerCase())
  }
  return following
}

function namesOfRowid({ shape, rowidIsKey }: UserTable): ReadonlySet<string> {
  return rowidIsKey ? new Set([...rowidNames, shape.columns[shape.key[0]!]!.toLowerCase()]) : rowidNames
}

/** The statement is an `INSERT INTO table (rowid, …) VALUES (new.rowid, …)`. */
function isFollowing(
  { writes, tokens }: TriggerStatement,
  rowids: ReadonlySet<string>,
  { table, module }: VirtualTable,
): boolean {
  const { name, columns } = table.shape
  if (writes?.toLowerCase() !== name.toLowerCase()) return false
  const values = tokens.findIndex((token) => isKeyword(token, 'VALUES'))
  if (values < 0) return false
  const [open, row, dot, rowid, end] = tokens.slice(values + 1)
  const takesRowid =
    open?.text === '(' &&
    nameOf(row)?.toLowerCase() === 'new' &&
    dot?.text === '.' &&
    rowids.has(nameOf(rowid)?.toLowerCase() ?? '') &&
    end?.text === ','
  if (!takesRowid) return false
  const list = tokens.findIndex((token) => token.text === '(')
  // Without a list of columns the first value of an R-Tree is the id, that of a full-text table a text.
  if (list > values) return module.startsWith('rtree')
  const first = nameOf(tokens[list + 1])?.toLowerCase()
  return first !== undefined && (rowidNames.has(first) || first === columns[0]!.toLowerCase())
}
