import { isKeyword, tokenize } from './tokens.ts'

/**
 * The statements of a script, in order, each without its closing semicolon and without surrounding blanks.
 * Semicolons in strings, quoted names, comments and trigger bodies do not end a statement; the last one needs
 * none. Empty statements are left out.
 */
export function splitStatements(sql: string): string[] {
  return [...statementsIn(sql)]
}

/** The same one after the other, for a script that is long. */
export function* statementsIn(sql: string): Generator<string> {
  let statement: Boundary | null = null
  for (const token of tokenize(sql)) {
    if (token.text === ';' && token.kind === 'punctuation') {
      if (statement === null) continue
      if (statement.insideTrigger && !statement.atTriggerEnd) {
        statement.afterSemicolon = true
        continue
      }
      yield sql.slice(statement.start, statement.end)
      statement = null
      continue
    }
    statement ??= {
      start: token.start,
      end: token.end,
      words: [],
      insideTrigger: false,
      afterSemicolon: false,
      atTriggerEnd: false,
    }
    statement.end = token.end
    statement.atTriggerEnd = statement.afterSemicolon && isKeyword(token, 'END')
    statement.afterSemicolon = false
    if (statement.words.length < 5) {
      statement.words.push(token.text.toUpperCase())
      statement.insideTrigger ||= beginsTrigger(statement.words)
    }
  }
  if (statement !== null) yield sql.slice(statement.start, statement.end)
}

interface Boundary {
  start: number
  end: number
  words: string[]
  insideTrigger: boolean
  afterSemicolon: boolean
  /** The last token is the END that closes a trigger's body. */
  atTriggerEnd: boolean
}

function beginsTrigger(words: readonly string[]): boolean {
  return /^(EXPLAIN( QUERY PLAN)? )?CREATE (TEMP |TEMPORARY )?TRIGGER$/.test(words.join(' '))
}
