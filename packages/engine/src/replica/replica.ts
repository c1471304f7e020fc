import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'

import type Database from 'better-sqlite3'
import { BusyError, PAGE_SIZE } from '@tidemark/protocol'

import { captureForeignSchema } from '../capture/foreign-schema.ts'
import type { CapturedChange } from '../capture/captured-change.ts'
import { capturedCount, maxChangeId, readCaptured } from '../capture/read-captured.ts'
import { dependentChanges } from '../queue/dependent-changes.ts'
import type { Reason } from '../queue/reason.ts'
import { deleteRejected, rejectedCount, rejectedEntries } from '../queue/rejected-changes.ts'
import type { RejectedEntry } from '../queue/rejected-changes.ts'
import type { Conflict, Row } from '../replay/conflict.ts'
import { acknowledgedRows } from './acknowledged-rows.ts'
import type { AcknowledgedRows } from './acknowledged-rows.ts'
import { applyPull } from './apply-pull.ts'
import { BootstrapWriter } from './bootstrap.ts'
import type { BootstrapOptions } from './bootstrap.ts'
import { PullStage } from './changes-file.ts'
import { checkpoint } from './checkpoint.ts'
import { adoptDatabase, createReplica } from './create-replica.ts'
import { editQueue } from './edit-queue.ts'
import { findBase } from './find-base.ts'
import type { ApplyReport, ReplayOptions } from './finish-replay.ts'
import type { InfoPatch, ReplicaInfo } from './info.ts'
import { isReplica, makeReplica, makeReplicaSync } from './make-replica.ts'
import { openReplica, protectBase } from './open-replica.ts'
import { replicaPaths } from './paths.ts'
import { resumeInterruptedPull } from './recover-pull.ts'
import { repairBase } from './repair-base.ts'
import type { WholeDownload } from './repair-base.ts'
import { retryRejected } from './retry-rejected.ts'
import { openPushSource } from './push-source.ts'
import type { PushSource } from './push-source.ts'
import { BaseRebuild } from './rebuild-base.ts'
import type { Durability, ReplicaSession, SessionOptions } from './session.ts'
import { SyncLock } from './sync-lock.ts'

export interface ReplicaOptions {
  /** Default `full`. */
  readonly durability?: Durability
  /** How long the application's statements wait for other programs' locks; default 5000. */
  readonly busyTimeoutMs?: number
  /** How long a sync operation waits for another one on the same file; default 10,000. */
  readonly syncLockTimeoutMs?: number
  /** Decides the conflicts of a pull that a crash has interrupted, here or in another process, and is told of them. Default: local changes win, untold. */
  readonly interruptedPull?: ReplayOptions
}

export interface ReplicaStats {
  /** Size of the WAL's content. */
  readonly mainWalBytes: number
  readonly revertWalBytes: number
  /** Frames after the watermark plus pages in `-wal-revert`. */
  readonly overlayPages: number
}

const DEFAULT_TIMEOUT_MS = 5000
const DEFAULT_LOCK_TIMEOUT_MS = 10_000
const FRAME_BYTES = PAGE_SIZE + 24
const REFRESH_TIMEOUT_MS = 1000
const REFRESH_RETRY_MS = 10

/**
 * A synced SQLite file: the base (the server's pages at a revision) and the overlay (everything local since). The application works on
 * {@link connection}; everything else moves changes out of the overlay and pages into the base.
 */
export class Replica {
  readonly path: string
  readonly #session: ReplicaSession
  readonly #lock: SyncLock
  readonly #lockTimeoutMs: number
  #isClosed = false

  private constructor(path: string, session: ReplicaSession, lock: SyncLock, lockTimeoutMs: number) {
    this.path = path
    this.#session = session
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
   * Opens an existing replica; finishes a pull that a crash has interrupted.
   *
   * @throws StateError when the file is not a replica or is damaged, BusyError when another process is syncing it for too long
   */
  static open(path: string, options: ReplicaOptions = {}): Replica {
    const lockTimeoutMs = options.syncLockTimeoutMs ?? DEFAULT_LOCK_TIMEOUT_MS
    const lock = new SyncLock(replicaPaths(path).lock)
    try {
      lock.acquireSync(lockTimeoutMs)
      const session = openReplica(path, sessionOptions(options))
      lock.release()
      return new Replica(path, session, lock, lockTimeoutMs)
    } catch (error) {
      lock.close()
      throw error
    }
  }

  /**
   * Replaces a base that SQLite cannot read (StateError `TIDEMARK_BASE_DAMAGED`) by a whole download, with what is pending on top. `reopen` opens the replica, or,
   * where it is open, takes its sync lock once. See {@link repairBase}.
   */
  static async repair<T>(
    path: string,
    options: ReplicaOptions & { readonly keepPending: boolean },
    download: WholeDownload,
    reopen: () => Promise<T>,
  ): Promise<T> {
    const { keepPending, syncLockTimeoutMs = DEFAULT_LOCK_TIMEOUT_MS } = options
    const session = sessionOptions(options)
    return await repairBase(path, { session, syncLockTimeoutMs, keepPending }, download, reopen)
  }

  /** Creates an empty replica that has not pulled yet, for a server that is not known or not reachable. */
  static create(path: string, options: ReplicaOptions & BootstrapOptions): Replica {
    makeReplicaSync(path, options.syncLockTimeoutMs ?? DEFAULT_LOCK_TIMEOUT_MS, () => {
      createReplica(path, options)
    })
    return Replica.open(path, options)
  }

  /** Makes an existing SQLite file a replica, with all of its content pending. */
  static adopt(path: string, options: ReplicaOptions & BootstrapOptions): Replica {
    makeReplicaSync(path, options.syncLockTimeoutMs ?? DEFAULT_LOCK_TIMEOUT_MS, () => {
      adoptDatabase(path, options)
    })
    return Replica.open(path, options)
  }

  /**
   * Runs `make`, which makes a replica where there is none, alone among all processes; not at all where another one was quicker. Waits as long as it takes
   * them. Open the replica afterwards.
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
    return this.#session.watermark === null
  }

  /**
   * Runs a sync operation alone, across all processes and instances on the file.
   *
   * @throws BusyError when another operation does not end in time
   */
  async withSyncLock<T>(run: () => Promise<T>): Promise<T> {
    await this.#lock.acquire(this.#lockTimeoutMs)
    try {
      await this.#refreshPatiently()
      return await run()
    } finally {
      this.#lock.release()
    }
  }

  /**
   * Changes the sync state: durably under the sync lock, or when nobody else has that. Otherwise only this object knows, until the next
   * {@link withSyncLock}: what another process writes at that moment must not be overwritten by what was read before.
   */
  updateInfo(patch: InfoPatch): void {
    if (this.#lock.isHeld) return this.#session.saveOnly(patch)
    if (!this.#lock.tryAcquire()) return this.#session.replaceInfo({ ...this.info, ...patch })
    try {
      this.#session.saveOnly(patch)
    } finally {
      this.#lock.release()
    }
  }

  /** Notes that there was nothing new at `unixTime` (seconds); on disk with the next change of the sync state. */
  noteUnchanged(unixTime: number): void {
    this.#session.noteUnchanged(unixTime)
  }

  /** Captures what other programs have changed in the schema. @throws BusyError */
  captureForeign(): void {
    this.#session.inWriteTransaction('looking for schema changes of other programs', captureForeignSchema)
  }

  /** The last change id that has been committed; what an open transaction of the application adds is not seen. */
  lastCommittedChangeId(): number {
    return maxChangeId(this.#session.work.db)
  }

  /** A change by its id, while it is captured: until the pull that brings it back. */
  capturedChange(changeId: number): CapturedChange | null {
    const [change] = readCaptured(this.#session.work.db, changeId - 1, changeId)
    return change ?? null
  }

  /** Number of captured changes that the server has not acknowledged. */
  pendingCount(): number {
    return capturedCount(this.#session.user, this.info.lastPushedChangeId)
  }

  /** Opens a batch of pending changes; null where there are none. See {@link openPushSource}. @throws BusyError */
  beginPush(maxOperations: number = Number.POSITIVE_INFINITY): PushSource | null {
    this.captureForeign()
    return openPushSource(this.#session, maxOperations)
  }

  /**
   * Records that the server has the changes up to `lastChangeId`. On disk when this returns: a copy of the files that is made from here on pushes as if
   * it were this replica, and an attempt that a power loss brought back would then look like a stranger's (I3).
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
    return this.#session.readBase(pageNumber, image) ? image : null
  }

  /** Starts a download of changed pages; finish it, then {@link applyPull}. */
  stagePull(): PullStage {
    return new PullStage(this.#session.paths.changes)
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
   * The revision of which {@link rebuildBase} needs the pages; empty: the newest. What another program has written while nothing captured it can be told
   * only from the base that it was written on; a server that does not have it any more leaves no way to tell.
   */
  get rebuildRevision(): string {
    return this.info.captureGap ? this.info.revision : ''
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
   * Takes a change that the server refuses out of the queue, to `tidemark_rejected`, with all of its transaction and the later transactions that
   * touch the same rows (docs/adr/0010). What they did is taken out of the tables. Returns how many changes that are; 0: the change is not pending.
   *
   * @throws BusyError when somebody is writing; StateError `TIDEMARK_BASE_LOST`: pull first
   */
  setAside(rejection: Reason & { readonly changeId: number }, options: ReplayOptions): number {
    return editQueue(
      this.#session,
      {
        select: (db) => this.#dependents(db, new Set([rejection.changeId]), true),
        rejection: { ...rejection, timeMs: Date.now() },
      },
      options,
    )
  }

  /**
   * Drops pending changes, and later ones of the same rows. The rows are then as the server has them, but for earlier pending changes. Returns how many
   * changes that were. Errors as {@link setAside}.
   */
  discard(changeIds: ReadonlySet<number>, options: ReplayOptions): number {
    return editQueue(
      this.#session,
      { select: (db) => this.#dependents(db, changeIds, false), rejection: null },
      options,
    )
  }

  /** What was set aside, oldest first. */
  rejected(): RejectedEntry[] {
    return rejectedEntries(this.#session.user)
  }

  /** How many entries {@link rejected} has. */
  rejectedCount(): number {
    return rejectedCount(this.#session.user)
  }

  /** Puts what was set aside back: see {@link retryRejected}. Returns how many changes are pending again. */
  retryRejected(
    id: number,
    options: { readonly row: Row | null; readonly onConflict: (conflict: Conflict) => void },
  ): number {
    return retryRejected(this.#session, id, options)
  }

  /** Drops what was set aside. Returns how many changes that were. @throws BusyError */
  discardRejected(id: number): number {
    return this.#session.inWriteTransaction('dropping rejected changes', (db) => deleteRejected(db, id))
  }

  stats(): ReplicaStats {
    const { maxFrame } = this.#session.readIndex()
    const after = maxFrame - Math.min(this.#session.watermark?.frame ?? 0, maxFrame)
    return {
      mainWalBytes: maxFrame * FRAME_BYTES,
      revertWalBytes: this.#session.revert.size * FRAME_BYTES,
      overlayPages: after + this.#session.revert.size,
    }
  }

  /**
   * Rolls an open transaction back, checkpoints if nobody is in the way, then closes. The replica can be opened again.
   *
   * @throws TypeError when a statement of {@link connection} is being iterated; nothing has changed then
   */
  close(): void {
    if (this.#isClosed) return
    // Its open transaction would be in the way of the checkpoint. The last connection's close checkpoints all, sealed or not.
    this.#session.user.close()
    this.#isClosed = true
    try {
      this.#checkpointIfPossible()
    } finally {
      this.#session.close()
      this.#lock.close()
    }
  }

  #dependents(
    db: Database.Database,
    seeds: ReadonlySet<number>,
    wholeTransactions: boolean,
  ): ReadonlySet<number> {
    return dependentChanges(db, { afterId: this.info.lastPushedChangeId, seeds, wholeTransactions })
  }

  #checkpointIfPossible(): void {
    try {
      this.#lock.acquireSync(0)
      this.#refresh()
      checkpoint(this.#session)
    } catch {
      // Somebody else is at work on the file. What is not checkpointed stays in the WAL, or is found at the next opening.
    }
  }

  /** A program that writes just now is waited for, but not long: it may be this one. */
  async #refreshPatiently(): Promise<void> {
    const deadline = performance.now() + REFRESH_TIMEOUT_MS
    for (;;) {
      try {
        return this.#refresh()
      } catch (error) {
        if (!(error instanceof BusyError) || performance.now() >= deadline) throw error
        await sleep(REFRESH_RETRY_MS)
      }
    }
  }

  /** Takes over what another process has done to the replica since, and finishes what it left unfinished. */
  #refresh(): void {
    if (resumeInterruptedPull(this.#session) !== null) return
    const info = this.#session.readInfo()
    if (isDeepStrictEqual({ ...info, lastPullUnixTime: null }, { ...this.info, lastPullUnixTime: null }))
      return
    this.#session.replaceInfo(info)
    this.#session.setBase(findBase(this.#session, info))
    protectBase(this.#session)
  }
}

function sessionOptions(options: ReplicaOptions): SessionOptions {
  return {
    durability: options.durability ?? 'full',
    busyTimeoutMs: options.busyTimeoutMs ?? DEFAULT_TIMEOUT_MS,
    ...(options.interruptedPull === undefined ? {} : { interruptedPull: options.interruptedPull }),
  }
}
