import { randomBytes } from 'node:crypto'
import type { PushSource } from '@tidemark/engine'
import { BusyError, ProtocolError } from '@tidemark/protocol'
import type { Change, PushHeader, PushResponse } from '@tidemark/protocol'
import { CheckpointNeededError } from '../errors/checkpoint-needed-error.ts'
import { RejectedError } from '../errors/rejected-error.ts'
import { SyncConflictError } from '../errors/sync-conflict-error.ts'
import { transformChanges } from '../transform/transform-changes.ts'
import { newClientId } from './client-id.ts'
import { pullLocked } from './pull.ts'
import type { PushProgress } from './push-progress.ts'
import { remoteOf } from './remember-remote.ts'
import type { RemoteDialect } from './remote-dialect.ts'
import { exclusively, retrying } from './sync-context.ts'
import type { ReplicaContext } from './sync-context.ts'

/** A server that asks for a checkpoint again and again, or sees a fork in each identity, is not followed for ever. */
const MAX_DETOURS = 3

/**
 * Sends what is pending, in batches that each are atomic and applied once. Counts into `progress` as batches are accepted, so that
 * what was done before a failure is known.
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
  await exclusively(context, () => new Push(context, dialect, progress, signal).run())
  if (progress.batches > batchesBefore) context.events.emit('push', progress.result())
}

type Detour = Extract<PushResponse, { type: 'checkpoint-needed' | 'forked' }>

/** One push, under the sync lock. */
class Push {
  readonly #context: ReplicaContext
  readonly #dialect: RemoteDialect
  readonly #progress: PushProgress
  readonly #signal: AbortSignal
  #detours = 0

  constructor(context: ReplicaContext, dialect: RemoteDialect, progress: PushProgress, signal: AbortSignal) {
    this.#context = context
    this.#dialect = dialect
    this.#progress = progress
    this.#signal = signal
  }

  async run(): Promise<void> {
    const { replica, settings } = this.#context
    const maxOperations = settings.pushOperationsThreshold ?? undefined
    for (;;) {
      const source = await retrying(this.#context, 'push', this.#signal, () =>
        replica.beginPush(maxOperations),
      )
      if (source === null) return
      let detour: Detour | null
      try {
        detour = await this.#pushBatch(source)
      } finally {
        source.close()
      }
      if (detour !== null) await this.#takeDetour(detour)
    }
  }

  /** Null: the server has the batch. */
  async #pushBatch(source: PushSource): Promise<Detour | null> {
    const { replica, counters } = this.#context
    const header = this.#header(source, this.#attemptId())
    const batch = new CountedChanges(() => this.#changesOf(source))
    const sentBefore = counters.sentBytes
    const response = await retrying(this.#context, 'push', this.#signal, async () => {
      const answer = await this.#dialect.push({ header, changes: () => batch.read() }, this.#signal)
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
        counters.rowsPushed += batch.count
        counters.conflicts += response.overwrittenCount
        this.#progress.addBatch({
          ...response,
          operations: batch.count,
          bytes: counters.sentBytes - sentBefore,
        })
        return null
      case 'already-applied':
        if (response.lastChangeId > header.lastChangeId)
          throw wrongAcknowledgement(response.lastChangeId, header)
        this.#acknowledge(header, response.lastChangeId)
        return null
      case 'conflict':
        throw new SyncConflictError(response.rows, response.rowCount)
      case 'rejected':
        counters.rejected += 1
        this.#context.events.emit('rejected', response)
        throw new RejectedError(response)
      case 'checkpoint-needed':
      case 'forked':
        replica.updateInfo({ attemptedPushId: null })
        return response
    }
  }

  /**
   * The id of an attempt whose answer was never seen, or a new one that is on disk before anything is sent. With the same id the server
   * recognises a batch that it has, also when this attempt carries more than the one before (I3).
   */
  #attemptId(): string {
    const { replica } = this.#context
    const { attemptedPushId } = replica.info
    if (attemptedPushId !== null) return attemptedPushId
    const pushId = randomBytes(16).toString('hex')
    replica.updateInfo({ attemptedPushId: pushId })
    return pushId
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
    return settings.transform === null
      ? source.changes()
      : transformChanges(replica, source, settings.transform)
  }

  #acknowledge(header: PushHeader, lastChangeId: number): void {
    const pushId = Buffer.from(header.pushId).toString('hex')
    this.#context.replica.acknowledgePush({ lastChangeId, pushId })
  }

  async #takeDetour(detour: Detour): Promise<void> {
    const { replica, settings } = this.#context
    this.#detours += 1
    if (this.#detours > MAX_DETOURS)
      throw new ProtocolError(`the server answers ${detour.type} again and again`)
    if (detour.type === 'checkpoint-needed') {
      if (settings.autoCheckpoint === null) throw new CheckpointNeededError(detour.maxWalPages)
      await retrying(this.#context, 'checkpoint', this.#signal, () => replica.checkpoint())
      return
    }
    // Another replica has pushed under this one's name: its files were copied, or a backup was restored. From here on this is a
    // replica of its own; the pull brings what the other one pushed, and what of it is still pending here becomes a no-op.
    replica.updateInfo({ clientId: newClientId(settings.clientName), pushId: null })
    await pullLocked(this.#context, this.#dialect, null, this.#signal)
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
