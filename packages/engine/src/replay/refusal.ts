import { RefusedChangeError } from '../apply/refused-change-error.ts'
import { isOperational, sqliteCode } from '../sql/sqlite-error.ts'

/** True when the change itself is at fault, not the machine or the file. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof RefusedChangeError) return true
  const code = sqliteCode(error)
  return code !== null && !isOperational(code)
}
