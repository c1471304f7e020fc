import type Database from 'better-sqlite3'
import { prepared } from '../sql/prepared.ts'
import { quoteIdentifier } from '../sql/quote.ts'
import { isKeyword, nameOf, tokenize } from '../sql/tokens.ts'
import { notReserved } from './own-tables.ts'
import type { UserTable } from './user-table.ts'

/** A virtual table that keeps its rows in the database file. */
export interface VirtualTable {
  /** The table as rows are captured and applied: known by its rowid, under that name, or by the id of an R-Tree. */
  readonly table: UserTable
  readonly module: string
}

interface Definition {
  readonly name: string
  readonly sql: string
}

const fullTextModules = new Set(['fts3', 'fts4', 'fts5'])
const treeModules = new Set(['rtree', 'rtree_i32'])
const selectDefinitions = `
  SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND rootpage = 0 AND ${notReserved('name')} ORDER BY name`

/**
 * The virtual tables whose rows are synced: full-text tables with a content of their own, and R-Trees. A
 * full-text index over another table, or without content, holds no rows: it follows from the rows of others
 * (see {@link indexTables}). Others are not looked at: SQLite may not have their modules.
 */
export function virtualTables(db: Database.Database): VirtualTable[] {
  return definitions(db).flatMap(({ name, sql }) => {
    const { module, hasContentOption } = parseVirtualTable(sql)
    const isFullText = fullTextModules.has(module) && !hasContentOption
    if (!isFullText && !treeModules.has(module)) return []
    const columns = columnsOf(db, name)
    return [{ table: describe(name, isFullText ? [fullTextRowid(columns), ...columns] : columns), module }]
  })
}

/** Names, in lower case, of the full-text tables that index what is stored elsewhere, or nowhere. */
export function indexTables(db: Database.Database): Set<string> {
  const indexes = definitions(db).filter(({ sql }) => {
    const { module, hasContentOption } = parseVirtualTable(sql)
    return fullTextModules.has(module) && hasContentOption
  })
  return new Set(indexes.map(({ name }) => name.toLowerCase()))
}

function definitions(db: Database.Database): Definition[] {
  return prepared<[], Definition>(db, selectDefinitions).all()
}

function columnsOf(db: Database.Database, name: string): string[] {
  return db
    .prepare<[string], string>("SELECT name FROM pragma_table_xinfo(?, 'main') WHERE hidden = 0 ORDER BY cid")
    .pluck()
    .all(name)
}

/** A column may be called rowid in FTS3 and FTS4, which have another name for it. */
function fullTextRowid(columns: readonly string[]): string {
  return columns.some((column) => column.toLowerCase() === 'rowid') ? 'docid' : 'rowid'
}

/** @param columns the name of the rowid, then the others. In an R-Tree one of these may be called rowid */
function describe(name: string, columns: readonly string[]): UserTable {
  return {
    shape: { name, columns, key: [0] },
    withoutRowid: false,
    rowid: quoteIdentifier(columns[0]!),
    rowidIsKey: true,
    generated: [],
    keyCollations: new Map(),
    replacingNull: new Map(),
  }
}

function parseVirtualTable(sql: string): { readonly module: string; readonly hasContentOption: boolean } {
  const tokens = [...tokenize(sql)]
  const using = tokens.findIndex((token) => isKeyword(token, 'USING'))
  const hasContentOption = tokens.some(
    (token, at) => isKeyword(token, 'CONTENT') && tokens[at + 1]?.text === '=',
  )
  return { module: (nameOf(tokens[using + 1]) ?? '').toLowerCase(), hasContentOption }
}
