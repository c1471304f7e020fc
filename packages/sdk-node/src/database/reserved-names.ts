import { isKeyword, nameOf, tokenize } from '@tidemark/engine'
import type { StatementClass, Token } from '@tidemark/engine'
import { StateError } from '@tidemark/protocol'

type SchemaStatement = StatementClass & { kind: 'schema' }

/**
 * What Tidemark keeps in the file, with the queue of what is pending, and what servers have recorded for their clients.
 */
const OWN_NAME = /^(?:tidemark_|turso_sync_)/i
/** Names whose objects are not captured. */
const RESERVED_NAME = /^(?:tidemark_|turso_|__turso_internal_)/i
/** Between the verb of a statement that changes rows and the table's name. */
const BEFORE_TABLE = ['OR', 'ROLLBACK', 'ABORT', 'FAIL', 'IGNORE', 'REPLACE', 'INTO', 'FROM']

/** Whether SQL could change what has a reserved name: seen without a look at its statements. */
export function mentionsReserved(sql: string): boolean {
  return /tidemark_|turso_/i.test(sql)
}

/** @throws StateError `TIDEMARK_STATEMENT_REFUSED` for a change of rows in Tidemark's own tables */
export function checkRowChange(sql: string): void {
  checkNotOwn(changedTable([...tokenize(sql)]))
}

/**
 * @throws StateError `TIDEMARK_STATEMENT_REFUSED` for a change of Tidemark's own objects, and for a new name
 * that is reserved
 */
export function checkSchemaChange(
  { verb, objectType, name, schemaName }: SchemaStatement,
  sql: string,
): void {
  const isTemporary = schemaName === 'temp'
  if (schemaName !== null && schemaName !== 'main' && !isTemporary) return
  if (verb !== 'create') checkNotOwn(name)
  if (verb === 'drop') return
  const tokens = [...tokenize(sql)]
  // What is temporary is never synced, but would be found in place of Tidemark's own.
  const checkNew = isTemporary ? checkNotOwn : checkNotReserved
  if (verb === 'alter') return checkNew(nameBehind(tokens, 'RENAME', 'TO'))
  checkNew(name)
  if (objectType === 'index' || objectType === 'trigger') checkNotOwn(nameBehind(tokens, 'ON'))
}

function checkNotOwn(name: string | null): void {
  if (name !== null && OWN_NAME.test(name))
    throw refused(`${name} belongs to Tidemark: with it would go what has not been pushed yet`)
}

function checkNotReserved(name: string | null): void {
  if (name !== null && RESERVED_NAME.test(name))
    throw refused(
      `${name} would not be synced, since names that begin with tidemark_, turso_ or __turso_internal_ are reserved; choose another`,
    )
}

/**
 * The name behind the first place where these words follow each other; null where they do not, as
 * {@link nameInMain} otherwise.
 */
function nameBehind(tokens: readonly Token[], ...words: string[]): string | null {
  const at = tokens.findIndex((_, start) =>
    words.every((word, index) => isKeyword(tokens[start + index], word)),
  )
  return at === -1 ? null : nameInMain(tokens, at + words.length)
}

/** The name at `at`, qualified or not; null for one in a database that is attached. */
function nameInMain(tokens: readonly Token[], at: number): string | null {
  if (tokens[at + 1]?.text !== '.') return nameOf(tokens[at])
  return nameOf(tokens[at])?.toLowerCase() === 'main' ? nameOf(tokens[at + 2]) : null
}

/**
 * The table that an INSERT, UPDATE or DELETE changes, also behind WITH; null where it cannot be read, or is
 * in a database that is attached.
 */
function changedTable(tokens: readonly Token[]): string | null {
  let depth = 0
  const outer = tokens.filter(({ text }) => {
    if (text === '(') depth += 1
    if (text === ')') depth -= 1
    return depth === 0
  })
  const verb = outer.findIndex((token) =>
    ['INSERT', 'REPLACE', 'UPDATE', 'DELETE'].some((word) => isKeyword(token, word)),
  )
  let at = verb + 1
  while (BEFORE_TABLE.some((word) => isKeyword(outer[at], word))) at += 1
  return nameInMain(outer, at)
}

function refused(message: string): StateError {
  return new StateError('TIDEMARK_STATEMENT_REFUSED', message, { recovery: 'fix-data' })
}
