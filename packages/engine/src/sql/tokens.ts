/** One lexical token of SQL. Comments and white space are left out. */
export interface Token {
  readonly kind: 'word' | 'identifier' | 'string' | 'punctuation'
  /** The token as written: `word` keeps its case, `identifier` and `string` keep their quotes. */
  readonly text: string
  readonly start: number
  /** Offset just behind the token. */
  readonly end: number
}

const space = /\s/
const wordStart = /[\p{L}_\u0080-\uffff]/u
const wordPart = /[\p{L}\p{N}_$\u0080-\uffff]/u
const closingQuotes: Readonly<Record<string, string>> = { '"': '"', '`': '`', "'": "'", '[': ']' }

/**
 * SQLite's lexical rules (https://sqlite.org/lang_keywords.html, lang_comment.html), as far as telling statements and
 * names apart needs them. Never fails: an unterminated string or comment extends to the end, as in SQLite.
 */
export function* tokenize(sql: string): Generator<Token> {
  let at = 0
  while (at < sql.length) {
    const char = sql.charAt(at)
    const skipped = endOfBlank(sql, at, char)
    if (skipped > at) {
      at = skipped
      continue
    }
    const start = at
    const closing = closingQuotes[char]
    if (closing !== undefined) {
      at = endOfQuoted(sql, at, closing)
      yield { kind: char === "'" ? 'string' : 'identifier', text: sql.slice(start, at), start, end: at }
    } else if (wordStart.test(char)) {
      at = endOfWord(sql, at)
      yield { kind: 'word', text: sql.slice(start, at), start, end: at }
    } else if (/[0-9]/.test(char)) {
      at = endOfNumber(sql, at)
      yield { kind: 'punctuation', text: sql.slice(start, at), start, end: at }
    } else {
      at += 1
      yield { kind: 'punctuation', text: char, start, end: at }
    }
  }
}

/** Offset behind the white space or comment that starts at `at`; `at` itself if there is none. */
function endOfBlank(sql: string, at: number, char: string): number {
  if (space.test(char) || char === '\0' || char === '\ufeff') return at + 1
  if (char === '-' && sql[at + 1] === '-') {
    const newline = sql.indexOf('\n', at)
    return newline < 0 ? sql.length : newline + 1
  }
  if (char === '/' && sql[at + 1] === '*') {
    const close = sql.indexOf('*/', at + 2)
    return close < 0 ? sql.length : close + 2
  }
  return at
}

function endOfQuoted(sql: string, start: number, closing: string): number {
  let at = start + 1
  for (;;) {
    const found = sql.indexOf(closing, at)
    if (found < 0) return sql.length
    if (closing === ']' || sql[found + 1] !== closing) return found + 1
    at = found + 2
  }
}

function endOfWord(sql: string, start: number): number {
  let at = start + 1
  while (at < sql.length && wordPart.test(sql.charAt(at))) at += 1
  return at
}

function endOfNumber(sql: string, start: number): number {
  let at = start + 1
  while (at < sql.length && /[0-9A-Za-z_.]/.test(sql.charAt(at))) at += 1
  return at
}

/** True for the keyword `keyword` (upper case) written as a bare word. */
export function isKeyword(token: Token | undefined, keyword: string): boolean {
  return token?.kind === 'word' && token.text.toUpperCase() === keyword
}

/** The name that a token stands for, without its quotes; null if the token cannot be a name. */
export function nameOf(token: Token | undefined): string | null {
  if (token === undefined || token.kind === 'punctuation') return null
  if (token.kind === 'word') return token.text
  const quote = token.text.charAt(0)
  const inner = token.text.slice(1, -1)
  return quote === '[' ? inner : inner.replaceAll(quote + quote, quote)
}
