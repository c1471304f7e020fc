import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'

import { encodeWalHeader, FrameSequence, decodeWalHeader, StateError } from '@tidemark/protocol'
import type { WalChecksum, WalSalts } from '@tidemark/protocol'

import type { PageImage } from '../wal/inject.ts'
import { verifyFrames } from '../wal/verify-frames.ts'
import { WalFile } from '../wal/wal-file.ts'
import { openCompanion } from './companion-file.ts'
import { removeFile } from './durable-file.ts'
import type { BaseState } from './info.ts'

const FRAMES_PER_WRITE = 64

/**
 * `<db>-wal-revert`: the base images of pages that the overlay has overwritten. A WAL-format file that only
 * grows while the base stays the same; `-info` says which salts and how many frames count. Frames beyond
 * that, left by a crash, are overwritten.
 */
export class RevertFile {
  readonly #path: string
  #file: WalFile | null = null
  #salts: WalSalts | null = null
  #checksum: WalChecksum = [0, 0]
  readonly #frames = new Map<number, number>()

  constructor(path: string) {
    this.#path = path
  }

  /** What `-info` must record. */
  get state(): BaseState['revert'] {
    return this.#salts === null ? null : { salts: this.#salts, frames: this.#frames.size }
  }

  get pageNumbers(): Iterable<number> {
    return this.#frames.keys()
  }

  get size(): number {
    return this.#frames.size
  }

  has(pageNumber: number): boolean {
    return this.#frames.has(pageNumber)
  }

  /** Reads the base image of a page that {@link has} names into `target`. */
  read(pageNumber: number, target: Uint8Array): void {
    this.#file!.readImage(this.#frames.get(pageNumber)!, target)
  }

  /**
   * Takes over what `-info` recorded.
   *
   * @throws StateError `TIDEMARK_REVERT_DAMAGED` when the file is missing, shorter or damaged: the base is then unknown
   */
  load(recorded: BaseState['revert']): void {
    this.#forget()
    if (recorded === null) return
    try {
      if (!existsSync(this.#path)) throw new Error('it is missing')
      this.#file = WalFile.open(this.#path)
      const header = this.#file.header()
      if (header === null || header.salts[0] !== recorded.salts[0] || header.salts[1] !== recorded.salts[1]) {
        throw new Error('it belongs to another base')
      }
      const checksum = verifyFrames(this.#file, header, recorded.frames, (frame) => {
        this.#frames.set(frame.pageNumber, frame.frameNumber)
      })
      if (checksum === null) throw new Error('a checksum does not match')
      this.#salts = header.salts
      this.#checksum = checksum
    } catch (cause) {
      this.#forget()
      throw new StateError('TIDEMARK_REVERT_DAMAGED', `${this.#path} cannot be used: ${String(cause)}`, {
        recovery: 'pull',
        cause,
      })
    }
  }

  /** Adds base images; on disk when this returns. They count once `-info` has recorded {@link state}. */
  append(pages: Iterable<PageImage>): void {
    let sequence: FrameSequence | null = null
    const added: number[] = []
    let written = 0
    const flush = (file: WalFile, frames: FrameSequence): void => {
      file.writeFrames(this.#frames.size + 1 + written, frames.bytes)
      written = added.length
      frames.clear()
    }
    for (const { pageNumber, image } of pages) {
      const file = this.#openForAppend()
      sequence ??= new FrameSequence({
        salts: this.#salts!,
        checksum: this.#checksum,
        bigEndianChecksum: false,
        capacity: FRAMES_PER_WRITE,
      })
      sequence.add(pageNumber, image)
      added.push(pageNumber)
      if (sequence.isFull) flush(file, sequence)
    }
    if (sequence === null) return
    flush(this.#file!, sequence)
    this.#file!.sync()
    // Only now: what a failing write or sync has left does not count, and is written again.
    this.#checksum = sequence.checksum
    for (const pageNumber of added) this.#frames.set(pageNumber, this.#frames.size + 1)
  }

  /** Forgets all images: the base has changed, and `-info` says so already. */
  clear(): void {
    this.#forget()
    removeFile(this.#path)
  }

  close(): void {
    this.#file?.close()
    this.#file = null
  }

  #openForAppend(): WalFile {
    if (this.#file !== null) return this.#file
    const file = WalFile.on(openCompanion(this.#path))
    const salts: WalSalts = [randomBytes(4).readUInt32BE(), randomBytes(4).readUInt32BE()]
    const header = encodeWalHeader({ checkpointSequence: 0, salts })
    try {
      file.writeHeader(header)
    } catch (error) {
      file.close()
      throw error
    }
    this.#file = file
    this.#salts = salts
    this.#checksum = decodeWalHeader(header).checksum
    return file
  }

  #forget(): void {
    this.close()
    this.#salts = null
    this.#frames.clear()
  }
}
