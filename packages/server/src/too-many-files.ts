import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { BusyError } from '@tidemark/protocol'

export const TOO_MANY_FILES = 'TIDEMARK_TOO_MANY_FILES'

/** Others have to be closed first. */
const RETRY_AFTER_MS = 10_000
/** The database, its WAL, the wal-index, and for a moment the folder. */
const FILES_OF_A_CONNECTION = 4

/** Why this process cannot open as many files as a connection has; null: it can. */
export type RefusedDescriptor = () => unknown

/**
 * BusyError `TIDEMARK_TOO_MANY_FILES` where `error` says that the process, or the machine, may open no more
 * files. To SQLite that is a file that cannot be opened: of that it is found out. Null for other errors.
 */
export function explainTooManyFiles(
  error: unknown,
  refused: RefusedDescriptor = refusedDescriptor,
): BusyError | null {
  const isOfSqlite = codeOf(error).startsWith('SQLITE_CANTOPEN')
  if (!hasNoDescriptor(error) && !(isOfSqlite && hasNoDescriptor(refused()))) return null
  const message =
    'The server has as many files open as it may, and needs another. It goes on by itself when some are closed. A higher limit (ulimit -n) lets more databases be open, and clients be connected, at the same time.'
  return new BusyError(message, {
    code: TOO_MANY_FILES,
    cause: error,
    retryAfterMs: RETRY_AFTER_MS,
  })
}

function hasNoDescriptor(error: unknown): boolean {
  return ['EMFILE', 'ENFILE'].includes(codeOf(error))
}

function refusedDescriptor(): unknown {
  const descriptors: number[] = []
  try {
    while (descriptors.length < FILES_OF_A_CONNECTION) descriptors.push(openSync(devNull, 'r'))
    return null
  } catch (error) {
    return error
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor)
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
