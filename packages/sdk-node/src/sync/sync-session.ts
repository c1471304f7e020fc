import { Replica } from '@tidemark/engine'
import { BusyError, initProtocol, StateError } from '@tidemark/protocol'
import { localFile, openLocal } from './open-local.ts'
import type { LocalFile } from './open-local.ts'
import { NetworkError } from '../errors/network-error.ts'
import { EventHub } from '../events/event-hub.ts'
import { checkInteger, checkKeys } from '../options/check-option.ts'
import type { OperationOptions, PullOptions } from '../options/connect-options.ts'
import type { Settings } from '../options/settings.ts'
import type { PendingChange, PendingFilter } from '../queue/pending-change.ts'
import { readPending } from '../queue/read-pending.ts'
import { newSyncCounters } from '../stats/sync-counters.ts'
import { readSyncStats } from '../stats/sync-stats.ts'
import type { SyncStats } from '../stats/sync-stats.ts'
import { AutoCheckpoint } from './auto-checkpoint.ts'
import { bootstrap } from './bootstrap.ts'
import { pull } from './pull.ts'
import { push } from './push.ts'
import { PushProgress } from './push-progress.ts'
import { forgetRemote } from './remember-remote.ts'
import { pausedError, RemoteAccess } from './remote-access.ts'
import { sync } from './sync.ts'
import { exclusively, retrying } from './sync-context.ts'
import type { ReplicaContext, SyncContext } from './sync-context.ts'
import type { PushResult, SyncResult } from './sync-results.ts'
import { Turns } from './turns.ts'

/** The asynchronous half of an open database: opens the local file, and runs sync operations on it. */
export class SyncSession {
  readonly events: EventHub = new EventHub()
  readonly #settings: Settings
  readonly #context: SyncContext
  readonly #file: LocalFile
  readonly #closing = new AbortController()
  readonly #turns = new Turns()
  /** Operations that have not ended yet. */
  #running = 0
  #autoCheckpoint: AutoCheckpoint | null = null
  #replica: Replica | null = null
  #connecting: Promise<Replica> | null = null

  constructor(settings: Settings) {
    this.#settings = settings
    const counters = newSyncCounters()
    const remote = new RemoteAccess(settings, counters)
    this.#context = { settings, events: this.events, counters, remote }
    if (settings.onConflict !== null) this.events.on('conflict', settings.onConflict)
    this.#file = localFile(settings.path)
    try {
      const replica = openLocal(this.#file.path, settings, remote.configuredUrl())
      if (replica !== null) this.#use(replica)
    } catch (error) {
      this.#file.remove()
      throw error
    }
  }

  /** Null: not downloaded yet, or closed. */
  get replica(): Replica | null {
    return this.#closing.signal.aborted ? null : this.#replica
  }

  /** Why {@link replica} is null. */
  notOpenError(): StateError {
    return this.#closing.signal.aborted
      ? new StateError('TIDEMARK_CLOSED', 'the database was closed', { recovery: 'bug' })
      : new StateError(
          'TIDEMARK_NOT_CONNECTED',
          `${this.#settings.path} has not been downloaded yet; await connect() or a sync method first`,
          { recovery: 'retry' },
        )
  }

  async connect(): Promise<void> {
    await this.#run({}, async () => undefined)
  }

  async push(options: OperationOptions): Promise<PushResult> {
    return await this.#run(options, async (context, signal) => {
      await this.#checkpointIfLong(context)
      const progress = new PushProgress()
      await push(context, progress, signal)
      return progress.result()
    })
  }

  async pull(options: PullOptions): Promise<boolean> {
    const longPollTimeoutMs = checkInteger(
      'longPollTimeoutMs',
      options.longPollTimeoutMs ?? this.#settings.longPollTimeoutMs,
      0,
    )
    return await this.#run(options, async (context, signal) => {
      await this.#checkpointIfLong(context)
      return await pull(context, longPollTimeoutMs, signal)
    })
  }

  async sync(options: OperationOptions): Promise<SyncResult> {
    return await this.#run(options, async (context, signal) => {
      await this.#checkpointIfLong(context)
      const progress = new PushProgress()
      const hasNews = await sync(context, progress, signal)
      return { push: progress.result(), pull: hasNews }
    })
  }

  async checkpoint(): Promise<void> {
    await this.#run({}, async (context, signal) => {
      await exclusively(context, () =>
        retrying(context, 'checkpoint', signal, () => {
          context.replica.checkpoint()
        }),
      )
    })
  }

  async stats(): Promise<SyncStats> {
    return await this.#whileOpen(async (replica) => readSyncStats(replica, this.#context.counters))
  }

  async pending(filter: PendingFilter): Promise<PendingChange[]> {
    return await this.#whileOpen(async (replica) => readPending(replica, filter))
  }

  /** Told of each local write. */
  countWrite(): void {
    this.#autoCheckpoint?.countWrite()
  }

  /** Operations under way are given up; the files are closed when the last of them has let go, at once if there is none. */
  close(): void {
    if (this.#closing.signal.aborted) return
    this.#closing.abort(new StateError('TIDEMARK_CLOSED', 'the database was closed', { recovery: 'bug' }))
    if (this.#running === 0) this.#closeFiles()
  }

  #closeFiles(): void {
    this.#replica?.close()
    this.#replica = null
    this.#file.remove()
  }

  /** One sync operation: connects first, measures, tells of failures. */
  async #run<T>(
    options: OperationOptions,
    operation: (context: ReplicaContext, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    checkKeys('options', options, ['signal', 'longPollTimeoutMs'])
    const signal =
      options.signal === undefined
        ? this.#closing.signal
        : AbortSignal.any([options.signal, this.#closing.signal])
    const start = performance.now()
    try {
      signal.throwIfAborted()
      return await this.#whileOpen(async (replica) => {
        const context = { ...this.#context, replica, turns: this.#turns }
        return await operation(context, signal).catch((error: unknown) => {
          if (error instanceof NetworkError && error.code === 'TIDEMARK_NOT_FOUND') forgetRemote(context)
          throw error
        })
      })
    } catch (error) {
      this.events.emit('error', error)
      throw error
    } finally {
      this.#context.counters.lastSyncDurationMs = performance.now() - start
    }
  }

  /** Connects first. The files stay open until `run` has ended. */
  async #whileOpen<T>(run: (replica: Replica) => Promise<T>): Promise<T> {
    this.#running += 1
    try {
      return await run(await this.#open())
    } finally {
      this.#running -= 1
      if (this.#running === 0 && this.#closing.signal.aborted) this.#closeFiles()
    }
  }

  async #open(): Promise<Replica> {
    await initProtocol()
    if (this.#closing.signal.aborted) throw this.notOpenError()
    if (this.#replica !== null) return this.#replica
    this.#connecting ??= this.#download().finally(() => {
      this.#connecting = null
    })
    return await this.#connecting
  }

  async #download(): Promise<Replica> {
    const { path } = this.#file
    const { signal } = this.#closing
    const url = this.#context.remote.configuredUrl()
    if (url === null) throw pausedError()
    await bootstrap(this.#context, path, url, signal)
    const replica = this.#use(Replica.open(path, { durability: this.#settings.durability }))
    signal.throwIfAborted()
    return replica
  }

  #use(replica: Replica): Replica {
    const { autoCheckpoint } = this.#settings
    this.#replica = replica
    if (autoCheckpoint !== null) {
      this.#autoCheckpoint = new AutoCheckpoint(autoCheckpoint, replica, () => this.checkpoint())
    }
    return replica
  }

  /** A reader or writer in the way is no reason not to sync. */
  async #checkpointIfLong(context: ReplicaContext): Promise<void> {
    if (this.#autoCheckpoint?.isDue !== true) return
    const { replica, counters, events } = context
    try {
      await exclusively(context, async () => {
        replica.checkpoint()
      })
    } catch (error) {
      if (!(error instanceof BusyError)) throw error
      counters.busyRetries += 1
      events.emit('busy', { operation: 'checkpoint', error, waitMs: 0 })
    }
  }
}
