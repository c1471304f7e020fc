import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { BusyError, StateError } from '@tidemark/protocol'
import Sqlite from 'better-sqlite3'
import { explainFailedOpening } from '../disk-failure.ts'

const RETRY_MS = 20

/**
 * Holds a directory for this process alone: an exclusive transaction on a small SQLite file, which the kernel
 * ends with the process. A server that died may leave a process behind for a moment, so the lock is worth
 * waiting for.
 *
 * @returns what releases it
 * @throws BusyError when another process keeps it, or the disk is full; StateError `TIDEMARK_FOLDER` when there
 * can be no such file
 */
export async function lockDirectory(path: string, waitMs: number): Promise<() => void> {
  const until = performance.now() + waitMs
  for (;;) {
    const release = tryLock(path)
    if (release !== null) return release
    if (performance.now() >= until) throw new BusyError(`Another process holds ${path}`)
    await delay(RETRY_MS)
  }
}

function tryLock(path: string): (() => void) | null {
  const connection = open(path)
  try {
    connection.pragma('journal_mode = MEMORY')
    connection.pragma('locking_mode = EXCLUSIVE')
    connection.exec('BEGIN EXCLUSIVE')
    return () => connection.close()
  } catch (error) {
    connection.close()
    if (error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY')) return null
    throw explainFailedOpening(error, dirname(path))
  }
}

function open(path: string): Sqlite.Database {
  try {
    return new Sqlite(path, { timeout: 0 })
  } catch (cause) {
    const explained = explainFailedOpening(cause, dirname(path))
    if (explained !== cause) throw explained
    const message = `the file ${path} cannot be made or opened: is its folder one to write to?`
    throw new StateError('TIDEMARK_FOLDER', message, { recovery: 'operator', cause })
  }
}
