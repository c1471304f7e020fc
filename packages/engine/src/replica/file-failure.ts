import Database from 'better-sqlite3'

import { StateError } from '@tidemark/protocol'

/** One way in which a disk or its permissions keep a file from being read or written. */
interface FileFailure {
  readonly code: string
  /** What the file system says. */
  readonly system: ReadonlySet<string>
  /** What SQLite says, which knows less. */
  readonly sqlite: RegExp
  readonly happened: string
  readonly remedy: string
}

const FAILURES: readonly FileFailure[] = [
  {
    code: 'TIDEMARK_DISK_FULL',
    system: new Set(['ENOSPC', 'EDQUOT']),
    sqlite: /^SQLITE_FULL/,
    happened: 'the disk is full, or the quota is used up',
    remedy: 'Make room, then try again.',
  },
  {
    code: 'TIDEMARK_NO_ACCESS',
    system: new Set(['EACCES', 'EPERM', 'EROFS']),
    sqlite: /^SQLITE_(?:READONLY|PERM|CANTOPEN)/,
    happened: 'a file may not be opened, written to or made',
    remedy:
      'Check who owns the database, the files whose names begin with its name, and their folder, that the disk is not read-only, and that the process may open more files.',
  },
  {
    code: 'TIDEMARK_TOO_MANY_FILES',
    system: new Set(['EMFILE', 'ENFILE']),
    sqlite: /^$/,
    happened: 'the process, or the machine, has too many files open',
    remedy: 'Close databases that are not in use, or raise the limit (ulimit -n), then try again.',
  },
  {
    code: 'TIDEMARK_DISK_FAILED',
    system: new Set(['EIO']),
    sqlite: /^SQLITE_IOERR/,
    happened: 'the disk has failed',
    remedy: 'Keep a copy of the files, and look what the system has logged of the disk before you go on.',
  },
]

/**
 * The error that says what a disk or its permissions did to an operation on the database at `path`, whether
 * anything is lost, and what to do: StateError `TIDEMARK_DISK_FULL`, `TIDEMARK_NO_ACCESS`,
 * `TIDEMARK_TOO_MANY_FILES` or `TIDEMARK_DISK_FAILED`, with `error` as its cause. Other errors as they are.
 */
export function explainFileFailure(path: string, error: unknown): unknown {
  const failure = FAILURES.find((known) => isOf(known, error))
  if (failure === undefined) return error
  return new StateError(
    failure.code,
    `${path}: ${failure.happened} (${(error as Error).message}). What is committed stays committed, what is pending stays pending, and a pull that was begun is finished or undone by the next operation. ${failure.remedy}`,
    { recovery: 'operator', cause: error },
  )
}

function isOf({ system, sqlite }: FileFailure, error: unknown): boolean {
  if (error instanceof Database.SqliteError) return sqlite.test(error.code)
  return error instanceof Error && 'code' in error && system.has(String(error.code))
}
