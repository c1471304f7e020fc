import { closeSync } from 'node:fs'

import Database from 'better-sqlite3'
import { PAGE_SIZE } from '@tidemark/protocol'

import type { PageImage } from '../wal/inject.ts'
import { writeFully } from '../wal/wal-file.ts'
import { openCompanion } from './companion-file.ts'

/** Pages that go to the file by one call. */
const RUN = 64

/**
 * Writes pages to a database file of their own, which is read without a WAL. For this process only: after a
 * crash it is written anew, so nothing of it is synced.
 */
export function writeDatabase(path: string, pages: Iterable<PageImage>): void {
  const descriptor = openCompanion(path)
  try {
    const run = new PageRun(descriptor)
    for (const page of pages) run.add(page)
    run.flush()
  } finally {
    closeSync(descriptor)
  }
}

/** Opens what {@link writeDatabase} has written, to write to it. Nothing is synced here either. */
export function openWritten(path: string): Database.Database {
  const db = new Database(path)
  // A journal that a crash left behind would be played back into the next copy.
  db.pragma('journal_mode = MEMORY')
  db.pragma('synchronous = OFF')
  return db
}

/** Pages that follow each other, up to {@link RUN}. */
class PageRun {
  readonly #descriptor: number
  readonly #bytes = new Uint8Array(RUN * PAGE_SIZE)
  #first = 1
  #count = 0

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  add({ pageNumber, image }: PageImage): void {
    if (this.#count === RUN || pageNumber !== this.#first + this.#count) {
      this.flush()
      this.#first = pageNumber
    }
    const at = this.#count * PAGE_SIZE
    this.#bytes.set(image, at)
    if (pageNumber === 1) this.#bytes.set([1, 1], at + 18)
    this.#count += 1
  }

  flush(): void {
    if (this.#count === 0) return
    const bytes = this.#bytes.subarray(0, this.#count * PAGE_SIZE)
    writeFully(this.#descriptor, bytes, (this.#first - 1) * PAGE_SIZE)
    this.#count = 0
  }
}
