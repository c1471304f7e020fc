import { RefusedChangeError } from '../apply/refused-change-error.ts'
import { sqliteCode } from '../sql/sqlite-error.ts'

/** Why a change cannot be made. */
export interface Reason {
  /** SQLite's extended result code, as in `SQLITE_CONSTRAINT_UNIQUE`. */
  readonly sqliteCode: string
  readonly message: string
}

/** What a refusal of SQLite, or of ours, says. */
export function reasonOf(error: unknown): Reason {
  const code = error instanceof RefusedChangeError ? error.sqliteCode : (sqliteCode(error) ?? 'SQLITE_ERROR')
  return { sqliteCode: code, message: error instanceof Error ? error.message : String(error) }
}
