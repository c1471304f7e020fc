import { existsSync } from 'node:fs'

import type Database from 'better-sqlite3'
import { frameOffset, PAGE_SIZE } from '@tidemark/protocol'

import { hasCapture } from '../capture/install.ts'
import { pullUnfinished } from '../capture/pull-unfinished.ts'
import { isOutOfOrder } from '../capture/late-triggers.ts'
import type { CapturedChange } from '../capture/captured-change.ts'
import { droppedTables } from '../capture/dropped-tables.ts'
import { reshapes } from '../sql/reshapes.ts'
import {
  capturedChanges,
  capturedCount,
  capturedSchema,
  hasCapturedAfter,
  hasCapturedThrough,
  maxChangeId,
} from '../capture/read-captured.ts'
import { makeRoom } from '../wal/wal-room.ts'
import { acknowledgedRows } from './acknowledged-rows.ts'
import type { AcknowledgedRows } from './acknowledged-rows.ts'
import { applyPull } from './apply-pull.ts'
import { BootstrapWriter } from './bootstrap.ts'
import type { BootstrapOptions } from './bootstrap.ts'
import type { PullStage } from './changes-file.ts'
import { captureForeign } from './capture-foreign.ts'
import { checkpoint } from './checkpoint.ts'
import { explainDamage } from './base-damaged.ts'
import { adoptDatabase, createReplica } from './create-replica.ts'
import { explainFileFailure } from './file-failure.ts'
import { adoptAcknowledgement } from './finish-replay.ts'
import type { ApplyReport, ReplayOptions } from './finish-replay.ts'
import type { InfoPatch, ReplicaInfo } from './info.ts'
import { isReplica, makeReplica, makeReplicaSync } from './make-replica.ts'
import { openReplica } from './open-replica.ts'
import { replicaPaths } from './paths.ts'
import { repairBase } from './repair-base.ts'
import type { WholeDownload } from './repair-base.ts'
import { openPushSource } from './push-source.ts'
import type { PushSource } from './push-source.ts'
import { BaseRebuild } from './rebuild-base.ts'
import { refresh, refreshPatiently } from './refresh.ts'
import { assertDatabase } from './sqlite-file.ts'
import { sessionOptions, syncLockTimeoutMs } from './replica-options.ts'
import type { ReplicaOptions } from './replica-options.ts'
import { ReplicaQueue } from './replica-queue.ts'
import type { ReplicaSession } from './session.ts'
import { SyncLock } from './sync-lock.ts'

export interface ReplicaStats {
  /** Size of the WAL's content. */
  readonly mainWalBytes: number
  readonly revertWalBytes: number
  /** Frames after the watermark plus pages in `-wal-revert`. */
  readonly overlayPages: number
}

const FRAME_BYTES = PAGE_SIZE + 24

/**
 * A synced SQLite file: the base (the server's pages at a revision) and the overlay (everything local since).
 * The application works on {@link connection}; everything else moves changes out of the overlay and pages
 * into the base.
 */
export class Replica {
  readonly path: string
  /** Single pending changes, and those that were set aside. */
  readonly queue: ReplicaQueue
  readonly #session: ReplicaSession
  readonly #lock: SyncLock
  readonly #lockTimeoutMs: number
  #isClosed = false

  private constructor(path: string, session: ReplicaSession, lock: SyncLock, lockTimeoutMs: number) {
    this.path = path
    this.#session = session
    this.queue = new ReplicaQueue(session)
    this.#lock = lock
    this.#lockTimeoutMs = lockTimeoutMs
  }

  /** Whether there is a database file at `path`, a replica or not. */
  static exists(path: string): boolean {
    return existsSync(path)
  }

  /** Whether the file at `path` is a replica. */
  static isReplica(path: string): boolean {
    return isReplica(path)
  }

  /**
   * Checks that what is to be downloaded over is a database.
   *
   * @throws StateError `TIDEMARK_NOT_A_DATABASE`
   */
  static assertReplaceable(path: string): void {
    assertDatabase(path)
  }

  /**
   * Opens an existing replica; finishes a pull that a crash has interrupted.
   *
   * @throws StateError when the file is not a replica or is damaged, and as {@link explainFileFailure};
   * BusyError when another process is syncing it for too long
   */
  static open(path: string, options: ReplicaOptions = {}): Replica {
    const lockTimeoutMs = syncLockTimeoutMs(options)
    const lock = new SyncLock(replicaPaths(path).lock)
    try {
      lock.acquireSync(lockTimeoutMs)
      const session = openReplica(path, sessionOptions(options))
      lock.release()
      return new Replica(path, session, lock, lockTimeoutMs)
    } catch (error) {
      lock.close()
      throw explainFileFailure(path, error)
    }
  }

  /**
   * Replaces a base that SQLite cannot read (StateError `TIDEMARK_BASE_DAMAGED`) by a whole download, with
   * what is pending on top. `reopen` opens the replica, or, where it is open, takes its sync lock once. See
   * {@link repairBase}.
   */
  static async repair<T>(
    path: string,
    options: ReplicaOptions & { readonly keepPending: boolean },
    download: WholeDownload,
    reopen: () => Promise<T>,
  ): Promise<T> {
    const { keepPending } = options
    const lockTimeoutMs = syncLockTimeoutMs(options)
    return await repairBase(
      path,
      { session: sessionOptions(options), lockTimeoutMs, keepPending },
      download,
      reopen,
    )
  }

  /** Creates an empty replica that has not pulled yet, for a server that is not known or not reachable. */
  static create(path: string, options: ReplicaOptions & BootstrapOptions): Replica {
    makeReplicaSync(path, syncLockTimeoutMs(options), () => {
      createReplica(path, options)
    })
    return Replica.open(path, options)
  }

  /** Makes an existing SQLite file a replica, with all of its content pending. */
  static adopt(path: string, options: ReplicaOptions & BootstrapOptions): Replica {
    makeReplicaSync(path, syncLockTimeoutMs(options), () => {
      adoptDatabase(path, options)
    })
    return Replica.open(path, options)
  }

  /**
   * Runs `make`, which makes a replica where there is none, alone among all processes; not at all where
   * another one was quicker. Waits as long as it takes them. Open the replica afterwards.
   */
  static async make(path: string, signal: AbortSignal, make: () => Promise<void>): Promise<void> {
    await makeReplica(path, signal, make)
  }

  /** Puts an empty replica that has not pulled yet in place, for {@link make}. */
  static createFiles(path: string, options: BootstrapOptions): void {
    createReplica(path, options)
  }

  /** Starts the download of a whole database, for {@link make}; {@link open} it when it is finished. */
  static bootstrap(path: string, options: BootstrapOptions): BootstrapWriter {
    return new BootstrapWriter(path, options)
  }

  /** The application's connection. */
  get connection(): Database.Database {
    return this.#session.user
  }

  get info(): ReplicaInfo {
    return this.#session.info
  }

  /** True when another program has checkpointed the overlay: see {@link rebuildBase}. */
  get needsRebase(): boolean {
    return this.#session.base.watermark === null
  }

  /** True when that has to come before a push: what is pending cannot be put in order without the base. */
  get mustRebaseToPush(): boolean {
    return this.needsRebase && isOutOfOrder(this.#session.work.db)
  }

  /**
   * Runs a sync operation alone, across all processes and instances on the file.
   *
   * @throws BusyError when another operation does not end in time; the signal's reason while it is waited
   * for; StateError `TIDEMARK_DATABASE_DAMAGED` where SQLite cannot read what the operation needs,
   * `TIDEMARK_FILE_REPLACED` where the file was moved or replaced since it was opened, and as
   * {@link explainFileFailure}
   */
  async withSyncLock<T>(
    run: () => Promise<T>,
    timeoutMs: number = this.#lockTimeoutMs,
    signal?: AbortSignal,
  ): Promise<T> {
    this.#session.assertInPlace()
    await this.#lock.acquire(timeoutMs, signal)
    try {
      await refreshPatiently(this.#session)
      return await run()
    } catch (error) {
      throw explainDamage(replicaPaths(this.path), explainFileFailure(this.path, error))
    } finally {
      this.#lock.release()
    }
  }

  /**
   * Changes the sync state: durably under the sync lock, or when nobody else has that. Otherwise only this
   * object knows, until the next {@link withSyncLock}: what another process writes at that moment must not be
   * overwritten by what was read before.
   *
   * @throws StateError `TIDEMARK_FILE_REPLACED`, and as {@link explainFileFailure}
   */
  updateInfo(patch: InfoPatch): void {
    if (this.#lock.isHeld) return this.#session.saveOnly(patch)
    this.#session.assertInPlace()
    if (!this.#lock.tryAcquire()) return this.#session.replaceInfo({ ...this.info, ...patch })
    try {
      this.#session.saveOnly(patch)
    } catch (error) {
      throw explainFileFailure(this.path, error)
    } finally {
      this.#lock.release()
    }
  }

  /**
   * Notes that there was nothing new at `unixTime` (seconds); on disk with the next change of the sync state.
   * So the server has what the base has: a push that is not in it went with a newer state that the server has
   * lost, and is pending again.
   */
  noteUnchanged(unixTime: number): void {
    const session = this.#session
    session.noteUnchanged(unixTime)
    const { lastPushedChangeId, previousClientId } = session.info
    if (previousClientId !== null || hasCapturedThrough(session.work.db, lastPushedChangeId))
      adoptAcknowledgement(session)
  }

  /** Captures what other programs have changed in the schema. Errors as {@link captureForeign}. */
  captureForeign(): void {
    captureForeign(this.#session)
  }

  /** The last change id that has been committed; what an open transaction of the application adds is not seen. */
  lastCommittedChangeId(): number {
    return maxChangeId(this.#session.work.db)
  }

  /** Changes by their ids, while they are captured: until the pull that brings them back. */
  capturedChanges(changeIds: readonly number[]): Map<number, CapturedChange> {
    return capturedChanges(this.#session.work.db, changeIds)
  }

  /**
   * For who reads the queue without the sync lock.
   *
   * @throws StateError `TIDEMARK_PULL_UNFINISHED` where a pull has failed half-way or is just being applied
   * by another process: the queue is in `-replay` then; `TIDEMARK_FILE_REPLACED`: what is at the path now may
   * have another's
   */
  assertQueueInPlace(): void {
    this.#session.assertInPlace()
    const { work, paths } = this.#session
    if (hasCapture(work.db) || !existsSync(paths.replay)) return
    throw pullUnfinished(paths.main)
  }

  /** Number of captured changes that the server has not acknowledged. */
  pendingCount(): number {
    return capturedCount(this.#session.user, this.info.lastPushedChangeId)
  }

  /**
   * Whether anything captured is pending. What other programs have changed in the schema may not be captured
   * yet: {@link beginPush} looks.
   */
  hasPending(): boolean {
    return hasCapturedAfter(this.#session.work.db, this.info.lastPushedChangeId)
  }

  /**
   * Whether a pending change drops a table of the base, or, where nothing has been pulled yet, drops or renames
   * anything: others may have it too. What they have done to that is seen by a pull only: it should come
   * before the push.
   */
  get dropsTables(): boolean {
    const { revision, lastPushedChangeId } = this.info
    const statements = capturedSchema(this.#session.work.db, lastPushedChangeId)
    return revision === ''
      ? statements.some(({ sql }) => reshapes(sql))
      : droppedTables(statements).length > 0
  }

  /** Opens a batch of pending changes; null where there are none. See {@link openPushSource}. @throws BusyError */
  beginPush(maxOperations: number = Number.POSITIVE_INFINITY): PushSource | null {
    this.captureForeign()
    return openPushSource(this.#session, maxOperations)
  }

  /**
   * Records that the changes up to `lastChangeId` are about to be pushed, under the sync lock. On disk when
   * the promise resolves, and nothing may be sent before: an attempt that is repeated after a power loss has
   * to have its id (I3).
   */
  async recordAttempt(push: { readonly lastChangeId: number; readonly pushId: string }): Promise<void> {
    await this.#session.saveOnlyAside({
      attemptedPushId: push.pushId,
      attemptedLastChangeId: push.lastChangeId,
    })
  }

  /**
   * Records that the server has the changes up to `lastChangeId`. On disk when this returns: a copy of the
   * files that is made from here on pushes as if it were this replica, and an attempt that a power loss
   * brought back would then look like a stranger's (I3).
   */
  acknowledgePush(push: { readonly lastChangeId: number; readonly pushId: string }): void {
    this.#session.saveOnly({
      lastPushedChangeId: Math.max(this.info.lastPushedChangeId, push.lastChangeId),
      pushId: push.pushId,
      attemptedPushId: null,
      attemptedLastChangeId: null,
      lastPushUnixTime: Math.floor(Date.now() / 1000),
    })
  }

  /** What the next pull brings of this replica's own pushes; null where that is little. */
  acknowledgedRows(): AcknowledgedRows | null {
    return acknowledgedRows(this.#session)
  }

  /** The server's bytes of a page at {@link info}'s revision (I1); null where the base has no such page. */
  baseImage(pageNumber: number): Uint8Array | null {
    const image = new Uint8Array(PAGE_SIZE)
    return this.#session.base.read(pageNumber, image) ? image : null
  }

  /** Starts a download of changed pages; finish it, then {@link applyPull}. */
  stagePull(): PullStage {
    return this.#session.stagePull()
  }

  /**
   * Applies the finished download: synchronous and atomic (I4).
   *
   * @throws BusyError when somebody is writing; nothing has changed, call again
   */
  applyPull(options: ReplayOptions): ApplyReport {
    return applyPull(this.#session, options)
  }

  /**
   * The revision of which {@link rebuildBase} needs the pages; empty: the newest. What another program has
   * written while nothing captured it can be told only from the base that it was written on, and what others
   * have done to a table that is dropped here only from the one before; a server that does not have it any
   * more leaves only what is here to compare with.
   */
  get rebuildRevision(): string {
    const needsOwn = this.info.captureGap || this.dropsTables || isOutOfOrder(this.#session.work.db)
    return needsOwn ? this.info.revision : ''
  }

  /** Starts to find the base again, with {@link needsRebase}. */
  rebuildBase(): BaseRebuild {
    return new BaseRebuild(this.#session)
  }

  /** Moves the WAL into the main file. @throws BusyError when a reader or writer is in the way; nothing is lost */
  checkpoint(): void {
    checkpoint(this.#session)
  }

  /**
   * Sees to it that local transactions find what makes them cheap: {@link makeRoom}, {@link ReadMarks}. To be
   * called now and then, at best when there have been commits. Resolves when it is done, well or not.
   */
  async keepReady(): Promise<void> {
    const { durability, connections, wal, paths } = this.#session
    try {
      this.#session.assertInPlace()
      const { maxFrame } = this.#session.readIndex()
      if (maxFrame > 0) connections.holdReadMark(maxFrame)
      await makeRoom(wal, paths.wal, maxFrame, durability)
    } catch {
      // A full disk, too many open files, or the WAL is gone: whoever needs them is told.
    }
  }

  /** Whether the WAL has `count` frames or more. */
  hasWalFrames(count: number): boolean {
    const { wal } = this.#session
    // Mostly the file is too short, which is seen in a fraction of the time.
    return wal.sizeInBytes >= frameOffset(count) && this.#session.readIndex().maxFrame >= count
  }

  stats(): ReplicaStats {
    const { maxFrame } = this.#session.readIndex()
    const after = maxFrame - Math.min(this.#session.base.watermark?.frame ?? 0, maxFrame)
    return {
      mainWalBytes: maxFrame * FRAME_BYTES,
      revertWalBytes: this.#session.revert.size * FRAME_BYTES,
      overlayPages: after + this.#session.revert.size,
    }
  }

  /**
   * Closes {@link connection}; an open transaction is rolled back.
   *
   * @throws TypeError when a statement of it is running or being iterated; nothing has changed then
   */
  closeConnection(): void {
    this.#session.user.close()
  }

  /**
   * Closes the connection, checkpoints if nobody is in the way, then closes. The replica can be opened again.
   *
   * @throws as {@link closeConnection}
   */
  close(): void {
    if (this.#isClosed) return
    // Its open transaction would be in the way of the checkpoint.
    this.closeConnection()
    this.#isClosed = true
    try {
      this.checkpointIfPossible()
    } finally {
      this.#session.close()
      this.#lock.close()
    }
  }

  /**
   * Checkpoints if nobody is in the way. To be done before SQLite closes the last connection, also at the end
   * of the process: that checkpoints all, and the base images of what was not sealed are lost.
   */
  checkpointIfPossible(): void {
    const isHeld = this.#lock.isHeld
    try {
      this.#session.assertInPlace()
      if (!isHeld) this.#lock.acquireSync(0)
      refresh(this.#session)
      checkpoint(this.#session)
    } catch {
      // Somebody else is at work on the file. What is not checkpointed stays in the WAL, or is found at the
      // next opening.
    } finally {
      if (!isHeld) this.#lock.release()
    }
  }
}
