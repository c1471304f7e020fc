import { isKeyword, nameOf, tokenize } from './tokens.ts'
import type { Token } from './tokens.ts'

/** What kind of statement a piece of SQL is, from its words alone: nothing is prepared, so it may still be invalid. */
export type StatementClass =
  | { readonly kind: 'select' | 'dml' | 'attach' | 'vacuum' | 'other'; readonly keyword: string }
  | {
      readonly kind: 'schema'
      readonly keyword: string
      readonly verb: 'create' | 'drop' | 'alter'
      readonly objectType: 'table' | 'index' | 'view' | 'trigger' | 'virtual table'
      /** The object's name without schema and quotes; null if it cannot be read. */
      readonly name: string | null
      /** The schema it is qualified with, lower case; `temp` for CREATE TEMP; null for none. */
      readonly schemaName: string | null
    }
  | {
      readonly kind: 'transaction'
      readonly keyword: string
      readonly action: 'begin' | 'commit' | 'rollback' | 'savepoint' | 'release'
      /** The savepoint named by SAVEPOINT, RELEASE and ROLLBACK TO. */
      readonly savepoint: string | null
    }
  | {
      readonly kind: 'pragma'
      readonly keyword: string
      /** Lower case. */
      readonly name: string
      /** True for `PRAGMA x = v` and `PRAGMA x(v)`. */
      readonly hasValue: boolean
    }

type SchemaObject = (StatementClass & { kind: 'schema' })['objectType']

const selects = new Set(['SELECT', 'VALUES', 'EXPLAIN'])
const dataChanges = new Set(['INSERT', 'REPLACE', 'UPDATE', 'DELETE'])
const transactions = new Map<string, (StatementClass & { kind: 'transaction' })['action']>([
  ['BEGIN', 'begin'],
  ['COMMIT', 'commit'],
  ['END', 'commit'],
  ['ROLLBACK', 'rollback'],
  ['SAVEPOINT', 'savepoint'],
  ['RELEASE', 'release'],
])
const schemaVerbs = new Map<string, 'create' | 'drop' | 'alter'>([
  ['CREATE', 'create'],
  ['DROP', 'drop'],
  ['ALTER', 'alter'],
])

/** Classifies the first statement of `sql`. Empty input is `other` with an empty keyword. */
export function classifyStatement(sql: string): StatementClass {
  const tokens = firstTokens(sql, 10)
  const keyword = tokens[0]?.kind === 'word' ? tokens[0].text.toUpperCase() : ''
  if (keyword === 'WITH') return classifyWith(sql)
  if (selects.has(keyword)) return { kind: 'select', keyword }
  if (dataChanges.has(keyword)) return { kind: 'dml', keyword }
  if (keyword === 'ATTACH' || keyword === 'DETACH') return { kind: 'attach', keyword }
  if (keyword === 'VACUUM') return { kind: 'vacuum', keyword }
  if (keyword === 'PRAGMA') return classifyPragma(tokens)
  const action = transactions.get(keyword)
  if (action !== undefined)
    return { kind: 'transaction', keyword, action, savepoint: savepointName(tokens, action) }
  const verb = schemaVerbs.get(keyword)
  if (verb !== undefined) return classifySchema(tokens, keyword, verb)
  return { kind: 'other', keyword }
}

/** Skips a leading `;`, which SQLite takes for an empty statement. */
function firstTokens(sql: string, count: number): Token[] {
  const tokens: Token[] = []
  for (const token of tokenize(sql)) {
    if (tokens.length === 0 && token.text === ';') continue
    tokens.push(token)
    if (tokens.length === count) break
  }
  return tokens
}

function classifyWith(sql: string): StatementClass {
  let depth = 0
  for (const token of tokenize(sql)) {
    if (token.text === '(') depth += 1
    else if (token.text === ')') depth -= 1
    else if (depth === 0 && token.kind === 'word') {
      const keyword = token.text.toUpperCase()
      if (dataChanges.has(keyword)) return { kind: 'dml', keyword }
      if (selects.has(keyword)) return { kind: 'select', keyword }
    }
  }
  return { kind: 'select', keyword: 'WITH' }
}

function classifyPragma(tokens: readonly Token[]): StatementClass {
  const nameAt = tokens[2]?.text === '.' ? 3 : 1
  const next = tokens[nameAt + 1]?.text
  const name = (nameOf(tokens[nameAt]) ?? '').toLowerCase()
  return { kind: 'pragma', keyword: 'PRAGMA', name, hasValue: next === '=' || next === '(' }
}

function savepointName(tokens: readonly Token[], action: string): string | null {
  if (action === 'begin' || action === 'commit') return null
  const words = tokens.slice(1).filter((token) => !isKeyword(token, 'TRANSACTION') && token.text !== ';')
  if (action === 'rollback') {
    if (!isKeyword(words[0], 'TO')) return null
    words.shift()
  }
  if (action !== 'savepoint' && isKeyword(words[0], 'SAVEPOINT') && words.length > 1) words.shift()
  return nameOf(words[0])
}

function classifySchema(
  tokens: readonly Token[],
  keyword: string,
  verb: 'create' | 'drop' | 'alter',
): StatementClass {
  let at = 1
  let isTemporary = false
  let objectType: SchemaObject | null = null
  for (; at < tokens.length && objectType === null; at += 1) {
    const word = tokens[at]?.text.toUpperCase()
    if (word === 'TEMP' || word === 'TEMPORARY') isTemporary = true
    else if (word === 'TABLE') objectType = isKeyword(tokens[at - 1], 'VIRTUAL') ? 'virtual table' : 'table'
    else if (word === 'INDEX') objectType = 'index'
    else if (word === 'VIEW') objectType = 'view'
    else if (word === 'TRIGGER') objectType = 'trigger'
    else if (word !== 'UNIQUE' && word !== 'VIRTUAL') return { kind: 'other', keyword }
  }
  if (objectType === null) return { kind: 'other', keyword }
  while (['IF', 'NOT', 'EXISTS'].some((word) => isKeyword(tokens[at], word)) && tokens[at + 1]?.text !== '.')
    at += 1
  const isQualified = tokens[at + 1]?.text === '.'
  const schemaName = isQualified ? (nameOf(tokens[at])?.toLowerCase() ?? null) : isTemporary ? 'temp' : null
  return {
    kind: 'schema',
    keyword,
    verb,
    objectType,
    name: nameOf(tokens[isQualified ? at + 2 : at]),
    schemaName,
  }
}
