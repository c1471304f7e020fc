import Database from 'better-sqlite3'
import { BusyError } from '@tidemark/protocol'

import { ApplyConnection } from '../apply/apply-connection.ts'
import { enterWalMode } from './enter-wal-mode.ts'
import { beginSnapshot, ReadMarks } from './read-marks.ts'
import type { Durability } from './replica-options.ts'
import { withBusyErrors } from './sqlite-errors.ts'

/**
 * How long a lock that another program has is waited for, blocking: in the gaps of one that writes all the
 * time it is had only by asking often.
 */
const LOCK_WAIT_MS = 20
/** SQLite's own waits grow to 100 ms, in which such a program has the lock again and again. */
const LOCK_PAUSE_MS = 0.05

/**
 * The SQLite connections of a replica, and SQLite's write lock. Four are open all the time:
 *
 * - `user`: the application's
 * - `#lock`: takes SQLite's write lock and is used for nothing else. It never rolls back: after an injection
 *   that would make it believe that its page cache is current
 * - `pinned`: holds a read transaction at the watermark, so that no checkpoint, whoever asks, passes it
 * - `work`: the engine's own reads and writes
 *
 * A push reads on one more, which is opened with the first; {@link ReadMarks} has some that never read.
 */
export class Connections {
  readonly user: Database.Database
  readonly pinned: Database.Database
  readonly work: ApplyConnection
  readonly #path: string
  readonly #lock: Database.Database
  /** Prepared, because the application's connection may be busy with an iterator. */
  readonly #foreignKeys: Database.Statement<[], number>
  readonly #marks: ReadMarks
  /** Kept for the next push: to open one takes longer than to read a small batch. */
  #idleReader: Database.Database | null = null
  #isClosed = false

  /** Opens them, with the pin at the newest commit. @throws SqliteError; nothing is open then */
  constructor(path: string, options: { readonly durability: Durability; readonly busyTimeoutMs: number }) {
    this.#path = path
    this.#marks = new ReadMarks(path)
    const opened: Database.Database[] = []
    const connect = (timeout: number): Database.Database => {
      const connection = new Database(path, { timeout })
      opened.push(connection)
      return connection
    }
    const connectToWrite = (timeout: number): Database.Database => {
      const connection = connect(timeout)
      enterWalMode(connection)
      connection.pragma('wal_autocheckpoint = 0')
      connection.pragma(`synchronous = ${options.durability}`)
      return connection
    }
    try {
      this.user = connectToWrite(options.busyTimeoutMs)
      this.#foreignKeys = this.user.prepare<[], number>('PRAGMA foreign_keys').pluck()
      // Neither writes. For PRAGMA journal_mode and the like SQLite would read the schema at once.
      this.#lock = connect(0)
      this.pinned = connect(options.busyTimeoutMs)
      // Waits by itself, see #begin.
      this.work = new ApplyConnection(connectToWrite(0))
      beginSnapshot(this.pinned)
    } catch (error) {
      for (const connection of opened) connection.close()
      throw error
    }
  }

  /** Whether the application asks SQLite for it, by `PRAGMA foreign_keys`. */
  get enforcesForeignKeys(): boolean {
    return this.#foreignKeys.get() === 1
  }

  /** A connection for a snapshot that outlives a step of the event loop; to be given back. */
  takeReader(): Database.Database {
    const reader = this.#idleReader ?? new Database(this.#path, { timeout: 0 })
    this.#idleReader = null
    return reader
  }

  /** Ends the snapshot. Calling it again does nothing. */
  giveBackReader(reader: Database.Database): void {
    if (reader === this.#idleReader) return
    if (this.#isClosed || this.#idleReader !== null) reader.close()
    else {
      if (reader.inTransaction) reader.exec('COMMIT')
      this.#idleReader = reader
    }
  }

  /**
   * Moves the pin to the newest commit, which ends with the frame `maxFrame`. Only under the write lock is it
   * known which that is.
   */
  repin(maxFrame: number): void {
    this.#marks.release(maxFrame)
    if (this.pinned.inTransaction) this.pinned.exec('COMMIT')
    beginSnapshot(this.pinned)
  }

  /**
   * {@link ReadMarks.hold}, while the application is in no transaction: the commit is to come then that moves
   * its next one away from the mark.
   */
  holdReadMark(maxFrame: number): void {
    if (!this.user.inTransaction) this.#marks.hold(maxFrame)
  }

  /**
   * Runs `run` while no writer, in any process, can move. Ends with a commit, whatever happens.
   *
   * @throws BusyError when somebody is writing
   */
  withWriteLock<T>(run: () => T): T {
    this.#begin(this.#lock, 'taking the write lock', this.#lockWaitMs)
    try {
      return run()
    } finally {
      this.#lock.exec('COMMIT')
    }
  }

  /** Runs `run` in one write transaction of the engine's connection. @throws BusyError when somebody is writing */
  inWriteTransaction<T>(
    what: string,
    run: (db: Database.Database) => T,
    waitMs: number = this.#lockWaitMs,
  ): T {
    const { db } = this.work
    this.#begin(db, what, waitMs)
    try {
      const result = run(db)
      withBusyErrors(what, () => db.exec('COMMIT'))
      return result
    } catch (error) {
      // SQLite has rolled back by itself where the disk was full.
      if (db.inTransaction) db.exec('ROLLBACK')
      this.work.forgetSchema()
      throw error
    }
  }

  /**
   * Runs `run` with the engine's connections waiting for other programs' locks. Only while the application
   * does not have the file open yet.
   */
  patiently<T>(timeoutMs: number, run: () => T): T {
    const setTimeouts = (ms: number): void => {
      for (const connection of [this.#lock, this.work.db]) connection.pragma(`busy_timeout = ${ms}`)
    }
    setTimeouts(timeoutMs)
    try {
      return run()
    } finally {
      setTimeouts(0)
    }
  }

  close(): void {
    this.#isClosed = true
    this.#idleReader?.close()
    this.#marks.close()
    this.user.close()
    this.work.db.close()
    this.pinned.close()
    this.#lock.close()
  }

  /** The application's own transaction is not waited for: it cannot end before we return. */
  get #lockWaitMs(): number {
    return this.user.open && this.user.inTransaction ? 0 : LOCK_WAIT_MS
  }

  /** Takes SQLite's write lock. @throws BusyError when it is not to be had in `waitMs` */
  #begin(connection: Database.Database, what: string, waitMs: number): void {
    const deadline = performance.now() + waitMs
    const pause = new Int32Array(new SharedArrayBuffer(4))
    for (;;) {
      try {
        withBusyErrors(what, () => connection.exec('BEGIN IMMEDIATE'))
        return
      } catch (error) {
        if (!(error instanceof BusyError) || performance.now() >= deadline) throw error
        Atomics.wait(pause, 0, 0, LOCK_PAUSE_MS)
      }
    }
  }
}
