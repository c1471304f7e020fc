import { decodeWalHeader, encodeWalHeader, PAGE_SIZE } from '@tidemark/protocol'

import type { WalFile } from './wal-file.ts'
import type { WalIndexHeader } from './wal-index.ts'

/**
 * Whether {@link beginWal} can be called: a checkpoint has emptied the WAL. Where the file still has frames that were checkpointed, a power loss may take the new header
 * and leave some of the frames behind it, so that others, older than the main file, count again; SQLite knows to sync between them.
 */
export function isEmptied(wal: WalFile, index: WalIndexHeader): boolean {
  return (
    index.maxFrame === 0 && index.pageSize === PAGE_SIZE && !index.bigEndianChecksum && wal.sizeInBytes === 0
  )
}

/** Writes the header of an emptied WAL, as SQLite's next writer would. Nobody reads it before a commit behind it is published. Under the write lock. */
export function beginWal(wal: WalFile, index: WalIndexHeader): WalIndexHeader {
  const header = encodeWalHeader({ checkpointSequence: 0, salts: index.salts })
  wal.writeHeader(header)
  return { ...index, checksum: decodeWalHeader(header).checksum }
}
