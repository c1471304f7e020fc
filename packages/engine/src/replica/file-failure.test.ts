import { StateError } from '@tidemark/protocol'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'

import { explainFileFailure } from './file-failure.ts'

const ofSystem = (code: string): Error => Object.assign(new Error(`${code}: …, write`), { code })
const ofSqlite = (code: string): Error => new Database.SqliteError('…', code)

it.each([
  ['TIDEMARK_DISK_FULL', [ofSystem('ENOSPC'), ofSystem('EDQUOT'), ofSqlite('SQLITE_FULL')]],
  [
    'TIDEMARK_NO_ACCESS',
    [
      ofSystem('EACCES'),
      ofSystem('EROFS'),
      ofSqlite('SQLITE_READONLY_DBMOVED'),
      ofSqlite('SQLITE_CANTOPEN_ISDIR'),
    ],
  ],
  ['TIDEMARK_TOO_MANY_FILES', [ofSystem('EMFILE'), ofSystem('ENFILE')]],
  ['TIDEMARK_DISK_FAILED', [ofSystem('EIO'), ofSqlite('SQLITE_IOERR_FSYNC')]],
])('says %s, with the file and the cause', (code, causes) => {
  for (const cause of causes) {
    const explained = explainFileFailure('/a/b.db', cause)
    expect(explained).toBeInstanceOf(StateError)
    const message = expect.stringMatching(/^\/a\/b\.db: .*stays pending/) as string
    expect(explained).toMatchObject({ code, recovery: 'operator', cause, message })
  }
})

it('leaves other errors as they are', () => {
  for (const error of [ofSystem('ENOENT'), ofSqlite('SQLITE_BUSY'), new Error('ENOSPC'), 'ENOSPC'])
    expect(explainFileFailure('/a/b.db', error)).toBe(error)
})
