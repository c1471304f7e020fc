export { readBackfilledFrames, readPageNumbers, readWalIndexHeader } from './wal/wal-index.ts'
export type { WalIndexHeader } from './wal/wal-index.ts'
export { WalFile } from './wal/wal-file.ts'
export type { WalFrame } from './wal/wal-file.ts'
