import { statSync } from 'node:fs'

import Database from 'better-sqlite3'

import { BusyError } from '@tidemark/protocol'

import { prepared } from '../sql/prepared.ts'
import { isBusy } from './sqlite-errors.ts'

const RETRY_MS = 10

/** The lock files that this thread holds: who waits for one of them without giving way to the event loop waits in vain. */
const held = new Set<string>()

/**
 * `<db>-lock`: held while a sync operation runs on the replica, by one instance in one process. It is an empty SQLite database under an
 * exclusive transaction, so the operating system releases it when its owner dies.
 */
export class SyncLock {
  readonly #connection: Database.Database
  readonly #path: string
  readonly #key: string
  #timeoutMs = 0
  #isJournalInMemory = false

  constructor(path: string) {
    this.#path = path
    this.#connection = new Database(path, { timeout: 0 })
    const { dev, ino } = statSync(path)
    this.#key = `${dev}:${ino}`
  }

  /** Takes the lock, waiting for at most `timeoutMs` without blocking the event loop. @throws BusyError, the signal's reason */
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
      held.add(this.#key)
      return true
    } catch (error) {
      if (isBusy(error)) return false
      throw error
    }
  }

  /** Nothing is ever written; in a file, the journal would be created and deleted with each lock. Reads the database, which another's lock forbids. */
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
