import { StateError } from '@tidemark/protocol'
import type { StatementClass } from '@tidemark/engine'

/** Pragmas whose setting would break the base under a synced file. */
const REFUSED_PRAGMAS: Readonly<Record<string, RegExp>> = {
  journal_mode: /=\s*['"]?(?!wal\b)|\(\s*['"]?(?!wal\b)/i,
  locking_mode: /exclusive/i,
}

/**
 * Statements that a synced file cannot take: they would move rows or pages behind capture's back.
 *
 * @throws StateError `TIDEMARK_STATEMENT_REFUSED`
 */
export function checkAllowed(statement: StatementClass, sql: string): void {
  if (statement.kind === 'vacuum' && !/\binto\b/i.test(sql)) {
    throw refused('VACUUM would renumber rows of tables without a key; use checkpoint() to make the files smaller')
  }
  if (statement.kind === 'pragma' && statement.hasValue && REFUSED_PRAGMAS[statement.name]?.test(sql) === true) {
    throw refused(`PRAGMA ${statement.name} cannot be changed on a synced file, other programs must be able to read its WAL`)
  }
}

function refused(message: string): StateError {
  return new StateError('TIDEMARK_STATEMENT_REFUSED', message, { recovery: 'fix-data' })
}
