import { decodeWalHeader, encodeWalHeader, PAGE_SIZE } from '@tidemark/protocol'

import type { WalFile } from './wal-file.ts'
import type { WalIndexHeader } from './wal-index.ts'

/**
 * Whether {@link beginWal} can be called: a checkpoint has emptied the WAL. One whose checkpointed frames are
 * still there is left to SQLite.
 */
export function isEmptied(wal: WalFile, index: WalIndexHeader): boolean {
  return (
    index.maxFrame === 0 && index.pageSize === PAGE_SIZE && !index.bigEndianChecksum && wal.sizeInBytes === 0
  )
}

/**
 * Writes the header of an emptied WAL, as SQLite's next writer would. Nobody reads it before a commit behind
 * it is published. Under the write lock.
 *
 * Like SQLite it syncs before any frame follows: the truncation that emptied the file may not be on disk, and
 * then a power loss could leave new frames over a part of the old ones.
 */
export function beginWal(wal: WalFile, index: WalIndexHeader): WalIndexHeader {
  const header = encodeWalHeader({ checkpointSequence: 0, salts: index.salts })
  wal.writeHeader(header)
  wal.sync()
  return { ...index, checksum: decodeWalHeader(header).checksum }
}
