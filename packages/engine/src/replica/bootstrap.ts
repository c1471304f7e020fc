import { randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, renameSync } from 'node:fs'

import { PAGE_SIZE, ProtocolError } from '@tidemark/protocol'

import { WAL_FORMAT_VERSION } from '../wal/inject.ts'
import { writeFully } from '../wal/wal-file.ts'
import { LOCK_BYTE_PAGE } from './base.ts'
import { checkPageOne } from './check-page-one.ts'
import { openCompanion } from './companion-file.ts'
import { readPageOne, writePageOne } from './page-one.ts'
import { removeDurably, removeFile, syncDirectoryOf } from './durable-file.ts'
import { initialInfo, saveInfo } from './info.ts'
import type { PageOnePatch } from './info.ts'
import { stampMainFile } from './main-file.ts'
import { replicaPaths } from './paths.ts'

const PAGES_PER_WRITE = 64

export interface BootstrapOptions {
  /** Names the new replica to the server; a random one by default. */
  readonly clientId?: string
  readonly url: string | null
}

/**
 * Downloads a whole database to `<db>-bootstrap`. {@link finish} puts it in place: a crash before leaves no
 * replica, a crash after leaves a complete one.
 */
export class BootstrapWriter {
  readonly #path: string
  readonly #options: BootstrapOptions
  readonly #descriptor: number
  readonly #pages = new Set<number>()
  /** Neighbours that are still to be written, the first of them page `#runStart`. */
  readonly #run = Buffer.allocUnsafeSlow(PAGES_PER_WRITE * PAGE_SIZE)
  #runStart = 1
  #runPages = 0
  /** The size that page 1 gives the database; 0 where it does not. */
  #sizeInPageOne = 0
  #pageOne: PageOnePatch | null = null
  #isClosed = false

  constructor(path: string, options: BootstrapOptions) {
    this.#path = path
    this.#options = options
    this.#descriptor = openCompanion(replicaPaths(path).bootstrap)
  }

  /** @throws ProtocolError for page 0, a page of the wrong size, one that came before, or a page 1 that is none */
  writePage(pageNumber: number, image: Uint8Array): void {
    if (pageNumber < 1 || image.byteLength !== PAGE_SIZE || this.#pages.has(pageNumber)) {
      throw new ProtocolError(`page ${pageNumber} of ${image.byteLength} bytes is not expected`)
    }
    this.#pages.add(pageNumber)
    let bytes = image
    if (pageNumber === 1) {
      this.#sizeInPageOne = checkPageOne(image)
      this.#pageOne = readPageOne(image)
      bytes = Uint8Array.from(image)
      writePageOne(bytes, { ...this.#pageOne, formatVersions: [WAL_FORMAT_VERSION, WAL_FORMAT_VERSION] })
    }
    this.#addToRun(pageNumber, bytes)
  }

  /** Puts the database in place. @throws ProtocolError when pages are missing; nothing has changed then */
  finish(end: { readonly revision: string; readonly sizeInPages: number }): void {
    const missing = end.sizeInPages - this.#pages.size
    const hasLockBytePage = end.sizeInPages < LOCK_BYTE_PAGE || this.#pages.has(LOCK_BYTE_PAGE)
    if (end.sizeInPages < 1 || missing !== (hasLockBytePage ? 0 : 1)) {
      throw new ProtocolError(`The server announced ${end.sizeInPages} pages and sent ${this.#pages.size}`)
    }
    for (const page of this.#pages) {
      if (page > end.sizeInPages)
        throw new ProtocolError(`page ${page} lies beyond the announced ${end.sizeInPages} pages`)
    }
    if (this.#sizeInPageOne > end.sizeInPages) {
      throw new ProtocolError(
        `the database has ${end.sizeInPages} pages, and ${this.#sizeInPageOne} by its first page`,
      )
    }
    this.#writeRun()
    const mainFile = stampMainFile(this.#descriptor, null)
    fsyncSync(this.#descriptor)
    this.#close()
    const paths = replicaPaths(this.#path)
    // A file that is to be replaced would be taken for the replica that the state below is of.
    removeDurably(paths.main)
    for (const stale of [paths.wal, paths.sharedMemory, paths.revert, paths.changes, paths.replay])
      removeFile(stale)
    // State first: state without a database means that there is none yet, a database without state could be anyone's.
    saveInfo(paths.info, {
      ...initialInfo(this.#options.clientId ?? randomUUID(), this.#options.url),
      ...end,
      lastPullUnixTime: Math.floor(Date.now() / 1000),
      base: {
        watermark: { frame: 0, salts: [0, 0], checksum: [0, 0] },
        backfilled: true,
        mainFile,
        revert: null,
        pageOne: this.#pageOne,
      },
    })
    renameSync(paths.bootstrap, paths.main)
    syncDirectoryOf(paths.main)
  }

  /** Throws the download away. */
  abort(): void {
    this.#close()
    removeFile(replicaPaths(this.#path).bootstrap)
  }

  #addToRun(pageNumber: number, image: Uint8Array): void {
    if (pageNumber !== this.#runStart + this.#runPages || this.#runPages === PAGES_PER_WRITE) {
      this.#writeRun()
      this.#runStart = pageNumber
    }
    this.#run.set(image, this.#runPages * PAGE_SIZE)
    this.#runPages += 1
  }

  #writeRun(): void {
    const bytes = this.#run.subarray(0, this.#runPages * PAGE_SIZE)
    writeFully(this.#descriptor, bytes, (this.#runStart - 1) * PAGE_SIZE)
    this.#runPages = 0
  }

  /** The number of a closed descriptor may be another file's by the time of an {@link abort}. */
  #close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    closeSync(this.#descriptor)
  }
}
