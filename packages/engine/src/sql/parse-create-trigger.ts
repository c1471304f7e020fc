import { isKeyword, nameOf, tokenize } from './tokens.ts'
import type { Token } from './tokens.ts'

/** A statement in the body of a trigger. */
export interface TriggerStatement {
  /** Without the semicolon. */
  readonly text: string
  readonly tokens: readonly Token[]
  /** The table that it writes; null for SELECT, which may raise errors. */
  readonly writes: string | null
}

/** A CREATE TRIGGER statement in its parts. */
export interface ParsedTrigger {
  readonly firesForInserts: boolean
  /** All up to BEGIN, which is included. */
  readonly head: string
  /** The condition behind WHEN. */
  readonly when: string | null
  readonly body: readonly TriggerStatement[]
}

const statementWords = ['INSERT', 'REPLACE', 'UPDATE', 'DELETE', 'SELECT', 'WITH']

/** Reads a CREATE TRIGGER statement that SQLite has accepted. */
export function parseCreateTrigger(sql: string): ParsedTrigger {
  const tokens = [...tokenize(sql)]
  const at = (keyword: string): number => tokens.findIndex((token) => isKeyword(token, keyword))
  // A column may be called begin.
  const begin = tokens.findIndex(
    (token, index) =>
      isKeyword(token, 'BEGIN') && statementWords.some((word) => isKeyword(tokens[index + 1], word)),
  )
  const when = at('WHEN')
  const body: TriggerStatement[] = []
  let first = begin + 1
  for (let last = first; last < tokens.length; last += 1) {
    if (tokens[last]!.text !== ';') continue
    const statement = tokens.slice(first, last)
    const text = statement.length === 0 ? '' : sql.slice(statement[0]!.start, statement.at(-1)!.end)
    body.push({ text, tokens: statement, writes: writtenTable(statement) })
    first = last + 1
  }
  return {
    firesForInserts: isKeyword(tokens[at('ON') - 1], 'INSERT'),
    head: sql.slice(0, tokens[begin]?.end),
    when: when >= 0 && when < begin ? sql.slice(tokens[when]!.end, tokens[begin]!.start) : null,
    body,
  }
}

function writtenTable(statement: readonly Token[]): string | null {
  const into = statement.findIndex((token) => isKeyword(token, 'INTO') || isKeyword(token, 'FROM'))
  if (isKeyword(statement[0], 'UPDATE')) return nameOf(statement[isKeyword(statement[1], 'OR') ? 3 : 1])
  if (['INSERT', 'REPLACE', 'DELETE'].some((word) => isKeyword(statement[0], word)))
    return nameOf(statement[into + 1])
  return null
}
