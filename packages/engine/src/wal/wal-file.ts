import {
  close,
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs'

import {
  decodeFrameHeader,
  decodeWalHeader,
  FRAME_HEADER_SIZE,
  FRAME_SIZE,
  frameOffset,
  PAGE_SIZE,
  ProtocolError,
  WAL_HEADER_SIZE,
} from '@tidemark/protocol'
import type { FrameHeader, WalHeader, WalSalts } from '@tidemark/protocol'

const FRAMES_PER_READ = 64
const FRAME_SALTS_OFFSET = 8

export interface WalFrame extends FrameHeader {
  readonly frameNumber: number
  /** The page's image; valid until the next step of the iteration. */
  readonly image: Uint8Array
}

/**
 * A WAL file (SQLite's own `-wal`, or one of ours in the same format). SQLite takes no locks on `-wal`, so
 * the descriptor may be opened and closed freely. Which frames are committed is not known here: the wal-index
 * says so.
 */
export class WalFile {
  readonly #descriptor: number
  /** Null: taken over as a descriptor. */
  readonly #path: string | null
  #isClosed = false
  /** Syncs in other threads that have not ended. */
  #syncing = 0

  private constructor(descriptor: number, path: string | null) {
    this.#descriptor = descriptor
    this.#path = path
  }

  /** Opens an existing file. @throws the file system's error */
  static open(path: string): WalFile {
    return new WalFile(openSync(path, constants.O_RDWR), path)
  }

  /** Takes over a descriptor on an empty file. */
  static on(descriptor: number): WalFile {
    return new WalFile(descriptor, null)
  }

  get sizeInBytes(): number {
    return fstatSync(this.#descriptor).size
  }

  /** The header, or null where the file is shorter than one. @throws ProtocolError when it is damaged */
  header(): WalHeader | null {
    const bytes = Buffer.alloc(WAL_HEADER_SIZE)
    return readSync(this.#descriptor, bytes, 0, WAL_HEADER_SIZE, 0) < WAL_HEADER_SIZE
      ? null
      : decodeWalHeader(bytes)
  }

  /** The header of one frame, or null where the file ends before the frame does. */
  frameHeader(frameNumber: number): FrameHeader | null {
    const bytes = Buffer.alloc(FRAME_SIZE)
    const length = readSync(this.#descriptor, bytes, 0, FRAME_SIZE, frameOffset(frameNumber))
    return length < FRAME_SIZE ? null : decodeFrameHeader(bytes, 0)
  }

  /** Salts of one frame; of no meaning where the file ends before it. */
  readSalts(frameNumber: number): WalSalts {
    const bytes = Buffer.alloc(8)
    readSync(this.#descriptor, bytes, 0, 8, frameOffset(frameNumber) + FRAME_SALTS_OFFSET)
    return [bytes.readUInt32BE(0), bytes.readUInt32BE(4)]
  }

  /** Reads the page image of one frame into `target` (4096 bytes). @throws ProtocolError where the file is too short */
  readImage(frameNumber: number, target: Uint8Array): void {
    if (!this.readImageIfThere(frameNumber, target)) {
      throw new ProtocolError(`WAL ends before frame ${frameNumber}`)
    }
  }

  /** The same for a file that may get shorter at any time; false where it is too short. */
  readImageIfThere(frameNumber: number, target: Uint8Array): boolean {
    const offset = frameOffset(frameNumber) + FRAME_HEADER_SIZE
    return readSync(this.#descriptor, target, 0, PAGE_SIZE, offset) === PAGE_SIZE
  }

  /**
   * Reads `count` whole frames, the first of them number `first`, to the beginning of `target`.
   *
   * @throws ProtocolError where the file is too short
   */
  readInto(target: Uint8Array, first: number, count: number): void {
    const length = readSync(this.#descriptor, target, 0, count * FRAME_SIZE, frameOffset(first))
    if (length < count * FRAME_SIZE)
      throw new ProtocolError(`WAL ends before frame ${first + Math.floor(length / FRAME_SIZE)}`)
  }

  /**
   * Yields the frames `first..last` in order, reading many at once.
   *
   * @throws ProtocolError where the file is too short
   */
  *readFrames(first: number, last: number): Generator<WalFrame> {
    const chunk = Buffer.alloc(FRAME_SIZE * Math.min(FRAMES_PER_READ, Math.max(last - first + 1, 0)))
    for (let next = first; next <= last;) {
      const count = Math.min(FRAMES_PER_READ, last - next + 1)
      this.readInto(chunk, next, count)
      for (let index = 0; index < count; index++, next++) {
        const offset = index * FRAME_SIZE
        const image = chunk.subarray(offset + FRAME_HEADER_SIZE, offset + FRAME_SIZE)
        yield { ...decodeFrameHeader(chunk, offset), frameNumber: next, image }
      }
    }
  }

  writeHeader(bytes: Uint8Array): void {
    writeFully(this.#descriptor, bytes, 0)
  }

  /** Writes whole frames, the first of them as frame number `first`. */
  writeFrames(first: number, bytes: Uint8Array): void {
    writeFully(this.#descriptor, bytes, frameOffset(first))
  }

  /** When this returns, everything written is on disk. An error means that it is unknown what is. */
  sync(): void {
    fdatasyncSync(this.#descriptor)
  }

  /**
   * Has what is written brought to the disk in another thread, so that {@link sync} waits for less. By a
   * descriptor of its own: the kernel tells each of an error, and `sync` has to hear of it.
   */
  flushAhead(): void {
    if (this.#path === null) return
    try {
      const descriptor = openSync(this.#path, constants.O_RDWR)
      fdatasync(descriptor, () => close(descriptor, () => {}))
    } catch {
      // Where no descriptor is free, `sync` does it all.
    }
  }

  /** As {@link sync}, in another thread: the event loop goes on. A file that is closed already has nothing to sync. */
  async syncAside(): Promise<void> {
    if (this.#isClosed) return
    this.#syncing += 1
    try {
      await syncAside(this.#descriptor)
    } finally {
      this.#syncing -= 1
      if (this.#isClosed && this.#syncing === 0) closeSync(this.#descriptor)
    }
  }

  /**
   * May be called again: the number of a closed descriptor may be another file's by then. A sync that is
   * under way keeps it until it has ended.
   */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#syncing === 0) closeSync(this.#descriptor)
  }
}

/** As `fdatasyncSync`, in another thread: the event loop goes on. */
export function syncAside(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(descriptor, (error) => (error === null ? resolve() : reject(error)))
  })
}

/** Writes all of `bytes` at `position`: a single write may be short. */
export function writeFully(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let written = 0; written < bytes.byteLength;) {
    written += writeSync(descriptor, bytes, written, bytes.byteLength - written, position + written)
  }
}
