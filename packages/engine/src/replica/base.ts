import { readSync } from 'node:fs'

import { PAGE_SIZE } from '@tidemark/protocol'
import type { WalSalts } from '@tidemark/protocol'

import type { WalFile } from '../wal/wal-file.ts'
import { readPageNumbers } from '../wal/wal-index.ts'
import type { RevertFile } from './revert-file.ts'

/**
 * The page at byte 2^30, on which SQLite takes its locks: part of a database's size and never written, so no
 * file need hold it and no server sends it (https://www.sqlite.org/fileformat2.html#the_lock_byte_page).
 */
export const LOCK_BYTE_PAGE = 262_145

/**
 * Reads pages of the base (I1): from `-wal-revert` if it is there, else the newest frame at or before the
 * watermark, else the main file. Holds an index from page to frame for the frames up to the watermark.
 */
export class BaseReader {
  readonly #mainDescriptor: number
  readonly #shmDescriptor: number
  readonly #wal: WalFile
  readonly #revert: RevertFile
  readonly #frames = new Map<number, number>()
  #indexed = 0
  #salts: WalSalts = [0, 0]

  constructor(parts: {
    readonly mainDescriptor: number
    readonly shmDescriptor: number
    readonly wal: WalFile
    readonly revert: RevertFile
  }) {
    this.#mainDescriptor = parts.mainDescriptor
    this.#shmDescriptor = parts.shmDescriptor
    this.#wal = parts.wal
    this.#revert = parts.revert
  }

  /** Counts the frames up to `frame` of the WAL with these salts to the base. They must be in the wal-index. */
  extendTo(frame: number, salts: WalSalts): void {
    this.#salts = salts
    const pages = readPageNumbers(this.#shmDescriptor, this.#indexed + 1, frame)
    for (const page of pages) this.#frames.set(page, ++this.#indexed)
  }

  /** The WAL has started over: the main file has every frame that was counted. */
  restart(): void {
    this.#frames.clear()
    this.#indexed = 0
  }

  /** Reads the base image of `pageNumber` into `target`. False where no file holds it. */
  read(pageNumber: number, target: Uint8Array): boolean {
    if (this.#revert.has(pageNumber)) {
      this.#revert.read(pageNumber, target)
      return true
    }
    return this.readBelowRevert(pageNumber, target)
  }

  /** The same without `-wal-revert`: the page as it was at the watermark, overlay included. */
  readBelowRevert(pageNumber: number, target: Uint8Array): boolean {
    if (pageNumber === LOCK_BYTE_PAGE) {
      target.fill(0)
      return true
    }
    const frame = this.#frames.get(pageNumber)
    if (frame !== undefined && this.#readFrame(frame, target)) return true
    return readSync(this.#mainDescriptor, target, 0, PAGE_SIZE, (pageNumber - 1) * PAGE_SIZE) === PAGE_SIZE
  }

  /**
   * False: since the last look at the wal-index the WAL has been emptied, or started over by a writer. Then
   * the main file has the page. Salts are written before images.
   */
  #readFrame(frame: number, target: Uint8Array): boolean {
    if (!this.#wal.readImageIfThere(frame, target)) return false
    const salts = this.#wal.readSalts(frame)
    return salts[0] === this.#salts[0] && salts[1] === this.#salts[1]
  }
}
