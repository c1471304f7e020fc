import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { BusyError, PAGE_SIZE } from '@tidemark/protocol'
import type { StateError } from '@tidemark/protocol'
import type { Epochs } from './epochs.ts'
import { historyDamaged } from './history-error.ts'
import type { RecordKind, WalPosition } from './history-format.ts'
import { HistoryState, loadHistory } from './load-history.ts'
import type { LoadedHistory } from './load-history.ts'
import type { ImageLocation, PageIndex } from './page-index.ts'
import { appendRecord } from './record.ts'
import { planRetention } from './retention.ts'
import type { Retention } from './retention.ts'
import type { Epoch } from './revision.ts'
import { SegmentedLog } from './segmented-log.ts'

/** The database's main file as the last checkpoint left it. */
export interface MainFile {
  /** Fills `target` with the images of as many pages; zeros beyond the end of the file. */
  readPages(firstPage: number, target: Uint8Array): void
}

export interface HistoryOptions {
  readonly directory: string
  readonly databaseId: string
  readonly mainFile: MainFile
  readonly segmentBytes: number
  /** Names the commits of this process; 16 hexadecimal digits. Random unless given. */
  readonly epoch?: Epoch
  readonly now?: () => number
}

export interface Commit {
  readonly sizeInPages: number
  /** Pages changed, in ascending order. */
  readonly pages: Uint32Array
  /** Their images, in that order; each is read before the next is asked for. */
  readonly images: Iterable<Uint8Array>
  /** Where the commit ends in the WAL. */
  readonly wal: WalPosition
}

const NO_PAGES = new Uint32Array(0)

/**
 * The commits of one database: which pages each changed and to what, for as long as retention says. Any
 * retained revision can be read, page by page, while others are appended.
 *
 * A page's image at a revision is that of the newest retained commit at or before it that changed the page;
 * else the base image that the log saved; else what the main file holds. Appending does not sync: until
 * {@link beginCheckpoint} the WAL has the same commits, and {@link append} brings the log up to it after a
 * crash.
 */
export class History {
  readonly #log: SegmentedLog
  readonly #mainFile: MainFile
  readonly #index: PageIndex
  readonly #epochs: Epochs
  readonly #epoch: Epoch
  readonly #now: () => number
  readonly #pins = new Map<number, number>()
  #wal: WalPosition
  #checkpointed: number
  #mainFileMs: number
  #isClosed = false

  private constructor(log: SegmentedLog, loaded: LoadedHistory, options: HistoryOptions, epoch: Epoch) {
    this.#log = log
    this.#mainFile = options.mainFile
    this.#now = options.now ?? Date.now
    this.#index = loaded.index
    this.#epochs = loaded.epochs
    this.#wal = loaded.wal
    this.#checkpointed = loaded.checkpointed
    this.#mainFileMs = loaded.mainFileMs
    this.#epoch = epoch
  }

  /**
   * Opens the history in `directory`, cutting off what a crash left unfinished. Where there is none, begins
   * one that has a single revision: the main file, `initial.sizeInPages` long, with nothing in the WAL after
   * `initial.wal`.
   *
   * @throws StateError `TIDEMARK_HISTORY_DAMAGED`
   */
  static open(
    options: HistoryOptions,
    initial: { readonly sizeInPages: number; readonly wal: WalPosition },
  ): History {
    const log = SegmentedLog.open(options.directory, options.databaseId, options.segmentBytes)
    const epoch = options.epoch ?? randomBytes(8).toString('hex')
    try {
      const loaded = loadHistory(log) ?? beginHistory(log, epoch, initial, (options.now ?? Date.now)())
      log.dropBefore(loaded.keepFrom)
      return new History(log, loaded, options, epoch)
    } catch (error) {
      log.close()
      throw error
    }
  }

  /** Whether `directory` holds any history. */
  static exists(options: Pick<HistoryOptions, 'directory' | 'databaseId' | 'segmentBytes'>): boolean {
    const log = SegmentedLog.open(options.directory, options.databaseId, options.segmentBytes)
    log.close()
    return log.segments.length > 0
  }

  /** Sequence of the newest commit. */
  get head(): number {
    return this.#index.head
  }

  /** Sequence of the oldest revision that can be read. */
  get floor(): number {
    return this.#index.floor
  }

  get bytes(): number {
    return this.#log.bytes
  }

  /** Where the newest commit ends in the WAL. */
  get walPosition(): WalPosition {
    return this.#wal
  }

  /** True when the newest commit was about to be checkpointed, so that the WAL may be gone. */
  get mayBeCheckpointed(): boolean {
    return this.#checkpointed === this.head
  }

  /**
   * When the main file was last changed, as {@link endCheckpoint} was told; milliseconds since the epoch. 0:
   * it may have been changed since, by a checkpoint.
   */
  get mainFileMs(): number {
    return this.#mainFileMs
  }

  sizeAt(sequence: number): number {
    return this.#index.sizeAt(sequence)
  }

  formatRevision(sequence: number): string {
    return this.#epochs.format(sequence)
  }

  /** The sequence that a revision names; null for one that this history does not know, or no longer. */
  resolveRevision(revision: string): number | null {
    return this.#epochs.resolve(revision, this.head)
  }

  /** The pages changed after `from` up to `to` that exist at `to`, in ascending order. */
  changedBetween(from: number, to: number): Uint32Array {
    return this.#index.changedBetween(from, to)
  }

  /** Number of page images in the commits after `from` up to `to`. */
  imagesBetween(from: number, to: number): number {
    return this.#index.imagesBetween(from, to)
  }

  /** The last commit of the epoch that the commit belongs to, so far. */
  endOfEpoch(sequence: number): number {
    return this.#epochs.endOfRun(sequence, this.head)
  }

  /**
   * Reads the page's image at a retained revision into `target`.
   *
   * @throws StateError `TIDEMARK_HISTORY_DAMAGED` when the image is not what was appended; BusyError after
   * {@link close}
   */
  readPage(pageNumber: number, sequence: number, target: Uint8Array): void {
    this.readPages([pageNumber], sequence, target)
  }

  /**
   * The same for several pages, one after another. Images that are stored side by side, as a commit's are in
   * the order of their pages, are read at once.
   *
   * @throws as {@link readPage}
   */
  readPages(pageNumbers: ArrayLike<number>, sequence: number, target: Uint8Array): void {
    // Whoever still sends a revision would read from whatever has the number of the main file's descriptor
    // now: the database of another tenant.
    if (this.#isClosed) throw new BusyError('The database was closed')
    const locations = Array.from(pageNumbers, (page) => this.#index.locate(page, sequence))
    for (let start = 0; start < locations.length;) {
      let end = start + 1
      while (end < locations.length && isBehind(pageNumbers, locations, end)) end += 1
      const images = target.subarray(start * PAGE_SIZE, end * PAGE_SIZE)
      const location = locations[start]!
      if (location === null) this.#mainFile.readPages(pageNumbers[start]!, images)
      else if (!this.#log.read(location.position, images)) throw damagedImage(pageNumbers[start]!, location)
      start = end
    }
    for (const [index, location] of locations.entries()) {
      const image = target.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE)
      if (location !== null && crc32(image) !== location.crc)
        throw damagedImage(pageNumbers[index]!, location)
    }
  }

  /**
   * Call before anything is committed; on disk when this returns. What a crash keeps from the log is then
   * appended under the epoch in which it was committed: under an older one, of a log that was restored from a
   * backup, it could get the name of a commit that was lost.
   */
  beginEpoch(): void {
    if (this.#epochs.last === this.#epoch) return
    this.#recordEpoch(this.#epoch)
    this.#log.sync()
    this.#epochs.add(this.head + 1, this.#epoch)
  }

  /** Appends the next commit, to the epoch that has begun last. */
  append(commit: Commit): void {
    const sequence = this.head + 1
    const content = this.#content('commit', { sequence, sizeInPages: commit.sizeInPages, wal: commit.wal })
    const { table } = appendRecord(this.#log, content, commit.pages, commit.images)
    this.#index.addCommit(commit.sizeInPages, table)
    this.#wal = commit.wal
  }

  /**
   * Call before the WAL is copied into the main file. Saves the images that this would overwrite and that a
   * retained revision still needs, and puts everything appended so far on disk.
   *
   * @param pages every page that the WAL has and the main file may not have
   */
  beginCheckpoint(pages: Iterable<number>): void {
    const numbers = [...pages].filter((page) => this.#needsBase(page)).toSorted((a, b) => a - b)
    if (numbers.length > 0) {
      const content = this.#content('base', { sequence: this.head })
      const { table } = appendRecord(this.#log, content, Uint32Array.from(numbers), this.#mainImages(numbers))
      this.#index.addBaseImages(table)
    }
    this.#log.sync()
    appendRecord(this.#log, this.#content('checkpoint', { sequence: this.head }), NO_PAGES, [])
    this.#log.sync()
    this.#checkpointed = this.head
    this.#mainFileMs = 0
  }

  /**
   * Call when the main file has all commits, and is on disk. Nothing is synced: a power loss may take it, and
   * with it {@link mainFileMs}.
   *
   * @param mainFileMs when the main file was last changed
   */
  endCheckpoint(mainFileMs: number): void {
    const content = this.#content('checkpoint', { sequence: this.head, mainFileMs })
    appendRecord(this.#log, content, NO_PAGES, [])
    this.#mainFileMs = mainFileMs
  }

  /** Keeps the revision readable until the returned function is called. */
  pin(sequence: number): () => void {
    this.#pins.set(sequence, (this.#pins.get(sequence) ?? 0) + 1)
    let isPinned = true
    return () => {
      if (!isPinned) return
      isPinned = false
      const pins = this.#pins.get(sequence)! - 1
      if (pins === 0) this.#pins.delete(sequence)
      else this.#pins.set(sequence, pins)
    }
  }

  /**
   * Lets go of the oldest segments, as far as retention and pins allow. The main file must have every commit up to
   * `checkpointedSequence`.
   *
   * @returns whether anything was dropped
   */
  compact(retention: Retention, checkpointedSequence: number): boolean {
    const plan = planRetention(this.#log, retention, {
      nowMs: this.#now(),
      highestFloor: Math.min(checkpointedSequence, ...this.#pins.keys()),
    })
    if (plan === null) return false
    const floor = Math.max(plan.floor, this.floor)
    const pages = this.#index.changedAfter(floor).filter((page) => this.#isLost(page, floor, plan.keepFrom))
    const content = this.#content('floor', {
      sequence: floor,
      epoch: this.#epochs.epochOf(floor),
      sizeInPages: this.sizeAt(floor),
      keepFrom: plan.keepFrom,
    })
    const { table } = appendRecord(this.#log, content, pages, this.#imagesAt(pages, floor))
    if (this.#epochs.last !== this.#epochs.epochOf(this.head)) this.#recordEpoch(this.#epochs.last)
    this.#log.sync()
    this.#index.raiseFloor(floor, content.sizeInPages, plan.keepFrom)
    this.#index.addBaseImages(table)
    this.#epochs.raiseFloor(floor, content.epoch)
    this.#log.dropBefore(plan.keepFrom)
    return true
  }

  /** With the main file: nothing can be read from then on. */
  close(): void {
    this.#isClosed = true
    this.#log.close()
  }

  /** The next commit belongs to `epoch`. Until that is in the log, this record alone says so. */
  #recordEpoch(epoch: Epoch): void {
    appendRecord(this.#log, this.#content('epoch', { sequence: this.head, epoch }), NO_PAGES, [])
  }

  #needsBase(page: number): boolean {
    return page <= this.sizeAt(this.floor) && this.#index.isChanged(page) && this.#index.baseOf(page) === null
  }

  /** Whether the page's image at `floor` is in the part of the log before `keepFrom`. */
  #isLost(page: number, floor: number, keepFrom: number): boolean {
    if (page > this.sizeAt(floor)) return false
    const location = this.#index.locate(page, floor)
    return location !== null && location.position < keepFrom
  }

  *#mainImages(pages: Iterable<number>): Generator<Uint8Array> {
    const image = Buffer.allocUnsafe(PAGE_SIZE)
    for (const page of pages) {
      this.#mainFile.readPages(page, image)
      yield image
    }
  }

  *#imagesAt(pages: Iterable<number>, sequence: number): Generator<Uint8Array> {
    const image = Buffer.allocUnsafe(PAGE_SIZE)
    for (const page of pages) {
      this.readPage(page, sequence, image)
      yield image
    }
  }

  #content(
    kind: RecordKind,
    fields: {
      readonly sequence: number
      readonly epoch?: Epoch
      readonly sizeInPages?: number
      readonly wal?: WalPosition
      readonly keepFrom?: number
      readonly mainFileMs?: number
    },
  ) {
    return {
      kind,
      sequence: fields.sequence,
      epoch: fields.epoch ?? this.#epochs.last,
      sizeInPages: fields.sizeInPages ?? 0,
      timeMs: this.#now(),
      wal: fields.wal ?? this.#wal,
      keepFrom: fields.keepFrom ?? 0,
      mainFileMs: fields.mainFileMs ?? 0,
    }
  }
}

/**
 * Whether the image at `index` is stored right behind the one before it. Where none is located, both are in
 * the main file.
 */
function isBehind(
  pageNumbers: ArrayLike<number>,
  locations: readonly (ImageLocation | null)[],
  index: number,
): boolean {
  const [before, location] = [locations[index - 1]!, locations[index]!]
  if (before === null || location === null)
    return before === location && pageNumbers[index - 1]! + 1 === pageNumbers[index]
  return location.position === before.position + PAGE_SIZE
}

function damagedImage(pageNumber: number, { position }: ImageLocation): StateError {
  return historyDamaged(`image of page ${pageNumber} at ${position} is damaged`)
}

function beginHistory(
  log: SegmentedLog,
  epoch: Epoch,
  initial: { readonly sizeInPages: number; readonly wal: WalPosition },
  timeMs: number,
): LoadedHistory {
  const content = {
    kind: 'floor',
    sequence: 0,
    epoch,
    timeMs,
    keepFrom: 0,
    mainFileMs: 0,
    ...initial,
  } as const
  const state = new HistoryState()
  state.add(appendRecord(log, content, NO_PAGES, []))
  log.sync()
  return state.loaded!
}
