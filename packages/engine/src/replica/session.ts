import { fstatSync } from 'node:fs'

import type Database from 'better-sqlite3'
import { BusyError, PAGE_SIZE, StateError } from '@tidemark/protocol'

import type { ApplyConnection } from '../apply/apply-connection.ts'
import { WalFile } from '../wal/wal-file.ts'
import { readBackfilledFrames, readWalIndexHeader } from '../wal/wal-index.ts'
import type { WalIndexHeader } from '../wal/wal-index.ts'
import { PullStage } from './changes-file.ts'
import { Connections } from './connections.ts'
import { acquireDescriptor, leadsTo, releaseDescriptor } from './descriptors.ts'
import { removeFile } from './durable-file.ts'
import type { ReplayOptions } from './finish-replay.ts'
import { parseInfo } from './info.ts'
import type { BaseState, InfoPatch, ReplicaInfo, Watermark } from './info.ts'
import { InfoFile } from './info-file.ts'
import { KnownBase } from './known-base.ts'
import type { BasePlace } from './known-base.ts'
import { stampMainFile } from './main-file.ts'
import { replicaPaths } from './paths.ts'
import type { ReplicaPaths } from './paths.ts'
import { readPulledBase, withPulledBase } from './pulled-base.ts'
import type { PulledBase } from './pulled-base.ts'
import type { Durability, SessionOptions } from './replica-options.ts'
import { describeQuietOverlay, isUntouched } from './quiet-overlay.ts'
import type { QuietOverlay } from './quiet-overlay.ts'
import { RevertFile } from './revert-file.ts'
import type { StagedPages } from './staged-pages.ts'

/**
 * How long the replay after an injection waits for the lock: until it has it, no trigger captures what others write.
 */
const REPLAY_LOCK_WAIT_MS = 60_000

/** The open files and connections of a replica, its sync state and its base: what every operation is made of. */
export class ReplicaSession {
  readonly paths: ReplicaPaths
  readonly connections: Connections
  readonly shmDescriptor: number
  readonly wal: WalFile
  readonly revert: RevertFile
  readonly base: KnownBase
  readonly durability: Durability
  readonly interruptedPull: ReplayOptions
  readonly #mainDescriptor: number
  readonly #infoFile: InfoFile
  /** The state that `-info` was found to hold, and what it was made of. */
  #checked: { readonly parsed: unknown; readonly info: ReplicaInfo } | null = null
  #info: ReplicaInfo
  /** Where the overlay was known to be quiet; described when it is first asked for. */
  #quiet: { readonly watermark: Watermark; overlay?: QuietOverlay | null } | null = null
  /** The download that was started last. */
  #stage: PullStage | null = null
  /** False: a power loss may take the frame that the watermark names. */
  #isWatermarkDurable = true

  /** Opens everything. What the base is must be said next, by {@link setBase}. @throws StateError, SqliteError */
  constructor(path: string, info: ReplicaInfo, options: SessionOptions) {
    this.paths = replicaPaths(path)
    this.#info = info
    this.#infoFile = new InfoFile(this.paths.info)
    this.durability = options.durability
    this.interruptedPull = options.interruptedPull
    this.connections = new Connections(path, options)
    const descriptors: number[] = []
    const acquire = (file: string): number => {
      const descriptor = acquireDescriptor(file)
      descriptors.push(descriptor)
      return descriptor
    }
    let wal: WalFile | null = null
    try {
      wal = WalFile.open(this.paths.wal)
      this.wal = wal
      this.#mainDescriptor = acquire(path)
      this.shmDescriptor = acquire(this.paths.sharedMemory)
    } catch (error) {
      this.connections.close()
      wal?.close()
      for (const descriptor of descriptors) releaseDescriptor(descriptor)
      throw error
    }
    this.revert = new RevertFile(this.paths.revert)
    this.base = new KnownBase({
      mainDescriptor: this.#mainDescriptor,
      shmDescriptor: this.shmDescriptor,
      wal: this.wal,
      revert: this.revert,
    })
  }

  get info(): ReplicaInfo {
    return this.#info
  }

  /** The application's connection. */
  get user(): Database.Database {
    return this.connections.user
  }

  /** The engine's connection. */
  get work(): ApplyConnection {
    return this.connections.work
  }

  /** A connection whose snapshot is the watermark. Read only. */
  get pinned(): Database.Database {
    return this.connections.pinned
  }

  /**
   * The state of the WAL. While the WAL is empty the wal-index does not know the database's size, the main file does.
   */
  readIndex(): WalIndexHeader {
    const index = this.#readHeader()
    if (index.maxFrame > 0) return index
    return { ...index, sizeInPages: Math.floor(fstatSync(this.#mainDescriptor).size / PAGE_SIZE) }
  }

  /**
   * The connections stay on the file that they have opened, while `-info` and the other files beside it are
   * found by its path: once another file is there, what one file has would be recorded beside the other.
   *
   * @throws StateError `TIDEMARK_FILE_REPLACED` where the path leads to another file by now, or to none
   */
  assertInPlace(): void {
    const { main } = this.paths
    if (leadsTo(main, this.#mainDescriptor)) return
    throw new StateError(
      'TIDEMARK_FILE_REPLACED',
      `${main} is not the file any more that was opened: it was moved, deleted, or replaced by another. Nothing is synced until the database is closed and opened again. Until then reads and writes still go to the file that was opened; backup() makes a copy of it.`,
      { recovery: 'operator' },
    )
  }

  /**
   * Runs `run` while no writer, in any process, can move.
   *
   * @throws BusyError when somebody is writing; StateError as {@link assertInPlace}
   */
  withWriteLock<T>(run: (index: WalIndexHeader) => T): T {
    return this.connections.withWriteLock(() => {
      this.assertInPlace()
      const index = this.readIndex()
      this.#noticeRestart(index)
      return run(index)
    })
  }

  /** Runs `run` in one write transaction of the engine's connection. @throws BusyError when somebody is writing */
  inWriteTransaction<T>(what: string, run: (db: Database.Database) => T): T {
    return this.connections.inWriteTransaction(what, run)
  }

  /** The same, waiting long for the lock: for the replay, which cannot be put off. */
  inReplayTransaction<T>(run: (db: Database.Database) => T): T {
    return this.connections.inWriteTransaction('replaying pending changes', run, REPLAY_LOCK_WAIT_MS)
  }

  /** Makes SQLite write a frame, so that the WAL has a header. */
  writeAnyFrame(): void {
    this.inWriteTransaction('starting the WAL', (db) => {
      const userVersion = db.pragma('user_version', { simple: true }) as number
      db.pragma(`user_version = ${userVersion}`)
    })
  }

  /** Says what the base is, without moving the pin. */
  setBase(place: BasePlace | null): void {
    this.base.set(place, this.#info.sizeInPages)
  }

  /**
   * Takes the database as it is now for the base, until a pull has made it so; {@link save} still records the
   * base as unknown. Under the write lock.
   */
  assumeBase(index: WalIndexHeader): void {
    this.connections.repin(index.maxFrame)
    this.base.assume(index)
  }

  /** The assumed base has not come true. */
  dropAssumedBase(): void {
    if (this.base.isAssumed) this.setBase(null)
  }

  /** What came after the watermark is capture's installation, and nothing is pending. */
  markQuiet(): void {
    const { watermark } = this.base
    this.#quiet = watermark === null ? null : { watermark }
  }

  /** Null: there is more in the overlay, or a pull cannot keep it. */
  quietOverlay(): QuietOverlay | null {
    const quiet = this.#quiet
    if (quiet === null || quiet.watermark !== this.base.watermark) return null
    if (this.base.isAssumed || this.#info.captureGap) return null
    quiet.overlay ??= describeQuietOverlay(this)
    return quiet.overlay
  }

  /**
   * The frames up to the watermark of `pulled` are the base, and `overlay` is what lies on it. The pin stays
   * where it is, so that nobody can move the overlay's frames behind it into the main file. The commit is on
   * disk where `-wal-revert` was in use, which goes. Under the write lock.
   */
  adoptPulledBase(pulled: PulledBase, overlay: QuietOverlay): void {
    this.note(pulled)
    this.#isWatermarkDurable = this.durability === 'full'
    this.base.moveTo(pulled)
    this.#quiet = { watermark: pulled.watermark, overlay }
    if (this.revert.size > 0) this.revert.clear()
  }

  /** Counts all frames up to the index's last to the base, and pins there. Under the write lock. */
  advanceTo({ maxFrame, salts, checksum }: Pick<WalIndexHeader, 'maxFrame' | 'salts' | 'checksum'>): void {
    this.connections.repin(maxFrame)
    this.base.extendTo({ frame: maxFrame, salts, checksum })
  }

  /**
   * Saves the base image of every overlay page to `-wal-revert` and moves the watermark to the newest commit:
   * from here on, checkpoints up to it destroy nothing. Under the write lock; {@link save} records it.
   */
  seal(index: WalIndexHeader): void {
    const overlay = this.quietOverlay()
    const isQuiet = overlay !== null && isUntouched(this, index, overlay)
    const missing = [...this.base.overlayPages(index)].filter((page) => !this.revert.has(page))
    this.revert.append(this.base.images(missing))
    // A power loss must not take the frame that the watermark names.
    if (index.maxFrame > this.base.knownWatermark().frame) this.wal.sync()
    this.advanceTo(index)
    if (isQuiet) this.#quiet = { watermark: this.base.knownWatermark(), overlay }
  }

  /** Replaces the sync state, durably; the base is recorded as it is now. */
  save(patch: Partial<Omit<ReplicaInfo, 'base' | 'format'>>): void {
    if (!this.#isWatermarkDurable) this.wal.sync()
    this.#isWatermarkDurable = true
    const info = { ...this.#info, ...patch, base: this.#baseState() }
    this.#infoFile.replace(info)
    this.#info = info
  }

  /** The same without the base, which another process may have moved since this one looked. */
  saveOnly(patch: InfoPatch): void {
    this.#infoFile.update((current) => this.#patched(current, patch))
    this.#info = { ...this.#info, ...patch }
  }

  /** The same; on disk when the promise resolves. */
  async saveOnlyAside(patch: InfoPatch): Promise<void> {
    await this.#infoFile.updateAside((current) => this.#patched(current, patch))
    this.#info = { ...this.#info, ...patch }
  }

  /**
   * Takes over a base that `tidemark_base` has, or will have with the replay: `-info` need not be saved, see
   * {@link readSyncState}.
   */
  note(pulled: PulledBase): void {
    this.#info = withPulledBase(this.#info, pulled)
  }

  /** Notes that the server had nothing new at `unixTime` (seconds); on disk with the next {@link save}. */
  noteUnchanged(unixTime: number): void {
    this.#info = { ...this.#info, lastPullUnixTime: unixTime }
  }

  /** The sync state as the files have it. */
  readInfo(): ReplicaInfo {
    return withPulledBase(this.#check(this.#infoFile.read()), readPulledBase(this.work.db))
  }

  /** Takes over a state that another process has written. */
  replaceInfo(info: ReplicaInfo): void {
    this.#info = info
  }

  /** Starts a download; the one before is not known any more. */
  stagePull(): PullStage {
    this.#stage = new PullStage(this.paths.changes)
    return this.#stage
  }

  /**
   * What was downloaded, to be closed; null: nothing, or not all of it.
   *
   * @throws ProtocolError when it was damaged on disk
   */
  openStage(): StagedPages | null {
    return this.#stage?.open() ?? null
  }

  /** What was downloaded is applied, or no use any more. */
  discardStage(): void {
    this.#stage = null
    removeFile(this.paths.changes)
  }

  /** Closes everything. Frames that SQLite's last connection checkpoints by itself must have been sealed. */
  close(): void {
    this.connections.close()
    this.wal.close()
    this.revert.close()
    releaseDescriptor(this.shmDescriptor)
    releaseDescriptor(this.#mainDescriptor)
  }

  #patched(current: unknown, patch: InfoPatch): ReplicaInfo {
    const info = { ...this.#check(current), ...patch }
    this.#checked = { parsed: info, info }
    return info
  }

  /** @throws StateError where it is no state */
  #check(parsed: unknown): ReplicaInfo {
    if (this.#checked === null || this.#checked.parsed !== parsed)
      this.#checked = { parsed, info: parseInfo(this.paths.info, parsed) }
    return this.#checked.info
  }

  #baseState(): BaseState | null {
    if (this.base.watermark === null || this.base.isAssumed) return null
    this.#noticeRestart(this.#readHeader())
    const watermark = this.base.knownWatermark()
    return {
      watermark,
      backfilled: watermark.frame === 0 || readBackfilledFrames(this.shmDescriptor) >= watermark.frame,
      mainFile: stampMainFile(this.#mainDescriptor, this.#info.base?.mainFile ?? null),
      revert: this.revert.state,
      pageOne: this.base.pageOne,
    }
  }

  /** Whoever lets the WAL start over: a sealed overlay that was quiet then is so still, in the main file. */
  #noticeRestart(index: WalIndexHeader): void {
    const { watermark } = this.base
    this.base.noticeRestart(index)
    const isSealed = this.revert.size > 0
    if (isSealed && this.#quiet !== null && this.#quiet.watermark === watermark)
      this.#quiet = { ...this.#quiet, watermark: this.base.knownWatermark() }
  }

  /** A writer that died while it published has left two headers that differ; SQLite's next read mends that. */
  #readHeader(): WalIndexHeader {
    try {
      return readWalIndexHeader(this.shmDescriptor)
    } catch (error) {
      if (!(error instanceof BusyError)) throw error
      this.work.db.prepare('SELECT 1 FROM sqlite_schema').get()
      return readWalIndexHeader(this.shmDescriptor)
    }
  }
}
