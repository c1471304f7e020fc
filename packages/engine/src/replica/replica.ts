import { existsSync } from 'node:fs'

import type Database from 'better-sqlite3'
import { PAGE_SIZE } from '@tidemark/protocol'

import { captureForeignSchema } from '../capture/foreign-schema.ts'
import { capturedCount, maxChangeId } from '../capture/read-captured.ts'
import { applyPull } from './apply-pull.ts'
import { BootstrapWriter } from './bootstrap.ts'
import type { BootstrapOptions } from './bootstrap.ts'
import { PullStage } from './changes-file.ts'
import { checkpoint } from './checkpoint.ts'
import { adoptDatabase, createReplica } from './create-replica.ts'
import { findBase } from './find-base.ts'
import type { ApplyReport, ReplayOptions } from './finish-replay.ts'
import { loadInfo } from './info.ts'
import type { InfoPatch, ReplicaInfo } from './info.ts'
import { openReplica, protectBase } from './open-replica.ts'
import { replicaPaths } from './paths.ts'
import { resumeInterruptedPull } from './recover-pull.ts'
import { openPushSource } from './push-source.ts'
import type { PushSource } from './push-source.ts'
import { BaseRebuild } from './rebuild-base.ts'
import type { Durability, ReplicaSession } from './session.ts'
import { SyncLock } from './sync-lock.ts'

export interface ReplicaOptions {
  /** Default `full`. */
  readonly durability?: Durability
  /** How long the application's statements wait for other programs' locks; default 5000. */
  readonly busyTimeoutMs?: number
  /** How long a sync operation waits for another one on the same file; default 10,000. */
  readonly syncLockTimeoutMs?: number
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
    return existsSync(path) && existsSync(replicaPaths(path).info)
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
      const session = openReplica(path, {
        durability: options.durability ?? 'full',
        busyTimeoutMs: options.busyTimeoutMs ?? DEFAULT_TIMEOUT_MS,
      })
      lock.release()
      return new Replica(path, session, lock, lockTimeoutMs)
    } catch (error) {
      lock.close()
      throw error
    }
  }

  /** Creates an empty replica that has not pulled yet, for a server that is not known or not reachable. */
  static create(path: string, options: ReplicaOptions & BootstrapOptions): Replica {
    createReplica(path, options)
    return Replica.open(path, options)
  }

  /** Makes an existing SQLite file a replica, with all of its content pending. */
  static adopt(path: string, options: ReplicaOptions & BootstrapOptions): Replica {
    adoptDatabase(path, options)
    return Replica.open(path, options)
  }

  /** Starts the download of a whole database; {@link open} it when it is finished. */
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
      this.#refresh()
      return await run()
    } finally {
      this.#lock.release()
    }
  }

  /** Changes the sync state, durably. */
  updateInfo(patch: InfoPatch): void {
    this.#session.saveOnly(patch)
  }

  /** Captures what other programs have changed in the schema. @throws BusyError */
  captureForeign(): void {
    this.#session.inWriteTransaction('looking for schema changes of other programs', captureForeignSchema)
  }

  /** The last change id that has been committed; what an open transaction of the application adds is not seen. */
  lastCommittedChangeId(): number {
    return maxChangeId(this.#session.work.db)
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

  /** Records that the server has the changes up to `lastChangeId`. */
  acknowledgePush(push: { readonly lastChangeId: number; readonly pushId: string }): void {
    this.#session.save({
      lastPushedChangeId: Math.max(this.info.lastPushedChangeId, push.lastChangeId),
      pushId: push.pushId,
      attemptedPushId: null,
      lastPushUnixTime: Math.floor(Date.now() / 1000),
    })
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

  /** Starts to find the base again, with {@link needsRebase}. */
  rebuildBase(): BaseRebuild {
    return new BaseRebuild(this.#session)
  }

  /** Moves the WAL into the main file. @throws BusyError when a reader or writer is in the way; nothing is lost */
  checkpoint(): void {
    checkpoint(this.#session)
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
    this.#session.closeUser()
    this.#isClosed = true
    try {
      this.#checkpointIfPossible()
    } finally {
      this.#session.close()
      this.#lock.close()
    }
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

  /** Takes over what another process has done to the replica since, and finishes what it left unfinished. */
  #refresh(): void {
    if (resumeInterruptedPull(this.#session) !== null) return
    const info = loadInfo(this.#session.paths.info)
    if (JSON.stringify(info) === JSON.stringify(this.info)) return
    this.#session.replaceInfo(info)
    this.#session.setBase(findBase(this.#session, info))
    protectBase(this.#session)
  }
}
