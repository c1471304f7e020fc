import { randomBytes } from 'node:crypto'
import { BusyError, LimitError, ProtocolError } from '@tidemark/protocol'
import type { Connection } from '../database/connection.ts'
import type { Database } from '../database/database.ts'
import type { PushTarget } from '../push/push-target.ts'
import { giveCacheBack, takeCache } from './cache-share.ts'
import { forgetCounters } from './forget-counters.ts'
import type { HranaSettings } from './hrana-settings.ts'
import { HranaStream } from './hrana-stream.ts'
import type { SqlBytes } from './sql-memory.ts'

const BATON_BYTES = 24
/** Connections kept for the next streams, and for how long unless they are used. */
const SPARE_CONNECTIONS = 32
const SPARE_MS = 5000

interface Parked {
  readonly stream: HranaStream
  readonly timer: NodeJS.Timeout
}

/**
 * The streams of one database. Between two requests a stream is parked under a baton: a random word, good for
 * one request, that the answer to the request before gave. A parked stream is closed after a while, or,
 * unless it is in a transaction, when there are too many.
 */
export class StreamRegistry {
  readonly #database: Database
  readonly #pushTarget: PushTarget
  readonly #settings: HranaSettings
  readonly #storedSqlMemory: SqlBytes
  readonly #streams = new Set<HranaStream>()
  readonly #parked = new Map<string, Parked>()
  readonly #spare: Connection[] = []
  #spareTimer: NodeJS.Timeout | null = null
  #isClosed = false

  /** @param storedSqlMemory what all streams together may store */
  constructor(pushTarget: PushTarget, settings: HranaSettings, storedSqlMemory: SqlBytes) {
    this.#pushTarget = pushTarget
    this.#database = pushTarget.database
    this.#settings = settings
    this.#storedSqlMemory = storedSqlMemory
  }

  get hasOpenStreams(): boolean {
    return this.#streams.size > 0
  }

  /**
   * The stream that the baton names; without one, a new stream.
   *
   * @throws ProtocolError for a baton that was never given, was used, or whose stream has timed out
   * @throws LimitError when the database has too many streams, each at work or in a transaction
   */
  take(baton: string | null): HranaStream {
    if (this.#isClosed) throw new BusyError('The database is being closed')
    if (baton === null) return this.#open()
    const parked = this.#parked.get(baton)
    if (parked === undefined) {
      throw new ProtocolError(
        'The baton names no open stream: it was used before, or the stream has timed out',
        {
          code: 'TIDEMARK_STREAM_EXPIRED',
          recovery: 'retry',
        },
      )
    }
    this.#parked.delete(baton)
    clearTimeout(parked.timer)
    return parked.stream
  }

  /** Keeps the stream for its client's next request. @returns the baton that this needs */
  park(stream: HranaStream): string {
    const baton = randomBytes(BATON_BYTES).toString('base64url')
    const idleMs = stream.isAutocommit
      ? this.#settings.streamIdleTimeoutMs
      : this.#settings.transactionIdleTimeoutMs
    const timer = setTimeout(() => {
      this.#parked.delete(baton)
      this.end(stream)
    }, idleMs)
    this.#parked.set(baton, { stream, timer })
    return baton
  }

  /** Closes the stream, rolling back what it has not committed. */
  end(stream: HranaStream): void {
    if (!this.#streams.delete(stream)) return
    stream.close()
    if (!this.#mayKeepConnectionOf(stream)) {
      this.#disconnect(stream.connection)
      return
    }
    this.#spare.push(stream.connection)
    this.#spareTimer ??= setTimeout(() => this.#closeSpare(), SPARE_MS).unref()
  }

  /** Ends the streams that wait for their client in a transaction which has not written. */
  endReaders(): void {
    for (const [baton, { stream, timer }] of this.#parked) {
      if (stream.isAutocommit || stream.hasTurn) continue
      clearTimeout(timer)
      this.#parked.delete(baton)
      this.end(stream)
    }
  }

  /** Ends all streams and closes their connections. */
  close(): void {
    this.#isClosed = true
    for (const { timer } of this.#parked.values()) clearTimeout(timer)
    this.#parked.clear()
    for (const stream of this.#streams) this.end(stream)
    this.#closeSpare()
  }

  #mayKeepConnectionOf(stream: HranaStream): boolean {
    if (this.#isClosed || stream.isAltered || this.#spare.length >= SPARE_CONNECTIONS) return false
    return !stream.hasWritten || forgetCounters(stream.connection)
  }

  #closeSpare(): void {
    if (this.#spareTimer !== null) clearTimeout(this.#spareTimer)
    this.#spareTimer = null
    for (const connection of this.#spare.splice(0)) this.#disconnect(connection)
  }

  #open(): HranaStream {
    if (this.#streams.size >= this.#settings.maxStreams && !this.#endLongestIdle()) {
      throw new LimitError(`The database has ${this.#settings.maxStreams} streams open`)
    }
    const connection = this.#spare.pop() ?? this.#connect()
    const stream = new HranaStream(this.#pushTarget, connection, this.#settings, this.#storedSqlMemory)
    this.#streams.add(stream)
    return stream
  }

  /** Turso's client never closes a stream, and would fill the database with those that it has left. */
  #endLongestIdle(): boolean {
    for (const [baton, { stream, timer }] of this.#parked) {
      if (!stream.isAutocommit) continue
      clearTimeout(timer)
      this.#parked.delete(baton)
      this.end(stream)
      return true
    }
    return false
  }

  #connect(): Connection {
    const connection = this.#database.acquireConnection()
    takeCache(connection)
    connection.pragma(`foreign_keys = ${this.#settings.foreignKeys ? 'ON' : 'OFF'}`)
    return connection
  }

  #disconnect(connection: Connection): void {
    giveCacheBack(connection)
    this.#database.releaseConnection(connection)
  }
}
