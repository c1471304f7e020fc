import { existsSync } from 'node:fs'

import { isTidemarkError, StateError } from '@tidemark/protocol'

import type { ReplicaPaths } from './paths.ts'
import { isDamaged } from './sqlite-errors.ts'

const CODE = 'TIDEMARK_BASE_DAMAGED'

/**
 * Runs `run`; where SQLite says that the database is damaged, the error says what to do.
 *
 * @throws StateError `TIDEMARK_BASE_DAMAGED`
 */
export function withDamageErrors<T>(paths: ReplicaPaths, run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw isDamaged(error) ? baseDamaged(paths, error) : error
  }
}

/** Whether `error` says that the database cannot be read, and that only a fresh one from the server helps. */
export function isBaseDamaged(error: unknown): error is StateError {
  return isTidemarkError(error) && error.code === CODE
}

/**
 * For a sync operation of an open replica: where SQLite says that the database is damaged, the error that
 * says what to do. It stays open: `-replay` is not there, and what can be read can be used.
 */
export function explainDamage({ main }: ReplicaPaths, error: unknown): unknown {
  if (!isDamaged(error)) return error
  return new StateError(
    'TIDEMARK_DATABASE_DAMAGED',
    `${main} is damaged (${error.message}). Keep a copy of the files. reset() downloads the database again and puts what is pending on top; if that cannot be read, reset({ keepPending: false }) does without it. Where that fails too, start over with a new file.`,
    { recovery: 'reset', cause: error },
  )
}

/** The error for a database of which only a fresh one from the server helps. */
export function baseDamaged(paths: ReplicaPaths, cause: Error): StateError {
  const pending = existsSync(paths.replay)
    ? `What is pending is safe in ${paths.replay}: reset() downloads the database again and puts it on top.`
    : 'reset({ keepPending: false }) downloads the database again. What is pending, if anything is, cannot be read, and is lost then: keep a copy of the files.'
  return new StateError(CODE, `${paths.main} is damaged (${cause.message}). ${pending}`, {
    recovery: 'reset',
    cause,
  })
}
