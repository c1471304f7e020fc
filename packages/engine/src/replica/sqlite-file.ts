import { readSync } from 'node:fs'

import { PAGE_SIZE, StateError } from '@tidemark/protocol'

import { acquireDescriptor, releaseDescriptor } from './descriptors.ts'

const MAGIC = 'SQLite format 3\0'
const HEADER_BYTES = 100

/**
 * Checks that the file is a SQLite database with 4096-byte pages, without opening it by SQLite.
 *
 * @throws StateError `TIDEMARK_NOT_A_DATABASE`, `TIDEMARK_PAGE_SIZE`
 */
export function assertSqliteFile(path: string): void {
  const header = assertDatabase(path)
  if (header === null) return
  const stored = header.readUInt16BE(16)
  const pageSize = stored === 1 ? 65_536 : stored
  if (pageSize !== PAGE_SIZE) {
    throw new StateError(
      'TIDEMARK_PAGE_SIZE',
      `${path} has pages of ${pageSize} bytes; only ${PAGE_SIZE} can be synced. Convert a copy with: PRAGMA journal_mode = DELETE; PRAGMA page_size = ${PAGE_SIZE}; VACUUM;`,
      { recovery: 'operator' },
    )
  }
}

/**
 * Checks that the file is a SQLite database, of whatever page size: by a wrong path it could be anything.
 *
 * @returns its header; null for an empty file, which is a database that nothing has been written to
 * @throws StateError `TIDEMARK_NOT_A_DATABASE`
 */
export function assertDatabase(path: string): Buffer | null {
  const header = Buffer.alloc(HEADER_BYTES)
  const descriptor = acquireDescriptor(path)
  let length: number
  try {
    length = readSync(descriptor, header, 0, header.length, 0)
  } finally {
    releaseDescriptor(descriptor)
  }
  if (length === 0) return null
  if (header.toString('latin1', 0, MAGIC.length) === MAGIC) return header
  throw new StateError(
    'TIDEMARK_NOT_A_DATABASE',
    `${path} is not a SQLite database, or its beginning is damaged. It was left as it is. If it is not needed, move it away.`,
    { recovery: 'operator' },
  )
}
