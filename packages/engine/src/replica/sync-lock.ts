import { accessSync, constants, statSync } from 'node:fs'

import Database from 'better-sqlite3'

import { BusyError, StateError } from '@tidemark/protocol'

import { prepared } from '../sql/prepared.ts'
import { shareAsDatabase } from './companion-file.ts'
import { isBusy } from './sqlite-errors.ts'

const RETRY_MS = 10

/**
 * The lock files that this thread holds: who waits for one of them without giving way to the event loop waits in vain.
 */
const held = new Set<string>()

/**
 * `<db>-lock`: held while a sync operation runs on the replica, by one instance in one process. It is an
 * empty SQLite database under an exclusive transaction, so the operating system releases it when its owner
 * dies.
 */
export class SyncLock {
  readonly #path: string
  #connection: Database.Database
  /** Names the file that is open. */
  #key: string
  #timeoutMs = 0
  #isJournalInMemory = false

  /** @throws StateError `TIDEMARK_NO_ACCESS` */
  constructor(path: string) {
    this.#path = path
    this.#connection = openLock(path)
    this.#key = keyOf(path)
  }

  /**
   * Takes the lock, waiting for at most `timeoutMs` without blocking the event loop.
   *
   * @throws BusyError, the signal's reason
   */
  async acquire(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const deadline = performance.now() + timeoutMs
    while (!this.#tryBegin(0)) {
      signal?.throwIfAborted()
      if (performance.now() >= deadline) throw this.#busy()
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }

  /** The same, blocking; not waiting for this thread. @throws BusyError */
  acquireSync(timeoutMs: number): void {
    if (held.has(this.#key) || !this.#tryBegin(timeoutMs)) throw this.#busy()
  }

  /** Takes the lock if it is free. */
  tryAcquire(): boolean {
    return this.#tryBegin(0)
  }

  get isHeld(): boolean {
    return this.#connection.inTransaction
  }

  release(): void {
    if (!this.#connection.inTransaction) return
    prepared(this.#connection, 'ROLLBACK').run()
    held.delete(this.#key)
  }

  close(): void {
    this.release()
    this.#connection.close()
  }

  #tryBegin(timeoutMs: number): boolean {
    if (this.#connection.inTransaction) return false
    if (timeoutMs !== this.#timeoutMs) this.#connection.pragma(`busy_timeout = ${timeoutMs}`)
    this.#timeoutMs = timeoutMs
    try {
      this.#keepJournalInMemory()
      prepared(this.#connection, 'BEGIN EXCLUSIVE').run()
    } catch (error) {
      if (isBusy(error)) return false
      throw error
    }
    if (keyOf(this.#path) !== this.#key) {
      this.#openAgain()
      return this.#tryBegin(timeoutMs)
    }
    held.add(this.#key)
    return true
  }

  /**
   * Somebody has deleted the file: who comes next makes a new one, and that is the lock now. Where none can
   * be made, the next attempt tries again.
   */
  #openAgain(): void {
    prepared(this.#connection, 'ROLLBACK').run()
    const connection = openLock(this.#path)
    this.#connection.close()
    this.#connection = connection
    this.#key = keyOf(this.#path)
    this.#timeoutMs = 0
    this.#isJournalInMemory = false
  }

  /**
   * Nothing is ever written; in a file, the journal would be created and deleted with each lock. Reads the
   * database, which another's lock forbids.
   */
  #keepJournalInMemory(): void {
    if (this.#isJournalInMemory) return
    this.#connection.pragma('journal_mode = MEMORY')
    this.#isJournalInMemory = true
  }

  #busy(): BusyError {
    return new BusyError(
      `Another sync operation is running on this database (it holds ${this.#path}). Try again when it is done.`,
    )
  }
}

/**
 * What may only be read is refused: SQLite would open it, and then begin an exclusive transaction as one that
 * reads, which two programs can have at once.
 */
function openLock(path: string): Database.Database {
  let connection: Database.Database | null = null
  try {
    connection = new Database(path, { timeout: 0 })
    shareAsDatabase(path)
    accessSync(path, constants.R_OK | constants.W_OK)
    return connection
  } catch (cause) {
    connection?.close()
    throw new StateError(
      'TIDEMARK_NO_ACCESS',
      `${path} cannot be made, or written to (${(cause as Error).message}). It keeps programs from syncing the database at the same time. Check who owns it and its folder, that its name is not too long, and that the process may open more files; while no program has the database open it may be deleted.`,
      { recovery: 'operator', cause },
    )
  }
}

/** Names a file as long as it exists; empty where there is none. */
function keyOf(path: string): string {
  const status = statSync(path, { throwIfNoEntry: false })
  return status === undefined ? '' : `${status.dev}:${status.ino}`
}
