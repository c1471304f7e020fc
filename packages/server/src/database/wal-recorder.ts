import { closeSync, openSync } from 'node:fs'
import { makeRoom, readPageNumbers, readWalIndexHeader, WalFile } from '@tidemark/engine/server-side'
import type { WalIndexHeader } from '@tidemark/engine/server-side'
import {
  decodeFrameHeader,
  FRAME_HEADER_SIZE,
  FRAME_SIZE,
  frameCommitSize,
  framePageNumber,
  PAGE_SIZE,
} from '@tidemark/protocol'
import type { History } from '../history/history.ts'
import type { WalPosition } from '../history/history-format.ts'

/** Frames that are read at once. */
const FRAMES_PER_READ = 64
/** The image of a page that was never written. */
const NO_IMAGE = new Uint8Array(PAGE_SIZE)

interface WalCommit {
  readonly sizeInPages: number
  readonly wal: WalPosition
  /** Newest frame of each page that the commit wrote. */
  readonly frames: ReadonlyMap<number, number>
}

/** Brings commits from SQLite's WAL into the history. */
export class WalRecorder {
  readonly #path: string
  readonly #wal: WalFile
  readonly #shmDescriptor: number
  readonly #uncheckpointed = new Set<number>()
  #recordedFrames = 0
  /** The wal-index's, when all up to then was in the history; null: not known. */
  #changeCounter: number | null = null

  private constructor(path: string, wal: WalFile, shmDescriptor: number) {
    this.#path = path
    this.#wal = wal
    this.#shmDescriptor = shmDescriptor
  }

  /** The main file must be open in SQLite and have been read from, so that both files exist and recovery is done. */
  static open(mainPath: string): WalRecorder {
    const path = `${mainPath}-wal`
    const wal = WalFile.open(path)
    let shmDescriptor: number | null = null
    try {
      shmDescriptor = openSync(`${mainPath}-shm`, 'r+')
      const recorder = new WalRecorder(path, wal, shmDescriptor)
      const header = recorder.#indexHeader()
      if (header !== null) {
        for (const page of readPageNumbers(shmDescriptor, 1, header.maxFrame))
          recorder.#uncheckpointed.add(page)
      }
      return recorder
    } catch (error) {
      wal.close()
      if (shmDescriptor !== null) closeSync(shmDescriptor)
      throw error
    }
  }

  /** Pages in the WAL that the main file may not have yet. */
  get uncheckpointedPages(): ReadonlySet<number> {
    return this.#uncheckpointed
  }

  /** Frames that SQLite has to look through: since the WAL last began anew. */
  get walFrames(): number {
    return this.#indexHeader()?.maxFrame ?? 0
  }

  /** The same, when {@link record} last looked. */
  get recordedFrames(): number {
    return this.#recordedFrames
  }

  /** The end of the WAL; frame 0 where it is empty. */
  get position(): WalPosition {
    const header = this.#indexHeader()
    return header === null
      ? { salts: [0, 0], frame: 0, checksum: [0, 0] }
      : { salts: header.salts, frame: header.maxFrame, checksum: header.checksum }
  }

  /** Whether the WAL still has the frame at which the position ends, so that whatever follows it is known. */
  continues(position: WalPosition): boolean {
    const header = this.#indexHeader()
    if (header === null || header.salts[0] !== position.salts[0] || header.salts[1] !== position.salts[1])
      return false
    if (position.frame === 0) return true
    if (position.frame > header.maxFrame) return false
    const frame = this.#wal.frameHeader(position.frame)
    return (
      frame !== null &&
      frame.checksum[0] === position.checksum[0] &&
      frame.checksum[1] === position.checksum[1]
    )
  }

  /** Whether there is exactly one commit that {@link record} has not brought, as far as is known. */
  get isOneBehind(): boolean {
    const header = this.#indexHeader()
    return header !== null && this.#isNext(header)
  }

  /**
   * Appends what was committed since the history's last commit.
   *
   * @returns whether there was anything
   */
  record(history: History): boolean {
    const header = this.#indexHeader()
    this.#recordedFrames = header?.maxFrame ?? 0
    if (header === null) return false
    const known = history.walPosition
    const isSameWal = header.salts[0] === known.salts[0] && header.salts[1] === known.salts[1]
    const first = isSameWal ? known.frame + 1 : 1
    for (const commit of this.#isNext(header)
      ? [this.#commit(first, header)]
      : this.#commits(first, header)) {
      const pages = pagesOf(commit, history.sizeAt(history.head))
      for (const page of commit.frames.keys()) this.#uncheckpointed.add(page)
      const images = this.#images(pages, commit.frames)
      history.append({ sizeInPages: commit.sizeInPages, pages, images, wal: commit.wal })
    }
    this.#changeCounter = header.changeCounter
    return header.maxFrame >= first
  }

  /**
   * Room for the commits to come, see the engine's `makeRoom`; what keeps it from being made is told to who
   * then commits.
   */
  makeRoom(): void {
    makeRoom(this.#wal, this.#path, this.#recordedFrames, 'full').catch(() => {})
  }

  /**
   * Has what a transaction that is still open has written so far brought to disk, in a thread, so that its
   * commit need not wait for all of it. What fails is told to who commits: SQLite syncs on a descriptor of
   * its own.
   */
  flushAhead(): void {
    this.#wal.syncAside().catch(() => {})
  }

  /** To be called when a checkpoint has copied the whole WAL. */
  checkpointed(): void {
    this.#uncheckpointed.clear()
  }

  /** After the last connection has closed: see {@link MainFileReader}. */
  close(): void {
    this.#wal.close()
    closeSync(this.#shmDescriptor)
  }

  /** Null while the WAL has no header: nothing was ever written to it, or a checkpoint truncated it. */
  #indexHeader(): WalIndexHeader | null {
    return this.#wal.header() === null ? null : readWalIndexHeader(this.#shmDescriptor)
  }

  #isNext({ changeCounter }: WalIndexHeader): boolean {
    return this.#changeCounter !== null && changeCounter === (this.#changeCounter + 1) >>> 0
  }

  /** The only commit since: the wal-index has all that is to be known of it. */
  #commit(first: number, { sizeInPages, salts, maxFrame, checksum }: WalIndexHeader): WalCommit {
    const pages = readPageNumbers(this.#shmDescriptor, first, maxFrame)
    const frames = new Map(Array.from(pages, (page, index) => [page, first + index]))
    return { sizeInPages, wal: { salts, frame: maxFrame, checksum }, frames }
  }

  *#commits(first: number, header: WalIndexHeader): Generator<WalCommit> {
    let frames = new Map<number, number>()
    const all = Math.max(header.maxFrame - first + 1, 0)
    const chunk = Buffer.allocUnsafe(Math.min(FRAMES_PER_READ, all) * FRAME_SIZE)
    for (let next = first; next <= header.maxFrame;) {
      const count = Math.min(FRAMES_PER_READ, header.maxFrame - next + 1)
      this.#wal.readInto(chunk, next, count)
      for (let offset = 0; offset < count * FRAME_SIZE; offset += FRAME_SIZE, next++) {
        frames.set(framePageNumber(chunk, offset), next)
        const sizeInPages = frameCommitSize(chunk, offset)
        if (sizeInPages === 0) continue
        const { checksum } = decodeFrameHeader(chunk, offset)
        yield { sizeInPages, wal: { salts: header.salts, frame: next, checksum }, frames }
        frames = new Map()
      }
    }
  }

  /**
   * Each is valid until the next is asked for. Pages whose frames follow each other, as most of a large
   * commit do, are read together.
   */
  *#images(pages: Uint32Array, frames: ReadonlyMap<number, number>): Generator<Uint8Array> {
    const chunk = Buffer.allocUnsafe(Math.min(FRAMES_PER_READ, pages.length) * FRAME_SIZE)
    for (let index = 0; index < pages.length;) {
      const first = frames.get(pages[index]!)
      if (first === undefined) {
        yield NO_IMAGE
        index += 1
        continue
      }
      let count = 1
      while (count < FRAMES_PER_READ && frames.get(pages[index + count]!) === first + count) count += 1
      this.#wal.readInto(chunk, first, count)
      for (let frame = 0; frame < count; frame++)
        yield chunk.subarray(frame * FRAME_SIZE + FRAME_HEADER_SIZE, (frame + 1) * FRAME_SIZE)
      index += count
    }
  }
}

/**
 * The pages of a commit, ascending. SQLite does not write a page that it adds and frees in one transaction;
 * such a page is part of the database all the same, and is zeros.
 */
function pagesOf(commit: WalCommit, sizeBefore: number): Uint32Array {
  const pages = [...commit.frames.keys()].filter((page) => page <= commit.sizeInPages)
  for (let page = sizeBefore + 1; page <= commit.sizeInPages; page++)
    if (!commit.frames.has(page)) pages.push(page)
  return Uint32Array.from(pages).toSorted()
}
