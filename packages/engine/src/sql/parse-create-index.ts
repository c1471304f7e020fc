import { isKeyword, tokenize } from './tokens.ts'
import type { Token } from './tokens.ts'

/** The parts of a CREATE INDEX statement, as written. */
export interface IndexDefinition {
  /** One text per indexed column or expression, without its COLLATE and ASC or DESC. */
  readonly terms: readonly string[]
  /** The condition of a partial index. */
  readonly where: string | null
}

/** Reads the `sql` that sqlite_schema has for an index; null if it is not understood. */
export function parseCreateIndex(sql: string): IndexDefinition | null {
  const tokens = [...tokenize(sql)]
  const open = tokens.findIndex((token) => token.text === '(')
  if (open < 0) return null
  const terms: string[] = []
  let depth = 0
  let first = open + 1
  for (let at = open; at < tokens.length; at += 1) {
    const text = tokens[at]!.text
    if (text === '(') depth += 1
    else if (text === ')') depth -= 1
    if (depth === 0 || (depth === 1 && text === ',')) {
      terms.push(termText(sql, tokens.slice(first, at)))
      first = at + 1
    }
    if (depth === 0) return { terms, where: whereText(sql, tokens.slice(at + 1)) }
  }
  return null
}

function termText(sql: string, tokens: readonly Token[]): string {
  let count = tokens.length
  if (isKeyword(tokens[count - 1], 'ASC') || isKeyword(tokens[count - 1], 'DESC')) count -= 1
  if (isKeyword(tokens[count - 2], 'COLLATE')) count -= 2
  return textOf(sql, tokens.slice(0, count))
}

function whereText(sql: string, tokens: readonly Token[]): string | null {
  return isKeyword(tokens[0], 'WHERE') ? textOf(sql, tokens.slice(1)) : null
}

function textOf(sql: string, tokens: readonly Token[]): string {
  return sql.slice(tokens[0]?.start ?? 0, tokens.at(-1)?.end ?? 0)
}
