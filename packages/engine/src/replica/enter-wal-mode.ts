import { StateError } from '@tidemark/protocol'
import type Database from 'better-sqlite3'

import { isBusy, withBusyErrors } from './sqlite-errors.ts'

/** @throws BusyError, StateError `TIDEMARK_NOT_WAL` */
export function enterWalMode(connection: Database.Database): void {
  let mode: unknown
  try {
    mode = connection.pragma('journal_mode = WAL', { simple: true })
  } catch (error) {
    if (isBusy(error))
      withBusyErrors('opening it', () => {
        throw error
      })
    throw error
  }
  if (mode === 'wal') return
  throw new StateError(
    'TIDEMARK_NOT_WAL',
    `The database cannot be put into WAL mode (it stays in ${String(mode)} mode)`,
    {
      recovery: 'operator',
    },
  )
}
