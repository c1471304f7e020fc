/** The extended result code of an error of SQLite (`SQLITE_CONSTRAINT_UNIQUE`); null for any other error. */
export function sqliteCode(error: unknown): string | null {
  if (!(error instanceof Error) || error.name !== 'SqliteError') return null
  return 'code' in error && typeof error.code === 'string' ? error.code : null
}

const operational =
  /^SQLITE_(BUSY|LOCKED|NOMEM|IOERR|FULL|CORRUPT|CANTOPEN|READONLY|INTERRUPT|PROTOCOL|NOTADB|PERM|AUTH)/

/**
 * True when the fault is the machine's, the file's or another connection's, not the statement's: the same
 * statement may succeed later.
 */
export function isOperational(code: string): boolean {
  return operational.test(code)
}

/**
 * True when a row with the same unique key, or rowid, may stand in the way. Virtual tables do not say which
 * constraint it was.
 */
export function isTaken(error: unknown): boolean {
  const code = sqliteCode(error)
  return code !== null && /^SQLITE_CONSTRAINT(_PRIMARYKEY|_UNIQUE|_ROWID|_VTAB)?$/.test(code)
}
