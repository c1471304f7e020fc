import { nameOf, tokenize } from '@tidemark/engine'
import type { StatementClass } from '@tidemark/engine'
import { StateError } from '@tidemark/protocol'

import { checkRowChange, checkSchemaChange, mentionsReserved } from './reserved-names.ts'

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

/**
 * Statements that a synced file cannot take: they would move rows or pages behind capture's back, or lose
 * what it has captured.
 *
 * @throws StateError `TIDEMARK_STATEMENT_REFUSED`
 */
export function checkAllowed(statement: StatementClass, sql: string): void {
  if (statement.kind === 'schema') return checkSchemaChange(statement, sql)
  if (statement.kind === 'dml' && mentionsReserved(sql)) return checkRowChange(sql)
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

function valueOf(sql: string): string {
  const tokens = [...tokenize(sql)]
  const at = tokens.findIndex(({ text }) => text === '=' || text === '(')
  return (nameOf(tokens[at + 1]) ?? '').toLowerCase()
}

function refused(message: string): StateError {
  return new StateError('TIDEMARK_STATEMENT_REFUSED', message, { recovery: 'fix-data' })
}
