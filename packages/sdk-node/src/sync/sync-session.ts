import { isBaseDamaged, Replica } from '@tidemark/engine'
import type { Conflict, ReplicaOptions } from '@tidemark/engine'
import { BusyError, initProtocol, StateError } from '@tidemark/protocol'
import { localFile, openLocal } from './open-local.ts'
import type { LocalFile } from './open-local.ts'
import { EventHub } from '../events/event-hub.ts'
import { OptionsError } from '../errors/options-error.ts'
import { checkBoolean, checkInteger, checkKeys, describe } from '../options/check-option.ts'
import type { OperationOptions, PullOptions, ResetOptions } from '../options/connect-options.ts'
import type { Settings } from '../options/settings.ts'
import type { DiscardFilter } from '../queue/discard-filter.ts'
import { discard, retryRejected } from '../queue/edit-queue.ts'
import type { DiscardOptions, RetryRejectedOptions } from '../queue/edit-queue.ts'
import type { PendingChange, PendingFilter } from '../queue/pending-change.ts'
import { rejectedChange } from '../queue/rejected-change.ts'
import type { RejectedChange } from '../queue/rejected-change.ts'
import { readPending } from '../queue/read-pending.ts'
import { newSyncCounters } from '../stats/sync-counters.ts'
import { readSyncStats } from '../stats/sync-stats.ts'
import type { SyncStats } from '../stats/sync-stats.ts'
import { atExit } from './at-exit.ts'
import { AutoCheckpoint } from './auto-checkpoint.ts'
import { Resolver } from './conflict-resolution.ts'
import { bootstrap } from './bootstrap.ts'
import { checkpoint } from './checkpoint.ts'
import { LocalWrites } from './local-writes.ts'
import { pull } from './pull.ts'
import { push } from './push.ts'
import { PushProgress } from './push-progress.ts'
import { isOtherKind, maxWalPagesOf } from './remember-remote.ts'
import { pausedError, RemoteAccess } from './remote-access.ts'
import { repair } from './repair.ts'
import { reset } from './reset.ts'
import { SharedRun } from './shared-run.ts'
import { sync } from './sync.ts'
import { exclusively } from './sync-context.ts'
import type { ReplicaContext, SyncContext } from './sync-context.ts'
import type { PushResult, SyncResult } from './sync-results.ts'
import { Turns } from './turns.ts'

/** `isDownloaded`: the whole database has come for this operation, before it. */
type Operation<T> = (context: ReplicaContext, signal: AbortSignal, isDownloaded: boolean) => Promise<T>

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
  #localWrites: LocalWrites | null = null
  #replica: Replica | null = null
  readonly #download = new SharedRun<Replica>()
  /** Keeps {@link #settle} from being called at the end of the process. */
  readonly #forgetExit: () => void
  /** The local file cannot be read, and {@link reset} gets out of it. */
  #damage: StateError | null = null
  #isReadOnly = false

  constructor(settings: Settings) {
    this.#settings = settings
    const counters = newSyncCounters()
    const remote = new RemoteAccess(settings, counters)
    this.#context = { settings, events: this.events, counters, remote }
    if (settings.onConflict !== null) this.events.on('conflict', settings.onConflict)
    this.#file = localFile(settings.path)
    this.#forgetExit = atExit(() => {
      this.#settle()
    })
    try {
      const replica = openLocal(this.#file.path, settings, this.#replicaOptions(), remote.configuredUrl())
      if (replica !== null) this.#use(replica)
    } catch (error) {
      if (isBaseDamaged(error)) this.#damage = error
      else {
        this.#closeFiles()
        throw error
      }
    }
  }

  /** Null: not downloaded yet, damaged, or closed. */
  get replica(): Replica | null {
    return this.#closing.signal.aborted || this.#damage !== null ? null : this.#replica
  }

  /** Why {@link replica} is null. */
  notOpenError(): StateError {
    if (this.#closing.signal.aborted) return closedError()
    return (
      this.#damage ??
      new StateError(
        'TIDEMARK_NOT_CONNECTED',
        `${this.#settings.path} has not been downloaded yet; await connect() or a sync method first`,
        { recovery: 'retry' },
      )
    )
  }

  async connect(): Promise<void> {
    await this.#run({}, async (context, signal) => {
      if (this.#damage !== null) await exclusively(context, signal, async () => undefined)
    })
  }

  async push(options: OperationOptions): Promise<PushResult> {
    return await this.#run(options, async (context, signal) => {
      const progress = new PushProgress()
      await this.#pushing(context, signal, () => push(context, progress, signal))
      return progress.result()
    })
  }

  async pull(options: PullOptions): Promise<boolean> {
    const longPollTimeoutMs = checkInteger(
      'longPollTimeoutMs',
      options.longPollTimeoutMs ?? this.#settings.longPollTimeoutMs,
      0,
    )
    return await this.#run(options, async (context, signal, isDownloaded) => {
      await this.#checkpointIfOverdue(context, signal)
      // There is something new already.
      const waitMs = isDownloaded ? 0 : longPollTimeoutMs
      const brought = await this.#checkpointingBehind(() => pull(context, waitMs, signal))
      return isDownloaded || brought
    })
  }

  async sync(options: OperationOptions): Promise<SyncResult> {
    return await this.#run(options, async (context, signal, isDownloaded) => {
      const progress = new PushProgress()
      const brought = await this.#pushing(context, signal, () =>
        sync(context, progress, signal, () => this.#checkpointIfOverdue(context, signal)),
      )
      return { push: progress.result(), pull: isDownloaded || brought }
    })
  }

  async checkpoint(): Promise<void> {
    await this.#run({}, checkpoint)
  }

  async stats(): Promise<SyncStats> {
    return await this.#reading(async (replica) => readSyncStats(replica, this.#context.counters))
  }

  async pending(filter: PendingFilter): Promise<PendingChange[]> {
    return await this.#reading(async (replica) => readPending(replica, filter))
  }

  async rejected(): Promise<RejectedChange[]> {
    return await this.#reading(async (replica) => replica.queue.rejected().map(rejectedChange))
  }

  async retryRejected(id: number, options: RetryRejectedOptions): Promise<number> {
    return await this.#run({}, async (context, signal) => await retryRejected(context, id, options, signal))
  }

  async discard(filter: DiscardFilter, options: DiscardOptions): Promise<number> {
    return await this.#run({}, async (context, signal) => await discard(context, filter, options, signal))
  }

  async reset(options: ResetOptions): Promise<void> {
    checkKeys('options', options, ['signal', 'keepPending'])
    const { keepPending = true, ...operation } = options
    checkBoolean('keepPending', keepPending)
    await this.#measured(operation, async (signal) => {
      try {
        await this.#operate(signal, async (context) => {
          await reset(context, keepPending, signal)
        })
      } catch (error) {
        if (!isBaseDamaged(error)) throw error
        await this.#turns.take(signal, () => this.#repair(keepPending, signal))
      }
    })
  }

  /** Told of each local write. */
  countWrite(): void {
    this.#localWrites?.countWrite()
  }

  /** Told of each transaction of several statements that has written. */
  countCommit(): void {
    this.#localWrites?.countCommit()
  }

  /**
   * Operations under way are given up; the files are closed when the last of them has let go, at once if there is none.
   *
   * @throws TypeError when a statement is running or being iterated; the database stays open then
   */
  close(): void {
    if (this.#closing.signal.aborted) return
    this.#replica?.closeConnection()
    this.#closing.abort(closedError())
    if (this.#running === 0) this.#closeFiles()
  }

  #closeFiles(): void {
    this.#autoCheckpoint?.stop()
    this.#replica?.close()
    this.#replica = null
    this.#file.remove()
    this.#forgetExit()
  }

  /**
   * Leaves the files as {@link close} does, as far as that goes while others may still use them before the
   * process ends.
   */
  #settle(): void {
    this.#replica?.checkpointIfPossible()
    this.#file.remove()
  }

  /** One sync operation: connects first, measures, tells of failures. */
  async #run<T>(options: OperationOptions, operation: Operation<T>): Promise<T> {
    return await this.#measured(options, (signal) => this.#operate(signal, operation))
  }

  async #operate<T>(signal: AbortSignal, operation: Operation<T>): Promise<T> {
    const isOpen = this.#replica !== null
    return await this.#whileOpen(signal, async (replica) => {
      const context = { ...this.#context, replica, turns: this.#turns }
      // A server without a single page gives no revision.
      const isDownloaded = !isOpen && replica.info.revision !== ''
      const run = (): Promise<T> => operation(context, signal, isDownloaded)
      const result = await run().catch(async (error: unknown) => {
        if (await isOtherKind(error, context, signal)) return await run()
        throw error
      })
      this.#setDamage(null)
      return result
    })
  }

  /** The file cannot be read: nothing of it is needed for this. */
  async #repair(keepPending: boolean, signal: AbortSignal): Promise<void> {
    this.#running += 1
    try {
      const options = { ...this.#replicaOptions(), keepPending }
      await repair(this.#context, this.#file.path, options, signal, async () => {
        if (this.#replica === null) this.#use(Replica.open(this.#file.path, options))
        else await this.#replica.withSyncLock(async () => undefined)
      })
      this.#setDamage(null)
    } finally {
      this.#leave()
    }
  }

  /** Statements that are prepared already must not write to what is left of a damaged file: nothing captures it. */
  #setDamage(damage: StateError | null): void {
    this.#damage = damage
    if (this.#replica === null || this.#isReadOnly === (damage !== null)) return
    try {
      this.#replica.connection.pragma(`query_only = ${damage === null ? 'OFF' : 'ON'}`)
      this.#isReadOnly = damage !== null
    } catch (error) {
      // An iterator is open, and is asked again by the next operation.
      if (!(error instanceof TypeError)) throw error
    }
  }

  async #measured<T>(options: OperationOptions, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    checkKeys('options', options, ['signal', 'longPollTimeoutMs'])
    const signal =
      options.signal === undefined ? this.#closing.signal : either(options.signal, this.#closing.signal)
    const start = performance.now()
    try {
      signal.throwIfAborted()
      return await run(signal)
    } catch (error) {
      if (isBaseDamaged(error)) this.#setDamage(error)
      const { signal: closing } = this.#closing
      const told = closing.aborted && error !== closing.reason ? closedError(error) : error
      this.events.emit('error', told)
      throw told
    } finally {
      this.#context.counters.lastSyncDurationMs = performance.now() - start
    }
  }

  async #reading<T>(run: (replica: Replica) => Promise<T>): Promise<T> {
    if (this.#damage !== null) throw this.notOpenError()
    return await this.#whileOpen(this.#closing.signal, async (replica) => {
      replica.assertQueueInPlace()
      return await run(replica)
    })
  }

  /** Connects first. The files stay open until `run` has ended. */
  async #whileOpen<T>(signal: AbortSignal, run: (replica: Replica) => Promise<T>): Promise<T> {
    this.#running += 1
    try {
      const replica = await this.#open(signal)
      signal.throwIfAborted()
      return await run(replica)
    } finally {
      this.#leave()
    }
  }

  #leave(): void {
    this.#running -= 1
    if (this.#running === 0 && this.#closing.signal.aborted) this.#closeFiles()
  }

  async #open(signal: AbortSignal): Promise<Replica> {
    await initProtocol()
    if (this.#closing.signal.aborted) throw this.notOpenError()
    if (this.#replica !== null) return this.#replica
    return await this.#download.join(signal, (given) => this.#make(given))
  }

  async #make(signal: AbortSignal): Promise<Replica> {
    const { path } = this.#file
    const url = this.#context.remote.configuredUrl()
    // A damaged file is there, and has its URL.
    if (url === null && this.#damage === null) throw pausedError()
    this.#running += 1
    try {
      await Replica.make(path, signal, async () => {
        if (url === null) throw pausedError()
        await bootstrap(this.#context, path, url, signal)
      })
      signal.throwIfAborted()
      return this.#use(Replica.open(path, this.#replicaOptions()))
    } finally {
      this.#leave()
    }
  }

  /**
   * A pull that a crash has cut off is finished when the file is opened, before anybody can listen: conflicts
   * are told right after.
   */
  #replicaOptions(): ReplicaOptions {
    const { durability, conflictResolution } = this.#settings
    const onConflict = (conflict: Conflict): void => {
      this.#context.counters.conflicts += 1
      queueMicrotask(() => {
        this.events.emit('conflict', conflict)
      })
    }
    return { durability, interruptedPull: { resolve: new Resolver(conflictResolution).resolve, onConflict } }
  }

  #use(replica: Replica): Replica {
    const { autoCheckpoint } = this.#settings
    this.#replica = replica
    this.#autoCheckpoint?.stop()
    if (autoCheckpoint !== null) {
      this.#autoCheckpoint = new AutoCheckpoint(autoCheckpoint, replica, () => this.#tryCheckpoint())
    }
    this.#localWrites = new LocalWrites(replica, this.#autoCheckpoint)
    return replica
  }

  /** Runs `operation`, which pushes: the WAL must not be longer than the server takes. */
  async #pushing<T>(context: ReplicaContext, signal: AbortSignal, operation: () => Promise<T>): Promise<T> {
    const checkpoints = this.#autoCheckpoint
    const limit = maxWalPagesOf(context)
    const isTooLong =
      checkpoints !== null && (limit === null ? checkpoints.isDue : context.replica.hasWalFrames(limit + 1))
    if (isTooLong) await this.#checkpoint(context, signal)
    return await this.#checkpointingBehind(operation)
  }

  /** Runs `operation`. A long WAL does not hold it up, and is checkpointed afterwards. */
  async #checkpointingBehind<T>(operation: () => Promise<T>): Promise<T> {
    try {
      return await operation()
    } finally {
      setImmediate(() => this.#workBehind())
    }
  }

  /** What the caller of an operation need not wait for. */
  #workBehind(): void {
    if (this.replica === null) return
    this.#autoCheckpoint?.startIfDue()
    void this.replica.keepReady()
  }

  /**
   * What keeps a WAL from growing for ever where checkpoints behind find no time, as in programs that end
   * when they have pulled.
   */
  async #checkpointIfOverdue(context: ReplicaContext, signal: AbortSignal): Promise<void> {
    if (this.#autoCheckpoint?.isOverdue === true) await this.#checkpoint(context, signal)
  }

  /**
   * In the background: it waits for nobody, with the sync lock or for it. Who closes this object and opens
   * the file again would have it in the way.
   */
  async #tryCheckpoint(): Promise<void> {
    if (this.replica === null) return
    await this.#run({}, (context, signal) => this.#checkpoint(context, signal, 0))
  }

  /** A reader or writer in the way is no reason not to sync. */
  async #checkpoint(context: ReplicaContext, signal: AbortSignal, lockTimeoutMs?: number): Promise<void> {
    const { replica, counters, events } = context
    const run = async (): Promise<void> => {
      replica.checkpoint()
    }
    try {
      await exclusively(context, signal, run, lockTimeoutMs)
    } catch (error) {
      if (!(error instanceof BusyError)) throw error
      counters.busyRetries += 1
      events.emit('busy', { operation: 'checkpoint', error, waitMs: 0 })
    }
  }
}

/** @throws OptionsError unless `signal` is one */
function either(signal: AbortSignal, closing: AbortSignal): AbortSignal {
  if (!(signal instanceof AbortSignal))
    throw new OptionsError('signal', `expected an AbortSignal, got ${describe(signal)}`)
  return AbortSignal.any([signal, closing])
}

function closedError(cause?: unknown): StateError {
  return new StateError('TIDEMARK_CLOSED', 'the database was closed', { recovery: 'bug', cause })
}
