import { isKeyword, nameOf, tokenize } from '@tidemark/engine'
import type { StatementClass } from '@tidemark/engine'
import { StateError } from '@tidemark/protocol'

interface RefusedSetting {
  /** `value` is in lower case; empty where it is no word. */
  readonly refuses: (value: string) => boolean
  readonly reason: string
}

const otherPrograms = 'other programs must be able to read its WAL'
const namedColumns = 'its schema is read by the names of columns'

/** Pragmas whose setting would break the base under a synced file, or capture. */
const REFUSED_SETTINGS: Readonly<Record<string, RefusedSetting>> = {
  journal_mode: { refuses: (value) => value !== 'wal', reason: otherPrograms },
  locking_mode: { refuses: (value) => value !== 'normal', reason: otherPrograms },
  full_column_names: { refuses: () => true, reason: namedColumns },
  short_column_names: { refuses: () => true, reason: namedColumns },
}

/** What Tidemark keeps in the file, with the queue of what is pending. */
const OWN_NAME = /^tidemark_/i
/** Names whose objects are not captured. */
const RESERVED_NAME = /^(?:tidemark|turso)_/i
/** Between the verb of a statement that changes rows and the table's name. */
const BEFORE_TABLE = ['OR', 'ROLLBACK', 'ABORT', 'FAIL', 'IGNORE', 'REPLACE', 'INTO', 'FROM']

/** Whether SQL could change what {@link OWN_NAME} names: seen without a look at its statements. */
export function mentionsOwn(sql: string): boolean {
  return /tidemark_/i.test(sql)
}

/**
 * Statements that a synced file cannot take: they would move rows or pages behind capture's back, or lose what it has captured.
 *
 * @throws StateError `TIDEMARK_STATEMENT_REFUSED`
 */
export function checkAllowed(statement: StatementClass, sql: string): void {
  if (statement.kind === 'schema') return checkSchemaChange(statement)
  if (statement.kind === 'dml' && mentionsOwn(sql)) return checkNotOwn(changedTable(sql))
  if (statement.kind === 'vacuum' && !/\binto\b/i.test(sql)) {
    throw refused(
      'VACUUM would renumber rows of tables without a key; use checkpoint() to make the files smaller',
    )
  }
  if (statement.kind !== 'pragma' || !statement.hasValue) return
  const setting = REFUSED_SETTINGS[statement.name]
  if (setting?.refuses(valueOf(sql)) === true) {
    throw refused(`PRAGMA ${statement.name} cannot be changed on a synced file, ${setting.reason}`)
  }
}

function checkSchemaChange({ verb, name, schemaName }: Extract<StatementClass, { kind: 'schema' }>): void {
  if (schemaName !== null && schemaName !== 'main') return
  if (verb !== 'create') return checkNotOwn(name)
  if (name !== null && RESERVED_NAME.test(name))
    throw refused(
      `${name} would not be synced, since names that begin with tidemark_ or turso_ are reserved; choose another`,
    )
}

function checkNotOwn(name: string | null): void {
  if (name !== null && OWN_NAME.test(name))
    throw refused(`${name} belongs to Tidemark: with it would go what has not been pushed yet`)
}

/** The table that an INSERT, UPDATE or DELETE changes, also behind WITH; null where it cannot be read. */
function changedTable(sql: string): string | null {
  let depth = 0
  const tokens = [...tokenize(sql)].filter(({ text }) => {
    if (text === '(') depth += 1
    if (text === ')') depth -= 1
    return depth === 0
  })
  const verb = tokens.findIndex((token) =>
    ['INSERT', 'REPLACE', 'UPDATE', 'DELETE'].some((word) => isKeyword(token, word)),
  )
  let at = verb + 1
  while (BEFORE_TABLE.some((word) => isKeyword(tokens[at], word))) at += 1
  return nameOf(tokens[tokens[at + 1]?.text === '.' ? at + 2 : at])
}

function valueOf(sql: string): string {
  const tokens = [...tokenize(sql)]
  const at = tokens.findIndex(({ text }) => text === '=' || text === '(')
  return (nameOf(tokens[at + 1]) ?? '').toLowerCase()
}

function refused(message: string): StateError {
  return new StateError('TIDEMARK_STATEMENT_REFUSED', message, { recovery: 'fix-data' })
}
