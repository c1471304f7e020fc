import { fstatSync, statSync } from 'node:fs'

import Database from 'better-sqlite3'
import { BusyError, PAGE_SIZE, StateError } from '@tidemark/protocol'

import { ApplyConnection } from '../apply/apply-connection.ts'
import type { PageImage } from '../wal/inject.ts'
import { WalFile } from '../wal/wal-file.ts'
import { readBackfilledFrames, readWalIndexHeader } from '../wal/wal-index.ts'
import type { WalIndexHeader } from '../wal/wal-index.ts'
import { BaseReader, LOCK_BYTE_PAGE } from './base.ts'
import { readPageOne, writePageOne } from './changes-file.ts'
import { acquireDescriptor, releaseDescriptor } from './descriptors.ts'
import { parseInfo } from './info.ts'
import { InfoFile } from './info-file.ts'
import type { BaseState, InfoPatch, PageOnePatch, ReplicaInfo, Watermark } from './info.ts'
import { enterWalMode } from './enter-wal-mode.ts'
import type { ReplayOptions } from './finish-replay.ts'
import { readPulledBase, withPulledBase } from './pulled-base.ts'
import type { PulledBase } from './pulled-base.ts'
import { replicaPaths } from './paths.ts'
import type { ReplicaPaths } from './paths.ts'
import { describeQuietOverlay } from './quiet-overlay.ts'
import type { QuietOverlay } from './quiet-overlay.ts'
import { RevertFile } from './revert-file.ts'
import { withBusyErrors } from './sqlite-errors.ts'

/** `full`: a commit is on disk when it returns. `normal`: a power loss may take the last commits. */
export type Durability = 'full' | 'normal'

export interface SessionOptions {
  readonly durability: Durability
  /** How long the application's connection waits for other programs' locks. */
  readonly busyTimeoutMs: number
  /** How conflicts are resolved in a pull that was interrupted and is finished here. Default: local changes win, untold. */
  readonly interruptedPull?: ReplayOptions
}

/** How long a lock that another program has is waited for, blocking: in the gaps of one that writes all the time it is had only by asking often. */
const LOCK_WAIT_MS = 20
/** The same for the replay after an injection: until it has the lock, no trigger captures what others write. */
const REPLAY_LOCK_WAIT_MS = 60_000
/** SQLite's own waits grow to 100 ms, in which such a program has the lock again and again. */
const LOCK_PAUSE_MS = 0.05

/**
 * The open files and connections of a replica, and the primitives that every operation is made of. Four connections:
 *
 * - `user`: the application's
 * - `#lock`: takes SQLite's write lock and is used for nothing else. It never rolls back: after an injection that would make it
 *   believe that its page cache is current
 * - `#pin`: holds a read transaction at the watermark, so that no checkpoint, whoever asks, passes it
 * - `work`: the engine's own reads and writes
 *
 * A push reads on one more, which is opened with the first.
 */
export class ReplicaSession {
  readonly paths: ReplicaPaths
  readonly user: Database.Database
  readonly work: ApplyConnection
  readonly shmDescriptor: number
  readonly wal: WalFile
  readonly revert: RevertFile
  readonly durability: Durability
  readonly interruptedPull: ReplayOptions
  /** Prepared, because the application's connection may be busy with an iterator. */
  readonly #foreignKeys: Database.Statement<[], number>
  readonly #lock: Database.Database
  readonly #pin: Database.Database
  /** Kept for the next push: to open one takes longer than to read a small batch. */
  #idleReader: Database.Database | null = null
  #isClosed = false
  readonly #mainDescriptor: number
  readonly #base: BaseReader
  readonly #infoFile: InfoFile
  #info: ReplicaInfo
  #watermark: Watermark | null = null
  #pageOne: PageOnePatch | null = null
  #baseSizeInPages: number
  #isAssumed = false
  /** Where the overlay was known to be quiet; described when it is first asked for. */
  #quiet: { readonly watermark: Watermark; overlay?: QuietOverlay | null } | null = null
  /** False: a power loss may take the frame that the watermark names. */
  #isWatermarkDurable = true

  /** Opens everything. What the base is must be said next, by {@link setBase}. @throws StateError, SqliteError */
  constructor(path: string, info: ReplicaInfo, options: SessionOptions) {
    this.paths = replicaPaths(path)
    this.#info = info
    this.#infoFile = new InfoFile(this.paths.info)
    this.#baseSizeInPages = info.sizeInPages
    this.durability = options.durability
    this.interruptedPull = options.interruptedPull ?? { resolve: () => 'keep-local', onConflict: () => {} }
    this.#mainDescriptor = acquireDescriptor(path)
    const opened: Database.Database[] = []
    let wal: WalFile | null = null
    const connect = (timeout: number): Database.Database => {
      const connection = new Database(path, { timeout })
      opened.push(connection)
      enterWalMode(connection)
      connection.pragma('wal_autocheckpoint = 0')
      connection.pragma(`synchronous = ${options.durability}`)
      return connection
    }
    try {
      this.user = connect(options.busyTimeoutMs)
      this.#foreignKeys = this.user.prepare<[], number>('PRAGMA foreign_keys').pluck()
      this.#lock = connect(0)
      this.#pin = connect(options.busyTimeoutMs)
      // Waits by itself, see #begin.
      this.work = new ApplyConnection(connect(0))
      this.#beginPin()
      wal = WalFile.open(this.paths.wal)
      this.wal = wal
      this.shmDescriptor = acquireDescriptor(this.paths.sharedMemory)
    } catch (error) {
      for (const connection of opened) connection.close()
      wal?.close()
      releaseDescriptor(this.#mainDescriptor)
      throw error
    }
    this.revert = new RevertFile(this.paths.revert)
    this.#base = new BaseReader({
      mainDescriptor: this.#mainDescriptor,
      shmDescriptor: this.shmDescriptor,
      wal: this.wal,
      revert: this.revert,
    })
  }

  get info(): ReplicaInfo {
    return this.#info
  }

  /** Null: the base is not known, and must be fetched again. */
  get watermark(): Watermark | null {
    return this.#watermark
  }

  /** A connection whose snapshot is the watermark. Read only. */
  get pinned(): Database.Database {
    return this.#pin
  }

  /** Whether the application asks SQLite for it, by `PRAGMA foreign_keys`. */
  get enforcesForeignKeys(): boolean {
    return this.#foreignKeys.get() === 1
  }

  /** A connection for a snapshot that outlives a step of the event loop; to be given back. */
  takeReader(): Database.Database {
    const reader = this.#idleReader ?? new Database(this.paths.main, { timeout: 0 })
    this.#idleReader = null
    return reader
  }

  /** Ends the snapshot. Calling it again does nothing. */
  giveBackReader(reader: Database.Database): void {
    if (reader === this.#idleReader) return
    if (this.#isClosed || this.#idleReader !== null) reader.close()
    else {
      if (reader.inTransaction) reader.exec('COMMIT')
      this.#idleReader = reader
    }
  }

  /** The state of the WAL. While the WAL is empty the wal-index does not know the database's size, the main file does. */
  readIndex(): WalIndexHeader {
    const index = this.#readHeader()
    if (index.maxFrame > 0) return index
    return { ...index, sizeInPages: Math.floor(fstatSync(this.#mainDescriptor).size / PAGE_SIZE) }
  }

  /**
   * Runs `run` while no writer, in any process, can move.
   *
   * @throws BusyError when somebody is writing
   */
  withWriteLock<T>(run: (index: WalIndexHeader) => T): T {
    this.#begin(this.#lock, 'taking the write lock', this.#lockWaitMs)
    try {
      const index = this.readIndex()
      this.#noticeRestart(index)
      return run(index)
    } finally {
      this.#lock.exec('COMMIT')
    }
  }

  /** Runs `run` in one write transaction of the engine's connection. @throws BusyError when somebody is writing */
  inWriteTransaction<T>(
    what: string,
    run: (db: Database.Database) => T,
    waitMs: number = this.#lockWaitMs,
  ): T {
    const { db } = this.work
    this.#begin(db, what, waitMs)
    try {
      const result = run(db)
      withBusyErrors(what, () => db.exec('COMMIT'))
      return result
    } finally {
      if (db.inTransaction) db.exec('ROLLBACK')
    }
  }

  /** The same, waiting long for the lock: for the replay, which cannot be put off. */
  inReplayTransaction<T>(run: (db: Database.Database) => T): T {
    return this.inWriteTransaction('replaying pending changes', run, REPLAY_LOCK_WAIT_MS)
  }

  /** Runs `run` with the engine's connections waiting for other programs' locks. Only while the application does not have the file open yet. */
  patiently<T>(timeoutMs: number, run: () => T): T {
    const setTimeouts = (ms: number): void => {
      for (const connection of [this.#lock, this.work.db]) connection.pragma(`busy_timeout = ${ms}`)
    }
    setTimeouts(timeoutMs)
    try {
      return run()
    } finally {
      setTimeouts(0)
    }
  }

  /** Makes SQLite write a frame, so that the WAL has a header. */
  writeAnyFrame(): void {
    this.inWriteTransaction('starting the WAL', (db) => {
      const userVersion = db.pragma('user_version', { simple: true }) as number
      db.pragma(`user_version = ${userVersion}`)
    })
  }

  /** Says what the base is, without moving the pin. */
  setBase(base: { readonly watermark: Watermark; readonly pageOne: PageOnePatch | null } | null): void {
    this.#watermark = base?.watermark ?? null
    this.#pageOne = base?.pageOne ?? null
    this.#baseSizeInPages = this.#info.sizeInPages
    this.#isAssumed = false
    this.#base.restart()
    if (base !== null) this.#base.extendTo(base.watermark.frame, base.watermark.salts)
  }

  /**
   * Takes the database as it is now for the base, until a pull has made it so; {@link save} still records the base as unknown. Under the write lock.
   */
  assumeBase(index: WalIndexHeader): void {
    this.revert.clear()
    this.setBase({ watermark: { frame: 0, salts: index.salts, checksum: [0, 0] }, pageOne: null })
    this.advanceTo(index)
    this.#baseSizeInPages = index.sizeInPages
    this.#isAssumed = true
    // A pull patches page 1 even where it is the server's already.
    const pageOne = new Uint8Array(PAGE_SIZE)
    if (this.readBase(1, pageOne)) this.#pageOne = readPageOne(pageOne)
  }

  /** The assumed base has not come true. */
  dropAssumedBase(): void {
    if (this.#isAssumed) this.setBase(null)
  }

  /** The pages up to `watermark` are the server's at a new revision, and replace the base. */
  adoptBase(base: { readonly sizeInPages: number; readonly pageOne: PageOnePatch | null }): void {
    this.revert.clear()
    this.#pageOne = base.pageOne
    this.#baseSizeInPages = base.sizeInPages
    this.#isAssumed = false
  }

  /** What came after the watermark is capture's installation, and nothing is pending. */
  markQuiet(): void {
    this.#quiet = this.#watermark === null ? null : { watermark: this.#watermark }
  }

  /** Null: there is more in the overlay, or a pull cannot keep it. */
  quietOverlay(): QuietOverlay | null {
    const quiet = this.#quiet
    if (quiet === null || quiet.watermark !== this.#watermark) return null
    if (this.#isAssumed || this.#info.captureGap || this.revert.size > 0) return null
    quiet.overlay ??= describeQuietOverlay(this)
    return quiet.overlay
  }

  /**
   * The frames up to the watermark of `pulled` are the base. The pin stays where it is, so that nobody can move the overlay's frames behind it into the
   * main file. Under the write lock.
   */
  adoptPulledBase(pulled: PulledBase): void {
    this.note(pulled)
    this.#watermark = pulled.watermark
    this.#isWatermarkDurable = this.durability === 'full'
    this.#base.extendTo(pulled.watermark.frame, pulled.watermark.salts)
    this.#pageOne = pulled.pageOne
    if (this.#quiet !== null) this.#quiet = { ...this.#quiet, watermark: pulled.watermark }
  }

  /** Counts all frames up to the index's last to the base, and pins there. Under the write lock. */
  advanceTo(index: Pick<WalIndexHeader, 'maxFrame' | 'salts' | 'checksum'>): void {
    this.repin()
    this.#watermark = { frame: index.maxFrame, salts: index.salts, checksum: index.checksum }
    this.#base.extendTo(index.maxFrame, index.salts)
  }

  get baseSizeInPages(): number {
    return this.#baseSizeInPages
  }

  get pageOne(): PageOnePatch | null {
    return this.#pageOne
  }

  /** Moves the pin to the newest commit. Only under the write lock is it known which that is. */
  repin(): void {
    if (this.#pin.inTransaction) this.#pin.exec('COMMIT')
    this.#beginPin()
  }

  /**
   * The pages whose current image may differ from the base's and whose base image exists: frames after the watermark, `-wal-revert`, and
   * pages that the local database was at some time too small to have. Under the write lock.
   */
  overlayPages(index: WalIndexHeader): Set<number> {
    const size = this.#baseSizeInPages
    const pages = new Set<number>(this.revert.pageNumbers)
    let smallest = index.sizeInPages
    for (const frame of this.wal.readFrames(this.#knownWatermark().frame + 1, index.maxFrame)) {
      if (frame.pageNumber <= size) pages.add(frame.pageNumber)
      if (frame.commitSizeInPages > 0) smallest = Math.min(smallest, frame.commitSizeInPages)
    }
    for (let page = smallest + 1; page <= size; page++) pages.add(page)
    pages.delete(LOCK_BYTE_PAGE)
    return pages
  }

  /**
   * Saves the base image of every overlay page to `-wal-revert` and moves the watermark to the newest commit: from here on, checkpoints
   * up to it destroy nothing. Under the write lock; {@link save} records it.
   */
  seal(index: WalIndexHeader): void {
    const missing = [...this.overlayPages(index)].filter((page) => !this.revert.has(page))
    this.revert.append(this.baseImages(missing))
    // A power loss must not take the frame that the watermark names.
    if (index.maxFrame > this.#knownWatermark().frame) this.wal.sync()
    this.advanceTo(index)
  }

  /** Base images of pages, in the given order; the image is reused from step to step. @throws StateError when one is not there */
  *baseImages(pageNumbers: Iterable<number>): Generator<PageImage> {
    const image = new Uint8Array(PAGE_SIZE)
    for (const pageNumber of pageNumbers) {
      if (!this.readBase(pageNumber, image)) {
        throw new StateError('TIDEMARK_BASE_LOST', `The base image of page ${pageNumber} cannot be read`, {
          recovery: 'pull',
        })
      }
      yield { pageNumber, image }
    }
  }

  /** Reads the server's image of a page at the replica's revision into `target` (I1). False: not in the base. */
  readBase(pageNumber: number, target: Uint8Array): boolean {
    if (this.#watermark === null || pageNumber > this.#baseSizeInPages) return false
    if (!this.#base.read(pageNumber, target)) return false
    if (pageNumber === 1 && this.#pageOne !== null) writePageOne(target, this.#pageOne)
    return true
  }

  /** Reads a page of an assumed base. False: the database is smaller, though its files may have more from before it shrank. */
  readPinned(pageNumber: number, target: Uint8Array): boolean {
    return pageNumber <= this.#baseSizeInPages && this.#base.readBelowRevert(pageNumber, target)
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
    this.#update(patch)
    this.#info = { ...this.#info, ...patch }
  }

  /** Takes over a base that `tidemark_base` has, or will have with the replay: `-info` need not be saved, see {@link readSyncState}. */
  note(pulled: PulledBase): void {
    this.#info = withPulledBase(this.#info, pulled)
  }

  /** Notes that the server had nothing new at `unixTime` (seconds); on disk with the next {@link save}. */
  noteUnchanged(unixTime: number): void {
    this.#info = { ...this.#info, lastPullUnixTime: unixTime }
  }

  /** The sync state as the files have it. */
  readInfo(): ReplicaInfo {
    const info = parseInfo(this.paths.info, this.#infoFile.read())
    return withPulledBase(info, readPulledBase(this.work.db))
  }

  /** Takes over a state that another process has written. */
  replaceInfo(info: ReplicaInfo): void {
    this.#info = info
  }

  /** Closes everything. Frames that SQLite's last connection checkpoints by itself must have been sealed. */
  close(): void {
    this.#isClosed = true
    this.#idleReader?.close()
    this.user.close()
    this.work.db.close()
    this.#pin.close()
    this.#lock.close()
    this.wal.close()
    this.revert.close()
    releaseDescriptor(this.shmDescriptor)
    releaseDescriptor(this.#mainDescriptor)
  }

  /** The application's own transaction is not waited for: it cannot end before we return. */
  get #lockWaitMs(): number {
    return this.user.open && this.user.inTransaction ? 0 : LOCK_WAIT_MS
  }

  /** Takes SQLite's write lock. @throws BusyError when it is not to be had in `waitMs` */
  #begin(connection: Database.Database, what: string, waitMs: number): void {
    const deadline = performance.now() + waitMs
    const pause = new Int32Array(new SharedArrayBuffer(4))
    for (;;) {
      try {
        withBusyErrors(what, () => connection.exec('BEGIN IMMEDIATE'))
        return
      } catch (error) {
        if (!(error instanceof BusyError) || performance.now() >= deadline) throw error
        Atomics.wait(pause, 0, 0, LOCK_PAUSE_MS)
      }
    }
  }

  #update(patch: InfoPatch): void {
    const { info } = this.paths
    this.#infoFile.update((current) => ({ ...parseInfo(info, current), ...patch }))
  }

  #baseState(): BaseState | null {
    if (this.#watermark === null || this.#isAssumed) return null
    this.#noticeRestart(this.#readHeader())
    const status = statSync(this.paths.main, { bigint: true })
    return {
      watermark: this.#watermark,
      backfilled:
        this.#watermark.frame === 0 || readBackfilledFrames(this.shmDescriptor) >= this.#watermark.frame,
      mainFile: { size: Number(status.size), mtimeNs: String(status.mtimeNs) },
      revert: this.revert.state,
      pageOne: this.#pageOne,
    }
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

  #knownWatermark(): Watermark {
    if (this.#watermark === null) {
      throw new StateError(
        'TIDEMARK_BASE_LOST',
        'The base of this replica is not known; it must be fetched again',
        { recovery: 'pull' },
      )
    }
    return this.#watermark
  }

  /**
   * SQLite starts the WAL over only when the main file has all frames and no reader needs them, and while pinned at the watermark that
   * means that none lay after it: the base is then the main file under `-wal-revert`.
   */
  #noticeRestart(index: WalIndexHeader): void {
    const { salts } = this.#watermark ?? index
    if (salts[0] === index.salts[0] && salts[1] === index.salts[1]) return
    this.#watermark = { frame: 0, salts: index.salts, checksum: [0, 0] }
    this.#base.restart()
  }

  #beginPin(): void {
    this.#pin.exec('BEGIN')
    // Begins the read transaction, and works whatever the schema is: an injection has to end properly before anybody looks at what came in.
    this.#pin.prepare('PRAGMA schema_version').get()
  }
}
