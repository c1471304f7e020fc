import { join } from 'node:path'
import { BusyError, StateError } from '@tidemark/protocol'
import { Database } from '../database/database.ts'
import type { DatabaseSettings } from '../database/database.ts'
import { StreamRegistry } from '../hrana/stream-registry.ts'
import type { HranaSettings } from '../hrana/hrana-settings.ts'
import type { SqlBytes } from '../hrana/sql-memory.ts'
import { KeptPull } from '../pull/kept-pull.ts'
import type { PushSettings } from '../push/push-settings.ts'
import { Generations } from '../replica-frames/generations.ts'
import { runAll } from '../run-all.ts'
import { TOO_MANY_FILES } from '../too-many-files.ts'
import { PushTarget } from '../push/push-target.ts'
import { RecentPushes } from '../push/recent-pushes.ts'
import type { DatabaseRef } from './worker-calls.ts'
import type { WorkerLog } from './worker-client.ts'

/** One open database with what hangs on it. */
export interface Tenant {
  readonly database: Database
  readonly streams: StreamRegistry
  readonly pushTarget: PushTarget
  readonly generations: Generations
  readonly keptPull: KeptPull
  /** Aborts when the database is closed. */
  readonly closing: AbortSignal
}

interface OpenTenant extends Tenant {
  readonly abort: AbortController
}

interface Entry {
  readonly opening: Promise<OpenTenant>
  /** Null while it is being opened. */
  tenant: OpenTenant | null
  users: number
}

export interface HostSettings {
  readonly database: DatabaseSettings
  readonly hrana: HranaSettings
  readonly push: PushSettings
  readonly maxOpenDatabases: number
}

/** The open databases of this worker. Those that nobody uses stay open until others need their place. */
export class DatabaseHost {
  readonly #settings: HostSettings
  readonly #storedSqlOf: (databaseId: string) => SqlBytes
  readonly #onLog: (log: WorkerLog) => void
  /** In order of last use. */
  readonly #entries = new Map<string, Entry>()
  readonly #recentPushes = new RecentPushes()
  readonly #draining = new AbortController()
  #isClosing = false

  /** @param storedSqlOf the memory that the streams of a database may store SQL in */
  constructor(
    settings: HostSettings,
    storedSqlOf: (databaseId: string) => SqlBytes,
    onLog: (log: WorkerLog) => void,
  ) {
    this.#settings = settings
    this.#storedSqlOf = storedSqlOf
    this.#onLog = onLog
  }

  /** Aborted once long polls are not to wait any more. */
  get draining(): AbortSignal {
    return this.#draining.signal
  }

  drain(): void {
    this.#draining.abort()
  }

  /** Runs `use` with the database open; it stays open until the result is settled. */
  async use<T>(ref: DatabaseRef, use: (tenant: Tenant) => Promise<T>): Promise<T> {
    const { tenant, done } = await this.acquire(ref)
    try {
      return await use(tenant)
    } catch (error) {
      this.noteFailure(ref.id, tenant, error)
      throw error
    } finally {
      done()
    }
  }

  /** Sees to it that a damaged history is replaced. */
  noteFailure(databaseId: string, { database }: Tenant, error: unknown): void {
    if (!(error instanceof StateError) || error.code !== 'TIDEMARK_HISTORY_DAMAGED') return
    this.#onLog({ level: 'error', message: 'history is damaged', databaseId, reason: error.message })
    database.discardHistory()
    void this.release(databaseId)
  }

  /** The database, open at least until `done` is called. */
  async acquire(ref: DatabaseRef): Promise<{ readonly tenant: Tenant; readonly done: () => void }> {
    if (this.#isClosing) throw new BusyError('The server is shutting down')
    this.#closeWhereMoved(ref)
    const entry = this.#entries.get(ref.id) ?? { opening: this.#openInRoom(ref), tenant: null, users: 0 }
    this.#entries.delete(ref.id)
    this.#entries.set(ref.id, entry)
    entry.users += 1
    try {
      const tenant = await entry.opening
      entry.tenant = tenant
      this.#closeUnused(this.#settings.maxOpenDatabases)
      return {
        tenant,
        done: () => {
          entry.users -= 1
        },
      }
    } catch (error) {
      if (this.#entries.get(ref.id) === entry) this.#entries.delete(ref.id)
      throw error
    }
  }

  /** Closes the database; streams on it end, transactions are rolled back. */
  async release(databaseId: string): Promise<void> {
    const entry = this.#entries.get(databaseId)
    if (entry === undefined) return
    this.#entries.delete(databaseId)
    const tenant = await entry.opening.catch(() => null)
    if (tenant !== null) this.#closeTenant(databaseId, tenant)
  }

  async close(): Promise<void> {
    this.#isClosing = true
    for (const databaseId of this.#entries.keys()) await this.release(databaseId)
  }

  /** Where the process may open no more files, what nobody uses is closed for it. */
  async #openInRoom(ref: DatabaseRef): Promise<OpenTenant> {
    for (;;) {
      try {
        return await this.#open(ref)
      } catch (error) {
        const isOutOfFiles = error instanceof BusyError && error.code === TOO_MANY_FILES
        if (!isOutOfFiles || !this.#closeUnused(this.#entries.size - 1)) throw error
      }
    }
  }

  async #open(ref: DatabaseRef): Promise<OpenTenant> {
    const about = { database: ref.name, databaseId: ref.id }
    const database = await Database.open(ref.directory, ref.id, this.#settings.database, {
      onRestart: (reason) => this.#onLog({ level: 'warn', message: 'history begins anew', ...about, reason }),
      onProblem: (message, error) =>
        this.#onLog({ level: 'error', message, ...about, reason: String(error) }),
      // An answer is sent before its turn of the loop ends.
      onRecordDue: setImmediate,
      onCheckpointDue: setImmediate,
      onReadersInTheWay: () => streams.endReaders(),
      onPanic: (error) => {
        this.#onLog({ level: 'error', message: 'worker ends: disk failed', ...about, reason: String(error) })
        process.kill(process.pid, 'SIGKILL')
        throw error
      },
    })
    const abort = new AbortController()
    const pushTarget = new PushTarget(database, ref.id, this.#settings.push, this.#recentPushes)
    const streams = new StreamRegistry(pushTarget, this.#settings.hrana, this.#storedSqlOf(ref.id))
    return {
      database,
      streams,
      pushTarget,
      generations: new Generations(join(ref.directory, 'generations.json'), database.history),
      keptPull: new KeptPull(join(ref.directory, 'kept-pull')),
      closing: abort.signal,
      abort,
    }
  }

  /**
   * Where somebody has moved, deleted or replaced the files of an open database, what stands in their place
   * is opened instead.
   */
  #closeWhereMoved({ id, name }: DatabaseRef): void {
    const tenant = this.#entries.get(id)?.tenant ?? null
    if (tenant === null || tenant.database.isInPlace) return
    const message = 'the files of a database were moved, deleted or replaced while it was open'
    this.#onLog({ level: 'error', message, database: name, databaseId: id })
    this.#entries.delete(id)
    this.#closeTenant(id, tenant)
  }

  /** Closes those that have not been used for longest, until no more than `most` are open. False: there are none. */
  #closeUnused(most: number): boolean {
    let hasClosed = false
    for (const [databaseId, { tenant, users }] of this.#entries) {
      if (this.#entries.size <= most) break
      if (users > 0 || tenant === null || tenant.streams.hasOpenStreams) continue
      this.#entries.delete(databaseId)
      this.#closeTenant(databaseId, tenant)
      hasClosed = true
    }
    return hasClosed
  }

  /** What fails is told to the operator: those who ask for other databases have it closed. */
  #closeTenant(databaseId: string, { abort, streams, pushTarget, keptPull, database }: OpenTenant): void {
    const message = 'a database was not closed in good order'
    for (const error of runAll([
      () => abort.abort(),
      () => streams.close(),
      () => pushTarget.close(),
      () => keptPull.close(),
      () => database.close(),
    ]))
      this.#onLog({ level: 'error', message, databaseId, reason: String(error) })
  }
}
