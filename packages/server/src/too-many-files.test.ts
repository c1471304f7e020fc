import Sqlite from 'better-sqlite3'
import { expect, test } from 'vitest'
import { explainTooManyFiles } from './too-many-files.ts'

const ofSystem = (code: string): Error => Object.assign(new Error(`${code}: open '/srv/main.db'`), { code })
const ofSqlite = (code: string): Error => new Sqlite.SqliteError('unable to open database file', code)
const BUSY = { name: 'BusyError', code: 'TIDEMARK_TOO_MANY_FILES', retryAfterMs: 10_000 }

test.each([ofSystem('EMFILE'), ofSystem('ENFILE')])('a file that may not be opened says so: %s', (cause) => {
  expect(explainTooManyFiles(cause)).toMatchObject({ ...BUSY, cause })
})

test('of one that SQLite cannot open it is found out', () => {
  const cause = ofSqlite('SQLITE_CANTOPEN')
  expect(explainTooManyFiles(cause, () => ofSystem('EMFILE'))).toMatchObject({ ...BUSY, cause })
  expect(explainTooManyFiles(cause, () => ofSystem('EACCES'))).toBeNull()
  expect(explainTooManyFiles(cause)).toBeNull()
})

test.each([ofSystem('ENOENT'), ofSqlite('SQLITE_BUSY'), 'text'])('others are none: %s', (error) => {
  expect(explainTooManyFiles(error, () => ofSystem('EMFILE'))).toBeNull()
})
