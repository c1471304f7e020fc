import { closeSync, fsyncSync } from 'node:fs'

import { PAGE_SIZE } from '@tidemark/protocol'

import type { PageImage } from '../wal/inject.ts'
import { writeFully } from '../wal/wal-file.ts'
import { openCompanion } from './companion-file.ts'

/** Writes pages to a database file of their own, which is read without a WAL. */
export function writeDatabase(path: string, pages: Iterable<PageImage>): void {
  const descriptor = openCompanion(path)
  try {
    for (const { pageNumber, image } of pages) {
      const bytes = pageNumber === 1 ? Uint8Array.from(image) : image
      if (pageNumber === 1) bytes.set([1, 1], 18)
      writeFully(descriptor, bytes, (pageNumber - 1) * PAGE_SIZE)
    }
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
