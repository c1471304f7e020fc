import type { HranaError } from '@tidemark/protocol'

/** What a message of SQLite or tursodb means, as SQLite's extended result code. */
const CODES: readonly (readonly [RegExp, string])[] = [
  [/unique constraint failed/i, 'SQLITE_CONSTRAINT_UNIQUE'],
  [/not null constraint failed/i, 'SQLITE_CONSTRAINT_NOTNULL'],
  [/check constraint failed/i, 'SQLITE_CONSTRAINT_CHECK'],
  [/foreign key constraint failed/i, 'SQLITE_CONSTRAINT_FOREIGNKEY'],
  [/cannot store/i, 'SQLITE_CONSTRAINT_DATATYPE'],
  [/constraint failed/i, 'SQLITE_CONSTRAINT'],
  [/datatype mismatch/i, 'SQLITE_MISMATCH'],
  [/too big/i, 'SQLITE_TOOBIG'],
]

/** Failures of the machine or of the moment: the statement may well succeed later. With extended codes. */
const PASSING_CODES =
  /^SQLITE_(BUSY|LOCKED|NOMEM|READONLY|INTERRUPT|IOERR|CORRUPT|FULL|CANTOPEN|PROTOCOL)(_|$)/
/** The same in the text of an error without a code. */
const PASSING = /\b(busy|locked|interrupt|disk|i\/o|out of memory|short read|corrupt)/i

/** What the parser says has names of the application's in it, which may be such words. */
const OF_THE_STATEMENT = /^Parse error: |\bno such \w+: |\bhas no column named /i

/** SQLite's result code, from the code or, as tursodb has none, from the text. */
export function sqliteCodeOf({ code, message }: HranaError): string {
  if (/^SQLITE_[A-Z_]+$/.test(code)) return code
  return CODES.find(([pattern]) => pattern.test(message))?.[1] ?? 'SQLITE_ERROR'
}

/** SQLite's own words: tursodb puts a kind before them and a number behind. */
export function messageOf({ message }: HranaError): string {
  return message.replace(/^((Parse|Runtime) error: )+/, '').replace(/ \(\d+\)$/, '')
}

/** True if it is not the statement's fault. */
export function isPassing(error: HranaError): boolean {
  const code = sqliteCodeOf(error)
  if (code !== 'SQLITE_ERROR') return PASSING_CODES.test(code)
  return PASSING.test(error.message) && !OF_THE_STATEMENT.test(error.message)
}
