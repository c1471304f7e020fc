import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, readSync } from 'node:fs'

import { decodeWalHeader, encodeWalHeader, FrameSequence, PAGE_SIZE, ProtocolError } from '@tidemark/protocol'

import type { PageImage } from '../wal/inject.ts'
import { verifyFrames } from '../wal/verify-frames.ts'
import { WalFile, writeFully } from '../wal/wal-file.ts'
import type { WalFrame } from '../wal/wal-file.ts'
import { LOCK_BYTE_PAGE } from './base.ts'
import { checkPageOne } from './check-page-one.ts'
import { removeFile } from './durable-file.ts'
import { decodeHeaderBlock, encodeHeaderBlock, HEADER_BLOCK_SIZE } from './header-block.ts'
import { FORMAT_VERSIONS_OFFSET, SCHEMA_COOKIE_OFFSET } from '../wal/inject.ts'
import type { PageOnePatch } from './info.ts'

const MAGIC = 'tidemark-pull-1'
const FRAMES_PER_WRITE = 256
const MAX_REVISION_LENGTH = 1024

/** A downloaded pull: the server's newest image of each page that changed. */
export interface StagedPull {
  readonly revision: string
  /** Size of the database at that revision. */
  readonly sizeInPages: number
  readonly frames: number
  /** What page 1 holds where injection patches it; null: page 1 is not among the pages. */
  readonly pageOne: PageOnePatch | null
}

/**
 * `<db>-changes`: a header block, then a WAL-format file. Written as the answer arrives; nothing of the replica has changed until it is
 * applied. Each page comes at most once.
 */
export class PullStage {
  readonly #path: string
  readonly #file: WalFile
  readonly #frames: FrameSequence
  readonly #pages = new Set<number>()
  #written = 0
  /** The size that page 1 gives the database; 0 where it does not. */
  #sizeInPageOne = 0
  #pageOne: PageOnePatch | null = null

  constructor(path: string) {
    this.#path = path
    this.#file = WalFile.create(path, HEADER_BLOCK_SIZE)
    const header = encodeWalHeader({
      checkpointSequence: 0,
      salts: [randomBytes(4).readUInt32BE(), randomBytes(4).readUInt32BE()],
    })
    try {
      this.#file.writeHeader(header)
    } catch (error) {
      this.abort()
      throw error
    }
    this.#frames = new FrameSequence({ ...decodeWalHeader(header), capacity: FRAMES_PER_WRITE })
  }

  /** @throws ProtocolError for page 0, a page of the wrong size, one that came before, or a page 1 that is none */
  writePage(pageNumber: number, image: Uint8Array): void {
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
    this.#pages.add(pageNumber)
    this.#frames.add(pageNumber, 0, image)
    if (this.#frames.isFull) this.#flush()
  }

  /**
   * Completes the stage. It is not synced: after a crash it either checks out or is downloaded again.
   *
   * @throws ProtocolError when a page lies beyond the size, the revision is not usable, or `isWhole` and a page is missing
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
    this.#flush()
    this.#file.close()
    const staged: StagedPull = { ...end, frames: this.#written, pageOne: this.#pageOne }
    const descriptor = openSync(this.#path, 'r+')
    try {
      writeFully(descriptor, encodeHeaderBlock(MAGIC, staged), 0)
    } finally {
      closeSync(descriptor)
    }
    return staged
  }

  /** Throws the stage away. */
  abort(): void {
    this.#file.close()
    removeFile(this.#path)
  }

  #assertWhole(sizeInPages: number): void {
    for (let page = 1; page <= sizeInPages; page++) {
      if (!this.#pages.has(page) && page !== LOCK_BYTE_PAGE)
        throw new ProtocolError(`page ${page} of ${sizeInPages} is missing`)
    }
  }

  #flush(): void {
    const bytes = this.#frames.bytes
    this.#file.writeFrames(this.#written + 1, bytes)
    this.#written = this.#pages.size
    this.#frames.clear()
  }
}

/** A complete `-changes` file, checked. */
export class StagedPages {
  readonly staged: StagedPull
  readonly #file: WalFile
  /** By page, the number of its frame. */
  readonly #frames: ReadonlyMap<number, number>

  private constructor(staged: StagedPull, file: WalFile, frames: ReadonlyMap<number, number>) {
    this.staged = staged
    this.#file = file
    this.#frames = frames
  }

  get pageNumbers(): Pick<ReadonlySet<number>, 'has' | 'size'> {
    return this.#frames
  }

  /** Null when there is none, or one that was cut off while it was written. @throws ProtocolError when it is damaged */
  static open(path: string): StagedPages | null {
    if (!existsSync(path)) return null
    const block = Buffer.alloc(HEADER_BLOCK_SIZE)
    const descriptor = openSync(path, 'r')
    try {
      readSync(descriptor, block, 0, HEADER_BLOCK_SIZE, 0)
    } finally {
      closeSync(descriptor)
    }
    const staged = decodeHeaderBlock(MAGIC, block) as StagedPull | null
    if (staged === null) return null
    const file = WalFile.open(path, HEADER_BLOCK_SIZE)
    try {
      const header = file.header()
      const frames = new Map<number, number>()
      const add = (frame: WalFrame): void => void frames.set(frame.pageNumber, frame.frameNumber)
      if (header === null || verifyFrames(file, header, staged.frames, add) === null)
        throw new ProtocolError('a checksum does not match')
      return new StagedPages(staged, file, frames)
    } catch (cause) {
      file.close()
      if (!(cause instanceof ProtocolError)) throw cause
      throw new ProtocolError(`${path} is damaged: ${cause.message}. It will be downloaded again.`, {
        recovery: 'retry',
        cause,
      })
    }
  }

  /** The image of one page; null where it is not among the pages. */
  read(pageNumber: number): Uint8Array | null {
    const frame = this.#frames.get(pageNumber)
    if (frame === undefined) return null
    const image = new Uint8Array(PAGE_SIZE)
    this.#file.readImage(frame, image)
    return image
  }

  *pages(): Generator<PageImage> {
    for (const frame of this.#file.readFrames(1, this.staged.frames)) yield frame
  }

  close(): void {
    this.#file.close()
  }
}

/** The fields of a page 1 that injection patches. */
export function readPageOne(image: Uint8Array): PageOnePatch {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength)
  return {
    schemaCookie: view.getUint32(SCHEMA_COOKIE_OFFSET),
    formatVersions: [image[FORMAT_VERSIONS_OFFSET]!, image[FORMAT_VERSIONS_OFFSET + 1]!],
  }
}

/** Writes the fields of {@link readPageOne} back into an image. */
export function writePageOne(image: Uint8Array, fields: PageOnePatch): void {
  new DataView(image.buffer, image.byteOffset, image.byteLength).setUint32(
    SCHEMA_COOKIE_OFFSET,
    fields.schemaCookie,
  )
  image.set(fields.formatVersions, FORMAT_VERSIONS_OFFSET)
}
