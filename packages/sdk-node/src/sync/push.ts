import { randomBytes } from 'node:crypto'
import type { PushSource } from '@tidemark/engine'
import { BusyError, ProtocolError } from '@tidemark/protocol'
import type { AppliedBatch, Change, PushHeader } from '@tidemark/protocol'
import { CheckpointNeededError } from '../errors/checkpoint-needed-error.ts'
import { RejectedError } from '../errors/rejected-error.ts'
import type { Rejection } from '../errors/rejected-error.ts'
import { SyncConflictError } from '../errors/sync-conflict-error.ts'
import { transformChanges } from '../transform/transform-changes.ts'
import { setAside } from '../queue/edit-queue.ts'
import { newClientId } from './client-id.ts'
import { overwrittenConflicts } from './overwritten-rows.ts'
import { pullLocked } from './pull.ts'
import type { PushProgress } from './push-progress.ts'
import { remoteOf } from './remember-remote.ts'
import type { PushAnswer, RemoteDialect } from './remote-dialect.ts'
import { exclusively, retrying } from './sync-context.ts'
import type { ReplicaContext } from './sync-context.ts'

/** A server that asks for a checkpoint again and again, or sees a fork in each identity, is not followed for ever. */
const MAX_DETOURS = 3
/** Others may push between the pull and the push that needs it. */
const MAX_PULLS_FIRST = 10

/**
 * Sends what is pending, in batches that each are atomic and applied once. Counts into `progress` as batches
 * are accepted, so that what was done before a failure is known.
 *
 * @throws SyncConflictError, RejectedError, CheckpointNeededError, BusyError, NetworkError, AuthError, ProtocolError
 */
export async function push(
  context: ReplicaContext,
  progress: PushProgress,
  signal: AbortSignal,
): Promise<void> {
  const dialect = await remoteOf(context, signal)
  const batchesBefore = progress.batches
  await exclusively(context, signal, () => new Push(context, dialect, progress, signal).run())
  if (progress.batches > batchesBefore) context.events.emit('push', progress.result())
}

type Detour =
  | Extract<PushAnswer, { type: 'checkpoint-needed' | 'forked' | 'rejected' | 'too-large' }>
  | { readonly type: 'pull-first' }

/** One push, under the sync lock. */
class Push {
  readonly #context: ReplicaContext
  readonly #dialect: RemoteDialect
  readonly #progress: PushProgress
  readonly #signal: AbortSignal
  #detours = 0
  #hasPulled = false
  #pullsFirst = 0
  /** End of a batch that was too large: a smaller one that ends there too is one transaction. */
  #tooLargeThrough = 0
  #maxOperations: number

  constructor(context: ReplicaContext, dialect: RemoteDialect, progress: PushProgress, signal: AbortSignal) {
    this.#context = context
    this.#dialect = dialect
    this.#progress = progress
    this.#signal = signal
    this.#maxOperations = this.#mostOperations
  }

  async run(): Promise<void> {
    const { replica } = this.#context
    // Only the pull says what of the queue went under the name of before. It may have failed, or this process ended.
    if (replica.info.previousClientId !== null) await this.#pull()
    for (;;) {
      if (replica.mustRebaseToPush) await pullLocked(this.#context, this.#dialect, null, this.#signal)
      const source = await retrying(this.#context, 'push', this.#signal, () =>
        replica.beginPush(this.#maxOperations),
      )
      if (source === null) return
      let detour: Detour | null
      try {
        // What others have put into a table that is dropped would go with it unseen.
        detour =
          replica.dropsTables && !this.#hasPulled ? { type: 'pull-first' } : await this.#pushBatch(source)
      } finally {
        source.close()
      }
      if (detour === null && !replica.hasPending()) return
      // The queue has become shorter.
      if (detour === null || detour.type === 'rejected') {
        this.#detours = 0
        this.#pullsFirst = 0
      }
      if (detour !== null) await this.#takeDetour(detour)
    }
  }

  get #mostOperations(): number {
    const { replica, settings } = this.#context
    const { pushOperationsThreshold: threshold } = settings
    // Between two batches others would see a table that is built anew without the rows that come last.
    return threshold === null || replica.dropsTables ? this.#dialect.maxOperations : threshold
  }

  /** Null: the server has the batch. */
  async #pushBatch(source: PushSource): Promise<Detour | null> {
    const { replica, counters } = this.#context
    const { pushId, onDisk } = this.#attempt(source)
    const header = this.#header(source, pushId)
    const batch = new CountedChanges(() => this.#changesOf(source))
    const sentBefore = counters.sentBytes
    const response = await retrying(this.#context, 'push', this.#signal, async () => {
      const isDivisible = header.lastChangeId !== this.#tooLargeThrough
      const answer = await this.#dialect.push(
        { header, changes: () => batch.read(), isDivisible, onDisk },
        this.#signal,
      )
      if (answer.type === 'busy') {
        throw new BusyError('the server is busy with other writers', {
          code: 'TIDEMARK_SERVER_BUSY',
          retryAfterMs: answer.retryAfterMs,
        })
      }
      return answer
    })
    switch (response.type) {
      case 'ok':
        if (response.lastChangeId !== header.lastChangeId)
          throw wrongAcknowledgement(response.lastChangeId, header)
        this.#acknowledge(header, response.lastChangeId)
        this.#maxOperations = this.#mostOperations
        counters.rowsPushed += batch.count
        this.#progress.addBatch({
          revision: response.revision,
          operations: batch.count,
          bytes: counters.sentBytes - sentBefore,
        })
        this.#tellOverwritten(response)
        return null
      case 'already-applied': {
        // More may have been sent then than is pending now: some of it was discarded since.
        if (response.lastChangeId > replica.lastCommittedChangeId())
          throw wrongAcknowledgement(response.lastChangeId, header)
        // A pull that brought the batch has told it.
        const isNews = response.lastChangeId > replica.info.lastPushedChangeId
        this.#acknowledge(header, response.lastChangeId)
        if (isNews) this.#tellOverwritten(response)
        return null
      }
      case 'conflict':
        if (response.rowCount === 0) return { type: 'pull-first' }
        throw new SyncConflictError(response.rows, response.rowCount)
      case 'rejected':
        return response
      case 'too-large':
        this.#tooLargeThrough = header.lastChangeId
        return response
      case 'checkpoint-needed':
        // The id stays: the server may have the batch from an attempt whose answer was lost, and looks at the
        // WAL first.
        return response
      case 'forked':
        replica.updateInfo({ attemptedPushId: null })
        return response
    }
  }

  /**
   * The id of an attempt whose answer was never seen, or a new one, and when it is on disk: before that
   * nothing is sent. With the same id the server recognises a batch that it has (I3).
   */
  #attempt(source: PushSource): { readonly pushId: string; readonly onDisk: Promise<unknown> } {
    const { replica } = this.#context
    const { lastChangeId } = source
    const { attemptedPushId, attemptedLastChangeId } = replica.info
    const pushId = attemptedPushId ?? randomBytes(16).toString('hex')
    const isKnown = attemptedPushId !== null && attemptedLastChangeId === lastChangeId
    const attempt = isKnown ? Promise.resolve() : replica.recordAttempt({ pushId, lastChangeId })
    const onDisk = Promise.all([source.onDisk, attempt])
    // Who sends waits for it, and is told.
    onDisk.catch(() => {})
    return { pushId, onDisk }
  }

  #header(source: PushSource, pushId: string): PushHeader {
    const { replica, settings } = this.#context
    return {
      clientId: replica.info.clientId,
      pushId: Buffer.from(pushId, 'hex'),
      previousPushId: Buffer.from(replica.info.pushId ?? '', 'hex'),
      baseRevision: replica.info.revision,
      firstChangeId: source.firstChangeId,
      lastChangeId: source.lastChangeId,
      walPages: source.walPages,
      conflictPolicy: settings.detectConflicts ? 'detect' : 'last-push-wins',
      enforceForeignKeys: source.enforceForeignKeys,
    }
  }

  #changesOf(source: PushSource): Iterable<Change> {
    const { settings, replica } = this.#context
    const { beforeImages } = this.#dialect
    return settings.transform === null
      ? source.changes(beforeImages)
      : transformChanges(replica, source, settings.transform, beforeImages)
  }

  #acknowledge(header: PushHeader, lastChangeId: number): void {
    const pushId = Buffer.from(header.pushId).toString('hex')
    this.#context.replica.acknowledgePush({ lastChangeId, pushId })
  }

  #tellOverwritten({ overwritten, overwrittenCount }: AppliedBatch): void {
    const { events, replica, counters } = this.#context
    counters.conflicts += overwrittenCount
    this.#progress.addOverwritten(overwritten, overwrittenCount)
    for (const conflict of overwrittenConflicts(replica, overwritten)) events.emit('conflict', conflict)
  }

  async #takeDetour(detour: Detour): Promise<void> {
    const { replica, settings } = this.#context
    if (detour.type === 'rejected') return await this.#takeRejection(detour)
    if (detour.type === 'pull-first') return await this.#pullFirst()
    if (detour.type === 'too-large') {
      this.#maxOperations = detour.operations
      return
    }
    this.#detours += 1
    const isLost = this.#detours > MAX_DETOURS
    if (detour.type === 'checkpoint-needed') {
      // Another program's reader may keep the WAL from getting shorter.
      if (isLost || settings.autoCheckpoint === null) throw new CheckpointNeededError(detour.maxWalPages)
      await retrying(this.#context, 'checkpoint', this.#signal, () => replica.checkpoint())
      return
    }
    if (isLost) throw new ProtocolError(`the server answers ${detour.type} again and again`)
    // Another replica has pushed under this one's name: its files were copied, or a backup was restored. From
    // here on this is a replica of its own; the pull brings what the other one pushed, and what of it is
    // still pending here becomes a no-op.
    replica.updateInfo({
      clientId: newClientId(settings.clientName),
      previousClientId: replica.info.clientId,
      pushId: null,
    })
    this.#context.events.emit('forked', { clientId: replica.info.clientId })
    await this.#pull()
  }

  async #pull(): Promise<void> {
    this.#hasPulled = true
    await pullLocked(this.#context, this.#dialect, null, this.#signal)
  }

  /** The server drops a table only for who has seen what is in it. */
  async #pullFirst(): Promise<void> {
    this.#pullsFirst += 1
    if (this.#pullsFirst <= MAX_PULLS_FIRST) return await this.#pull()
    throw new BusyError(
      'A table cannot be dropped on the server while others keep writing to the database. Nothing is lost; push again when there is less to do.',
      { code: 'TIDEMARK_SERVER_BUSY' },
    )
  }

  /** Each time some changes leave the queue, so this comes to an end. */
  async #takeRejection(rejection: Rejection): Promise<void> {
    const { settings, counters, events } = this.#context
    counters.rejected += 1
    const quarantined =
      settings.onRejected === 'quarantine'
        ? await setAside(this.#context, this.#dialect, rejection, this.#signal)
        : 0
    events.emit('rejected', { ...rejection, quarantined })
    if (quarantined === 0) throw new RejectedError(rejection)
  }
}

/** Counts the changes of the latest attempt. */
class CountedChanges {
  readonly #read: () => Iterable<Change>
  count = 0

  constructor(read: () => Iterable<Change>) {
    this.#read = read
  }

  *read(): Generator<Change, void, undefined> {
    this.count = 0
    for (const change of this.#read()) {
      this.count += 1
      yield change
    }
  }
}

function wrongAcknowledgement(lastChangeId: number, header: PushHeader): ProtocolError {
  return new ProtocolError(
    `the server acknowledges change ${lastChangeId} of a batch from ${header.firstChangeId} to ${header.lastChangeId}`,
  )
}
