import { isTidemarkError, PAGE_SIZE, StateError } from '@tidemark/protocol'

import type { PageImage } from '../wal/inject.ts'
import type { WalFile } from '../wal/wal-file.ts'
import type { WalIndexHeader } from '../wal/wal-index.ts'
import { BaseReader, LOCK_BYTE_PAGE } from './base.ts'
import { readPageOne, writePageOne } from './page-one.ts'
import type { PageOnePatch, Watermark } from './info.ts'
import type { RevertFile } from './revert-file.ts'

/** Where the base is: up to which frame of the WAL, and what to put back into its page 1. */
export interface BasePlace {
  readonly watermark: Watermark
  readonly pageOne: PageOnePatch | null
}

/**
 * What is known of the base of an open replica: where it is, how large, and its pages (I1). Nothing is known
 * of it until {@link set}.
 */
export class KnownBase {
  readonly #wal: WalFile
  readonly #revert: RevertFile
  readonly #reader: BaseReader
  #watermark: Watermark | null = null
  #pageOne: PageOnePatch | null = null
  #sizeInPages = 0
  #isAssumed = false

  constructor(files: {
    readonly mainDescriptor: number
    readonly shmDescriptor: number
    readonly wal: WalFile
    readonly revert: RevertFile
  }) {
    this.#revert = files.revert
    this.#wal = files.wal
    this.#reader = new BaseReader(files)
  }

  /** Null: the base is not known, and must be fetched again. */
  get watermark(): Watermark | null {
    return this.#watermark
  }

  get sizeInPages(): number {
    return this.#sizeInPages
  }

  get pageOne(): PageOnePatch | null {
    return this.#pageOne
  }

  /** True: what is taken for the base becomes it with the next pull. */
  get isAssumed(): boolean {
    return this.#isAssumed
  }

  /** Says what the base is; null: that is not known. */
  set(place: BasePlace | null, sizeInPages: number): void {
    this.#watermark = place?.watermark ?? null
    this.#pageOne = place?.pageOne ?? null
    this.#sizeInPages = sizeInPages
    this.#isAssumed = false
    this.#reader.restart()
    if (place !== null) this.extendTo(place.watermark)
  }

  /** Takes the database as it is now, at the pin, for the base. Under the write lock. */
  assume({ maxFrame, salts, checksum, sizeInPages }: WalIndexHeader): void {
    this.#revert.clear()
    this.set({ watermark: { frame: maxFrame, salts, checksum }, pageOne: null }, sizeInPages)
    this.#isAssumed = true
    // A pull patches page 1 even where it is the server's already.
    const pageOne = new Uint8Array(PAGE_SIZE)
    if (this.read(1, pageOne)) this.#pageOne = readPageOne(pageOne)
  }

  /** The pages up to the watermark are the server's at a new revision, and replace the base. */
  replace(base: { readonly sizeInPages: number; readonly pageOne: PageOnePatch | null }): void {
    this.#revert.clear()
    this.#pageOne = base.pageOne
    this.#sizeInPages = base.sizeInPages
    this.#isAssumed = false
  }

  /** The frames up to the watermark of `place` bring the base to a new revision. */
  moveTo(place: BasePlace & { readonly sizeInPages: number }): void {
    this.extendTo(place.watermark)
    this.#pageOne = place.pageOne
    this.#sizeInPages = place.sizeInPages
  }

  /** Counts the frames up to `watermark` to the base. They must be in the wal-index. */
  extendTo(watermark: Watermark): void {
    this.#watermark = watermark
    this.#reader.extendTo(watermark.frame, watermark.salts)
  }

  /**
   * SQLite starts the WAL over only when the main file has all frames and no reader needs them, and while
   * pinned at the watermark that means that none lay after it: the base is then the main file under
   * `-wal-revert`.
   */
  noticeRestart({ salts }: Pick<WalIndexHeader, 'salts'>): void {
    const known = this.#watermark?.salts ?? salts
    if (known[0] === salts[0] && known[1] === salts[1]) return
    this.#watermark = { frame: 0, salts, checksum: [0, 0] }
    this.#reader.restart()
  }

  /**
   * The pages whose current image may differ from the base's and whose base image exists: frames after the
   * watermark, `-wal-revert`, and pages that the local database was at some time too small to have. Under the
   * write lock.
   */
  overlayPages(index: WalIndexHeader): Set<number> {
    const pages = new Set<number>(this.#revert.pageNumbers)
    let smallest = index.sizeInPages
    for (const frame of this.#wal.readFrames(this.knownWatermark().frame + 1, index.maxFrame)) {
      if (frame.pageNumber <= this.#sizeInPages) pages.add(frame.pageNumber)
      if (frame.commitSizeInPages > 0) smallest = Math.min(smallest, frame.commitSizeInPages)
    }
    for (let page = smallest + 1; page <= this.#sizeInPages; page++) pages.add(page)
    pages.delete(LOCK_BYTE_PAGE)
    return pages
  }

  /** The watermark. @throws StateError `TIDEMARK_BASE_LOST` where the base is not known */
  knownWatermark(): Watermark {
    if (this.#watermark === null)
      throw lost('The base of this replica is not known; it must be fetched again')
    return this.#watermark
  }

  /** Reads the server's image of a page at the replica's revision into `target` (I1). False: not in the base. */
  read(pageNumber: number, target: Uint8Array): boolean {
    if (this.#watermark === null || pageNumber > this.#sizeInPages) return false
    if (!this.#reader.read(pageNumber, target)) return false
    if (pageNumber === 1 && this.#pageOne !== null) writePageOne(target, this.#pageOne)
    return true
  }

  /**
   * Reads a page as it was at the watermark, that of an overlay behind the base or below it. False: no file holds it.
   */
  readBehind(pageNumber: number, target: Uint8Array): boolean {
    return this.#reader.readBelowRevert(pageNumber, target)
  }

  /**
   * Reads a page of an assumed base. False: the database is smaller, though its files may have more from
   * before it shrank.
   */
  readPinned(pageNumber: number, target: Uint8Array): boolean {
    return pageNumber <= this.#sizeInPages && this.#reader.readBelowRevert(pageNumber, target)
  }

  /**
   * Base images of pages, in the given order; the image is reused from step to step.
   *
   * @throws StateError when one is not there
   */
  *images(pageNumbers: Iterable<number>): Generator<PageImage> {
    const image = new Uint8Array(PAGE_SIZE)
    for (const pageNumber of pageNumbers) {
      if (!this.read(pageNumber, image)) throw lost(`The base image of page ${pageNumber} cannot be read`)
      yield { pageNumber, image }
    }
  }
}

const LOST = 'TIDEMARK_BASE_LOST'

/** Whether `error` says that the base has to be fetched again. */
export function isBaseLost(error: unknown): boolean {
  return isTidemarkError(error) && error.code === LOST
}

function lost(message: string): StateError {
  return new StateError(LOST, message, { recovery: 'pull' })
}
