import { isTidemarkError, TidemarkError } from '@tidemark/protocol'
import type { HranaError } from '@tidemark/protocol'
import Sqlite from 'better-sqlite3'

/**
 * The statement is not one that a tenant may run, or not in this way. Reported as the result of its request;
 * the stream goes on.
 */
export class SqlRefusedError extends TidemarkError {
  override readonly name = 'SqlRefusedError'
  constructor(code: string, message: string) {
    super(`TIDEMARK_${code}`, message, { recovery: 'fix-data' })
  }
}

/** The names that libSQL's server has for what its clients may want to tell apart. */
const LIBSQL_CODES: Readonly<Record<string, string>> = {
  TIDEMARK_BUSY: 'SQLITE_BUSY',
  TIDEMARK_DISK_FULL: 'SQLITE_FULL',
  TIDEMARK_DISK_FAILED: 'SQLITE_IOERR',
  TIDEMARK_TRANSACTION_TIMEOUT: 'TRANSACTION_TIMEOUT',
}

/** SQLite quotes what it does not understand, which is as long as the statement may be. */
const MAX_MESSAGE_LENGTH = 2000

/** The form in which a statement's failure is reported in Hrana: SQLite's own code and message where it is SQLite's. */
export function toHranaError(error: unknown): HranaError {
  const described = describe(error)
  const { message } = described
  if (message.length <= MAX_MESSAGE_LENGTH) return described
  return { ...described, message: `${message.slice(0, MAX_MESSAGE_LENGTH)}…` }
}

function describe(error: unknown): HranaError {
  if (error instanceof Sqlite.SqliteError) return fromSqlite(error)
  if (error instanceof SqlRefusedError)
    return { message: error.message, code: error.code.replace('TIDEMARK_', '') }
  if (isTidemarkError(error)) return { message: error.message, code: LIBSQL_CODES[error.code] ?? error.code }
  return { message: error instanceof Error ? error.message : String(error), code: 'SQL_INPUT_ERROR' }
}

function fromSqlite({ message, code }: InstanceType<typeof Sqlite.SqliteError>): HranaError {
  const primary = /^SQLITE_[A-Z]+/.exec(code)?.[0] ?? code
  return primary === code ? { message, code } : { message, code: primary, extended_code: code }
}
