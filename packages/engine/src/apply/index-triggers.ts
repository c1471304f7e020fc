import type Database from 'better-sqlite3'
import { indexTables } from '../capture/virtual-table.ts'
import { isReservedName } from '../capture/own-tables.ts'
import { isKeyword, nameOf, tokenize } from '../sql/tokens.ts'
import type { Token } from '../sql/tokens.ts'

/**
 * Names of the triggers that do nothing but keep a full-text index over other tables up to date. Their
 * effects are no rows, so they are not among the changes: they have to fire where changes are applied.
 */
export function indexTriggers(db: Database.Database): string[] {
  const indexes = indexTables(db)
  if (indexes.size === 0) return []
  return db
    .prepare<[], { name: string; sql: string }>("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
    .all()
    .filter(({ name, sql }) => !isReservedName(name) && writesOnly(sql, indexes))
    .map(({ name }) => name)
}

function writesOnly(sql: string, tables: ReadonlySet<string>): boolean {
  const tokens = [...tokenize(sql)]
  const begin = tokens.findIndex((token) => isKeyword(token, 'BEGIN'))
  let first = begin + 1
  for (let at = first; at < tokens.length; at += 1) {
    if (tokens[at]!.text !== ';') continue
    const target = writtenTable(tokens.slice(first, at))
    if (target === null || !tables.has(target.toLowerCase())) return false
    first = at + 1
  }
  return begin >= 0
}

/** The table that a statement of a trigger writes; null for SELECT, which may raise errors. */
function writtenTable(statement: readonly Token[]): string | null {
  const into = statement.findIndex((token) => isKeyword(token, 'INTO') || isKeyword(token, 'FROM'))
  if (isKeyword(statement[0], 'UPDATE')) return nameOf(statement[isKeyword(statement[1], 'OR') ? 3 : 1])
  if (['INSERT', 'REPLACE', 'DELETE'].some((word) => isKeyword(statement[0], word)))
    return nameOf(statement[into + 1])
  return null
}
