import { nameOf, tokenize } from './tokens.ts'
import type { Token } from './tokens.ts'

/** One column as its CREATE TABLE has it. */
export interface ColumnDefinition {
  readonly name: string
  /** The name with its quotes, if it has any. */
  readonly nameAsWritten: string
  /** The whole definition as written, name included. */
  readonly sql: string
}

const constraintWords = new Set(['CONSTRAINT', 'PRIMARY', 'UNIQUE', 'CHECK', 'FOREIGN'])

/** The columns of the `sql` that sqlite_schema has for a table; null if it has no column list (virtual tables). */
export function parseCreateTable(sql: string): ColumnDefinition[] | null {
  const tokens = [...tokenize(sql)]
  const open = tokens.findIndex((token) => token.text === '(')
  if (open < 0 || tokens[1]?.text.toUpperCase() === 'VIRTUAL') return null
  const columns: ColumnDefinition[] = []
  let depth = 0
  let first = open + 1
  for (let at = open; at < tokens.length; at += 1) {
    const text = tokens[at]!.text
    if (text === '(') depth += 1
    else if (text === ')') depth -= 1
    if (depth === 0 || (depth === 1 && text === ',')) {
      const column = columnOf(sql, tokens.slice(first, at))
      if (column !== null) columns.push(column)
      first = at + 1
    }
    if (depth === 0) return columns
  }
  return null
}

function columnOf(sql: string, tokens: readonly Token[]): ColumnDefinition | null {
  const first = tokens[0]
  const name = nameOf(first)
  if (first === undefined || name === null) return null
  if (first.kind === 'word' && constraintWords.has(first.text.toUpperCase())) return null
  return { name, nameAsWritten: first.text, sql: sql.slice(first.start, tokens.at(-1)!.end) }
}
