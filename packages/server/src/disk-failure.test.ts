import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BusyError, StateError } from '@tidemark/protocol'
import Sqlite from 'better-sqlite3'
import { expect, test, vi } from 'vitest'
import { databaseEvents } from '../test/database-events.ts'
import { SETTINGS } from '../test/database-settings.ts'
import { Database } from './database/database.ts'
import { WalRecorder } from './database/wal-recorder.ts'
import { explainDiskFailure, explainFailedOpening, explainFailedWrite } from './disk-failure.ts'
import { toHranaError } from './hrana/sql-error.ts'
import { errorResponse } from './http/error-response.ts'
import { fromWireError } from './worker/wire-error.ts'
import type { WireError } from './worker/wire-error.ts'
import { toWireError } from './worker/to-wire-error.ts'

const ofSystem = (code: string): Error => Object.assign(new Error(`${code}: …, write '/srv/data'`), { code })
const ofSqlite = (code: string): Error => new Sqlite.SqliteError('disk I/O error', code)

test.each([
  ['TIDEMARK_DISK_FULL', 'SQLITE_FULL', [ofSystem('ENOSPC'), ofSystem('EDQUOT')]],
  ['TIDEMARK_DISK_FAILED', 'SQLITE_IOERR', [ofSystem('EIO'), ofSqlite('SQLITE_IOERR_FSYNC')]],
])(
  'a client is told %s, to come again, and nothing about files; the log has what happened',
  (code, sqlCode, causes) => {
    for (const cause of causes) {
      const explained = explainDiskFailure(cause)
      expect(explained).toBeInstanceOf(BusyError)
      expect(explained).toMatchObject({ code, cause })
      expect(toHranaError(explained)).toMatchObject({ code: sqlCode })
      // From a worker, and in the process that answers.
      const carried = fromWireError(JSON.parse(JSON.stringify(toWireError(cause))) as WireError)
      expect(carried.stack).toBe(cause.stack)
      for (const error of [carried, cause]) {
        const { status, headers, body } = errorResponse(error)
        expect([status, headers, body.code]).toEqual([503, { 'retry-after': '10' }, code])
        expect(body.message).toMatch(/^The disk of the server (?:is full|has failed)/)
        expect(body.message).not.toContain('/srv')
      }
    }
  },
)

test('other errors are as they were', () => {
  const state = new StateError('TIDEMARK_X', 'no', { recovery: 'operator' })
  for (const error of [ofSystem('ENOENT'), ofSqlite('SQLITE_BUSY'), new Error('ENOSPC'), state, 'text'])
    for (const explained of [explainDiskFailure(error), explainFailedOpening(error, '/', () => 0)])
      expect(explained).toBe(error)
})

test.each(['SQLITE_IOERR', 'SQLITE_IOERR_SHMSIZE', 'SQLITE_CANTOPEN'])(
  'what SQLite calls %s is a full disk where that has no room for its files',
  (code) => {
    const error = ofSqlite(code)
    expect(explainFailedOpening(error, '/', () => 4096)).toMatchObject({ code: 'TIDEMARK_DISK_FULL' })
    const other = code === 'SQLITE_CANTOPEN' ? code : 'TIDEMARK_DISK_FAILED'
    expect(explainFailedOpening(error, '/', () => 1e9)).toMatchObject({ code: other })
    expect(explainFailedOpening(error, '/no such directory')).toMatchObject({ code: other })
  },
)

test('what SQLite calls full is a full disk where that has no room, else a database that may not become larger', () => {
  const error = ofSqlite('SQLITE_FULL')
  expect(explainFailedWrite(error, '/', () => 4096)).toMatchObject({
    name: 'BusyError',
    code: 'TIDEMARK_DISK_FULL',
    cause: error,
  })
  for (const other of [ofSqlite('SQLITE_BUSY'), ofSystem('EMFILE')])
    expect(explainFailedWrite(other, '/', () => 0)).toBe(other)
  expect(explainFailedWrite(error, '/', () => 1e9)).toBe(error)
  expect(toWireError(error)).toMatchObject({ name: 'LimitError' })
})

test('a database that a full or failing disk keeps from being opened says so, and is opened later', async () => {
  const root = mkdtempSync(join(tmpdir(), 'tidemark-disk-'))
  const open = async (): Promise<Database> =>
    Database.open(root, 'ffeeddccbbaa99887766554433221100', SETTINGS, databaseEvents())
  try {
    for (const [cause, code] of [
      [ofSystem('ENOSPC'), 'TIDEMARK_DISK_FULL'],
      [ofSqlite('SQLITE_FULL'), 'TIDEMARK_DISK_FULL'],
      [ofSystem('EIO'), 'TIDEMARK_DISK_FAILED'],
    ] as const) {
      vi.spyOn(WalRecorder, 'open').mockImplementationOnce(() => {
        throw cause
      })
      await expect(open()).rejects.toMatchObject({ name: 'BusyError', code, cause })
    }
    const database = await open()
    database.close()
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
})
