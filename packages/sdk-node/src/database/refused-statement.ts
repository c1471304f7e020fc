import { StateError } from '@tidemark/protocol'
import type { StatementClass } from '@tidemark/engine'

/** Pragmas whose setting would break the base under a synced file. */
const REFUSED_SETTINGS: Readonly<Record<string, (value: string) => boolean>> = {
  journal_mode: (value) => value !== 'wal',
  locking_mode: (value) => value === 'exclusive',
}

/**
 * Statements that a synced file cannot take: they would move rows or pages behind capture's back.
 *
 * @throws StateError `TIDEMARK_STATEMENT_REFUSED`
 */
export function checkAllowed(statement: StatementClass, sql: string): void {
  if (statement.kind === 'vacuum' && !/\binto\b/i.test(sql)) {
    throw refused(
      'VACUUM would renumber rows of tables without a key; use checkpoint() to make the files smaller',
    )
  }
  if (statement.kind !== 'pragma' || !statement.hasValue) return
  const value = /[=(]\s*['"]?(\w+)/.exec(sql)?.[1]?.toLowerCase() ?? ''
  if (REFUSED_SETTINGS[statement.name]?.(value) === true) {
    throw refused(
      `PRAGMA ${statement.name} cannot be changed on a synced file, other programs must be able to read its WAL`,
    )
  }
}

function refused(message: string): StateError {
  return new StateError('TIDEMARK_STATEMENT_REFUSED', message, { recovery: 'fix-data' })
}
