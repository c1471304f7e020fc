import { statfsSync } from 'node:fs'
import { BusyError } from '@tidemark/protocol'
import { explainTooManyFiles } from './too-many-files.ts'

const FULL = 'TIDEMARK_DISK_FULL'
const FAILED = 'TIDEMARK_DISK_FAILED'
/** Somebody has to make room first. */
const RETRY_AFTER_MS = 10_000
/** SQLite makes and extends files by up to so much to open a database, or to write a few pages, bytes. */
const SCARCE_BYTES = 64 * 1024

/** Bytes that may still be written to the file system of `directory`. */
export type FreeBytes = (directory: string) => number

/** Whether it says that there is no room; so does SQLite of a database that has reached its largest size. */
export function isDiskFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'SQLITE_FULL'].includes(codeOf(error))
}

/** Whether it is one that {@link explainDiskFailure} returns, here or in another process. */
export function isDiskFailure(error: unknown): boolean {
  return [FULL, FAILED].includes(codeOf(error))
}

/**
 * BusyError `TIDEMARK_DISK_FULL` or `TIDEMARK_DISK_FAILED` for what a full or failing disk did, with `error`
 * as its cause: the same request may succeed later. Other errors as they are.
 */
export function explainDiskFailure(error: unknown): unknown {
  if (isDiskFull(error)) return full('The disk of the server is full, or the quota is used up', error)
  if (codeOf(error) !== 'EIO' && !codeOf(error).startsWith('SQLITE_IOERR')) return error
  return new BusyError('The disk of the server has failed. Its log, and that of the system, say more.', {
    code: FAILED,
    cause: error,
    retryAfterMs: RETRY_AFTER_MS,
  })
}

/**
 * The same for what has kept the database in `directory` from being opened: of a full disk SQLite says then
 * that it fails, or that a file cannot be made. Or {@link explainTooManyFiles}: to be called before any file is
 * closed again.
 */
export function explainFailedOpening(
  error: unknown,
  directory: string,
  freeBytes: FreeBytes = freeBytesOf,
): unknown {
  const tooMany = explainTooManyFiles(error)
  if (tooMany !== null) return tooMany
  const mayBeFull = /^SQLITE_(?:IOERR|CANTOPEN)/.test(codeOf(error))
  if (!mayBeFull || freeBytes(directory) >= SCARCE_BYTES) return explainDiskFailure(error)
  return full('The database cannot be opened: the disk of the server is full', error)
}

/**
 * The same for what has kept a transaction from being written to the database in `directory`: SQLite says of a
 * full disk what it says of a database that has reached its largest size.
 */
export function explainFailedWrite(
  error: unknown,
  directory: string,
  freeBytes: FreeBytes = freeBytesOf,
): unknown {
  if (codeOf(error) !== 'SQLITE_FULL' || freeBytes(directory) >= SCARCE_BYTES) return error
  return full('The push cannot be written: the disk of the server is full', error)
}

/** BusyError with that message, and the code of {@link explainDiskFailure} where a disk is the reason. */
export function busyBecauseOf(error: unknown, message: string): BusyError {
  const failure = explainDiskFailure(error)
  const isOfDisk = failure instanceof BusyError && isDiskFailure(failure)
  const options = isOfDisk ? { code: failure.code, retryAfterMs: RETRY_AFTER_MS } : {}
  return new BusyError(message, { ...options, cause: error })
}

function full(message: string, cause: unknown): BusyError {
  const options = { code: FULL, cause, retryAfterMs: RETRY_AFTER_MS }
  return new BusyError(`${message}. It goes on by itself when there is room.`, options)
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function freeBytesOf(directory: string): number {
  try {
    const { blocks, bavail, bsize } = statfsSync(directory)
    // What is no disk, as `/proc`, has no blocks.
    return blocks === 0 ? Infinity : bavail * bsize
  } catch {
    return Infinity
  }
}
