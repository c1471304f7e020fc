/**
 * `<db>-changes`: a downloaded pull of more pages than are kept in memory.
 *
 * | offset | bytes | field |
 * | --- | --- | --- |
 * | 0 | 4096 | header block, written last: {@link StagedPull} and the seals of the rest |
 * | 4096 | 4096 × n | the pages' images, in the order in which they came |
 * | | 4 × n | their numbers, little-endian |
 *
 * Both seals are WAL checksums: over megabytes they take less than half the time of zlib's CRC.
 */
import { close, closeSync, existsSync, openSync, readSync } from 'node:fs'

import { PAGE_SIZE, pageChecksums, ProtocolError, Seal } from '@tidemark/protocol'
import type { WalChecksum } from '@tidemark/protocol'

import type { PageImage } from '../wal/inject.ts'
import { writeFully } from '../wal/wal-file.ts'
import { LOCK_BYTE_PAGE } from './base.ts'
import { checkPageOne } from './check-page-one.ts'
import { openCompanion } from './companion-file.ts'
import { removeFile } from './durable-file.ts'
import { decodeHeaderBlock, encodeHeaderBlock, HEADER_BLOCK_SIZE } from './header-block.ts'
import type { PageOnePatch } from './info.ts'
import { readPageOne } from './page-one.ts'
import { PagesInMemory } from './staged-pages.ts'
import type { StagedPages, StagedPull } from './staged-pages.ts'

const MAGIC = 'tidemark-pull-2'
/** Pages that are written or read at a time; most pulls have few. */
const PAGES_PER_CHUNK = 64
const PAGES_AT_FIRST = 8
const MAX_REVISION_LENGTH = 1024

interface Header extends StagedPull {
  /** Checksums, hex. */
  readonly imagesSeal: string
  readonly numbersSeal: string
}

/**
 * Takes pages as the answer arrives; nothing of the replica has changed until they are applied. Each comes at
 * most once. What is more than a chunk goes to `-changes`: a file for a few pages costs as much as applying
 * them.
 */
export class PullStage {
  readonly #path: string
  /** Null: all pages are in memory. */
  #descriptor: number | null = null
  readonly #pages = new Set<number>()
  readonly #seal = new Seal()
  #chunk = Buffer.allocUnsafe(PAGES_AT_FIRST * PAGE_SIZE)
  /** Of the pages in the chunk, each by itself. */
  #checksums: WalChecksum[] = []
  #written = 0
  #staged: StagedPull | null = null
  /** The size that page 1 gives the database; 0 where it does not. */
  #sizeInPageOne = 0
  #pageOne: PageOnePatch | null = null

  constructor(path: string) {
    this.#path = path
  }

  /**
   * @param checksum the image's own (`pageChecksums`), where it is known
   * @throws ProtocolError for page 0, a page of the wrong size, one that came before, or a page 1 that is none
   */
  writePage(pageNumber: number, image: Uint8Array, checksum: WalChecksum | null = null): void {
    if (!Number.isSafeInteger(pageNumber) || pageNumber < 1 || pageNumber > 0xff_ff_ff_fe) {
      throw new ProtocolError(`page number ${pageNumber} is out of range`)
    }
    if (image.byteLength !== PAGE_SIZE)
      throw new ProtocolError(`page ${pageNumber} is ${image.byteLength} bytes long`)
    if (this.#pages.has(pageNumber)) throw new ProtocolError(`page ${pageNumber} came twice`)
    if (pageNumber === 1) {
      this.#sizeInPageOne = checkPageOne(image)
      this.#pageOne = readPageOne(image)
    }
    if (this.#pages.size - this.#written === PAGES_PER_CHUNK) this.#flush()
    const offset = (this.#pages.size - this.#written) * PAGE_SIZE
    if (offset === this.#chunk.byteLength)
      this.#chunk = Buffer.concat([this.#chunk], PAGES_PER_CHUNK * PAGE_SIZE)
    this.#chunk.set(image, offset)
    this.#checksums.push(checksum ?? pageChecksums(image)[0]!)
    this.#pages.add(pageNumber)
  }

  /**
   * Completes the stage. It is not synced: after a crash it either checks out or is downloaded again.
   *
   * @throws ProtocolError when a page lies beyond the size, the revision is not usable, or `isWhole` and a
   * page is missing
   */
  finish({
    isWhole = false,
    ...end
  }: {
    readonly revision: string
    readonly sizeInPages: number
    readonly isWhole?: boolean
  }): StagedPull {
    if (end.revision.length > MAX_REVISION_LENGTH) throw new ProtocolError('the revision is too long')
    for (const page of this.#pages) {
      if (page > end.sizeInPages)
        throw new ProtocolError(`page ${page} lies beyond the size of ${end.sizeInPages} pages`)
    }
    if (this.#sizeInPageOne > end.sizeInPages) {
      throw new ProtocolError(
        `the database has ${end.sizeInPages} pages, and ${this.#sizeInPageOne} by its first page`,
      )
    }
    if (isWhole) this.#assertWhole(end.sizeInPages)
    const staged: StagedPull = { ...end, pageCount: this.#pages.size, pageOne: this.#pageOne }
    if (this.#descriptor !== null) this.#finishFile(staged)
    this.#staged = staged
    return staged
  }

  /** What was staged, to be closed; null before {@link finish}. @throws ProtocolError when the file is damaged */
  open(): StagedPages | null {
    if (this.#staged === null) return null
    if (this.#written === 0) return new PagesInMemory(this.#staged, this.#pages, this.#chunk, this.#checksums)
    return ChangesFile.open(this.#path)
  }

  /** Throws the stage away. */
  abort(): void {
    this.#close()
    this.#staged = null
    if (this.#written > 0) removeFile(this.#path)
  }

  #finishFile(staged: StagedPull): void {
    const descriptor = this.#flush()
    const numbers = new Uint8Array(Uint32Array.from(this.#pages).buffer)
    writeFully(descriptor, numbers, imageOffset(staged.pageCount))
    const header: Header = {
      ...staged,
      imagesSeal: textOf(this.#seal),
      numbersSeal: textOf(new Seal().add(numbers)),
    }
    writeFully(descriptor, encodeHeaderBlock(MAGIC, header), 0)
    this.#close()
  }

  #assertWhole(sizeInPages: number): void {
    for (let page = 1; page <= sizeInPages; page++) {
      if (!this.#pages.has(page) && page !== LOCK_BYTE_PAGE)
        throw new ProtocolError(`page ${page} of ${sizeInPages} is missing`)
    }
  }

  #flush(): number {
    this.#descriptor ??= openCompanion(this.#path)
    const bytes = this.#chunk.subarray(0, (this.#pages.size - this.#written) * PAGE_SIZE)
    for (const checksum of this.#checksums) this.#seal.addPage(checksum)
    this.#checksums = []
    writeFully(this.#descriptor, bytes, imageOffset(this.#written))
    this.#written = this.#pages.size
    return this.#descriptor
  }

  #close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor)
    this.#descriptor = null
  }
}

/** A complete `-changes` file. Its images are checked while {@link pages} reads them. */
class ChangesFile implements StagedPages {
  readonly staged: StagedPull
  readonly #path: string
  readonly #descriptor: number
  readonly #imagesSeal: string
  /** By page, the position of its image. */
  readonly #positions: ReadonlyMap<number, number>

  private constructor(path: string, descriptor: number, header: Header) {
    const { imagesSeal, numbersSeal, ...staged } = header
    this.#path = path
    this.#descriptor = descriptor
    this.staged = staged
    this.#imagesSeal = imagesSeal
    this.#positions = this.#readPositions(numbersSeal)
  }

  get pageNumbers(): Pick<ReadonlySet<number>, 'has' | 'size'> {
    return this.#positions
  }

  /** Null when there is none, or one that was cut off while it was written. @throws ProtocolError when it is damaged */
  static open(path: string): ChangesFile | null {
    if (!existsSync(path)) return null
    const descriptor = openSync(path, 'r')
    try {
      const block = Buffer.alloc(HEADER_BLOCK_SIZE)
      readSync(descriptor, block, 0, HEADER_BLOCK_SIZE, 0)
      const header = decodeHeaderBlock(MAGIC, block) as Header | null
      if (header !== null) return new ChangesFile(path, descriptor, header)
    } catch (error) {
      closeSync(descriptor)
      throw error
    }
    closeSync(descriptor)
    return null
  }

  read(pageNumber: number): Uint8Array | null {
    const position = this.#positions.get(pageNumber)
    if (position === undefined) return null
    const image = new Uint8Array(PAGE_SIZE)
    this.#read(image, imageOffset(position))
    return image
  }

  *pages(): Generator<PageImage> {
    const seal = new Seal()
    const memory = new Uint8Array(Math.min(PAGES_PER_CHUNK, this.staged.pageCount) * PAGE_SIZE)
    let position = 0
    let chunk = memory.subarray(0, 0)
    let checksums: WalChecksum[] = []
    for (const pageNumber of this.#positions.keys()) {
      const offset = (position % PAGES_PER_CHUNK) * PAGE_SIZE
      if (offset === 0) {
        chunk = memory.subarray(0, (this.staged.pageCount - position) * PAGE_SIZE)
        this.#read(chunk, imageOffset(position))
        checksums = pageChecksums(chunk)
      }
      const checksum = checksums[position % PAGES_PER_CHUNK]!
      seal.addPage(checksum)
      position += 1
      yield { pageNumber, image: chunk.subarray(offset, offset + PAGE_SIZE), checksum }
    }
    this.#check(seal, this.#imagesSeal)
  }

  /**
   * In a thread, since a file that has been removed gives its memory back when it is closed, which takes
   * long. It was only read: nothing can fail that matters.
   */
  close(): void {
    close(this.#descriptor, () => {})
  }

  #readPositions(seal: string): ReadonlyMap<number, number> {
    const { pageCount } = this.staged
    const numbers = new Uint32Array(pageCount)
    const bytes = new Uint8Array(numbers.buffer)
    this.#read(bytes, imageOffset(pageCount))
    this.#check(new Seal().add(bytes), seal)
    const positions = new Map<number, number>()
    for (let position = 0; position < pageCount; position++) positions.set(numbers[position]!, position)
    return positions
  }

  #read(target: Uint8Array, offset: number): void {
    if (readSync(this.#descriptor, target, 0, target.byteLength, offset) < target.byteLength)
      throw this.#damaged('it is too short')
  }

  #check(seal: Seal, expected: string): void {
    if (textOf(seal) !== expected) throw this.#damaged('a checksum does not match')
  }

  #damaged(reason: string): ProtocolError {
    return new ProtocolError(`${this.#path} is damaged: ${reason}. It will be downloaded again.`, {
      recovery: 'retry',
    })
  }
}

function imageOffset(position: number): number {
  return HEADER_BLOCK_SIZE + position * PAGE_SIZE
}

function textOf(seal: Seal): string {
  return Buffer.from(seal.bytes()).toString('hex')
}
