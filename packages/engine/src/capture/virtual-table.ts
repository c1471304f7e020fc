import type Database from 'better-sqlite3'
import { prepared } from '../sql/prepared.ts'
import { quoteIdentifier } from '../sql/quote.ts'
import { isKeyword, nameOf, tokenize } from '../sql/tokens.ts'
import { followingTables } from './following-tables.ts'
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
 * The virtual tables whose rows are synced: full-text tables with a content of their own, and R-Trees, but
 * for those among {@link indexTables}. Others are not looked at: SQLite may not have their modules.
 */
export function virtualTables(db: Database.Database): VirtualTable[] {
  const stored = storedTables(db)
  if (stored.length === 0) return []
  const following = followingTables(db, stored)
  return stored.filter(({ table }) => !following.has(table.shape.name.toLowerCase()))
}

/** The virtual table `name` whose rows can be written, whatever its case; null if there is none. */
export function findVirtualTable(db: Database.Database, name: string): VirtualTable | null {
  return storedTables(db).find(({ table }) => table.shape.name.toLowerCase() === name.toLowerCase()) ?? null
}

/** A virtual table that follows from the rows of ordinary tables: what is written to it is not captured. */
export interface IndexTable {
  readonly name: string
  /**
   * Where what it indexes is stored. `own`: in itself, by triggers that give each row of a table a row under
   * the same rowid.
   */
  readonly content: 'elsewhere' | 'nowhere' | 'own'
}

/** The indexes over ordinary tables, by their names in lower case. */
export function indexTables(db: Database.Database): Map<string, IndexTable> {
  const indexes = new Map<string, IndexTable>()
  for (const { name, sql } of definitions(db)) {
    const { module, content } = parseVirtualTable(sql)
    if (fullTextModules.has(module) && content !== null)
      indexes.set(name.toLowerCase(), { name, content: content === '' ? 'nowhere' : 'elsewhere' })
  }
  for (const name of followingTables(db, storedTables(db))) indexes.set(name, { name, content: 'own' })
  return indexes
}

function storedTables(db: Database.Database): VirtualTable[] {
  return definitions(db).flatMap(({ name, sql }) => {
    const { module, content } = parseVirtualTable(sql)
    const isFullText = fullTextModules.has(module) && content === null
    if (!isFullText && !treeModules.has(module)) return []
    const columns = columnsOf(db, name)
    return [{ table: describe(name, isFullText ? [fullTextRowid(columns), ...columns] : columns), module }]
  })
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

/** `content` is the table that the option of this name gives, empty for none; null: there is no such option. */
function parseVirtualTable(sql: string): { readonly module: string; readonly content: string | null } {
  const tokens = [...tokenize(sql)]
  const using = tokens.findIndex((token) => isKeyword(token, 'USING'))
  const option = tokens.findIndex((token, at) => isKeyword(token, 'CONTENT') && tokens[at + 1]?.text === '=')
  return {
    module: (nameOf(tokens[using + 1]) ?? '').toLowerCase(),
    content: option < 0 ? null : (nameOf(tokens[option + 2]) ?? ''),
  }
}
