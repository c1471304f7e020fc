export { BusyError, isTidemarkError, LimitError, ProtocolError, StateError, TidemarkError } from './errors.ts'
export type { Recovery, TidemarkErrorOptions } from './errors.ts'
export { RawText, ValueDigest } from './value.ts'
export type { ImageValue, SqlValue } from './value.ts'
export type { Change, RowChange, SchemaChange, TableShape } from './change.ts'
export { updateWalChecksum, walChecksum, WAL_CHECKSUM_SEED } from './wal/wal-checksum.ts'
export type { WalChecksum } from './wal/wal-checksum.ts'
export {
  decodeFrameHeader,
  decodeWalHeader,
  encodeFrameHeader,
  encodeWalHeader,
  FRAME_HEADER_SIZE,
  FRAME_SIZE,
  frameOffset,
  PAGE_SIZE,
  WAL_HEADER_SIZE,
  WAL_VERSION,
} from './wal/wal-format.ts'
export type { FrameHeader, WalHeader, WalSalts } from './wal/wal-format.ts'
export { FrameSequence } from './wal/frame-sequence.ts'
