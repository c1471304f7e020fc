export { BusyError, isTidemarkError, LimitError, ProtocolError, StateError, TidemarkError } from './errors.ts'
export type { Recovery, TidemarkErrorOptions } from './errors.ts'
export { RawText, ValueDigest } from './value.ts'
export type { ImageValue, SqlValue } from './value.ts'
export type { Change, RowChange, SchemaChange, TableShape } from './change.ts'
export { updateWalChecksum, walChecksum, WAL_CHECKSUM_SEED } from './wal/wal-checksum.ts'
export type { WalChecksum } from './wal/wal-checksum.ts'
export { pageChecksums } from './wal/page-checksum.ts'
export {
  decodeFrameHeader,
  decodeWalHeader,
  encodeFrameHeader,
  encodeWalHeader,
  FRAME_HEADER_SIZE,
  FRAME_SIZE,
  frameCommitSize,
  frameOffset,
  framePageNumber,
  PAGE_SIZE,
  WAL_HEADER_SIZE,
  WAL_VERSION,
} from './wal/wal-format.ts'
export type { FrameHeader, WalHeader, WalSalts } from './wal/wal-format.ts'
export { FrameSequence } from './wal/frame-sequence.ts'
export { Seal } from './framing/seal.ts'
export { PROTOCOL_LIMITS } from './limits.ts'
export { compress, decompress, initProtocol } from './zstd/zstd.ts'
export { encodeDelimited } from './framing/encode-delimited.ts'
export { DelimitedDecoder } from './framing/delimited-decoder.ts'
export { matchesImage, toImageValue } from './columns/image-value.ts'
export { decodePullRequest, encodePullRequest } from './pull/pull-request.ts'
export type { PullEcho, PullEncoding, PullRequest } from './pull/pull-request.ts'
export { PushedRows } from './echo/pushed-rows.ts'
export type { PullHeader } from './pull/pull-header.ts'
export type { OldImageLookup, PulledPage } from './pull/page-group.ts'
export { PullEncoder } from './pull/pull-encoder.ts'
export { PullDecoder } from './pull/pull-decoder.ts'
export type { PullDecoderOptions, PullEvent } from './pull/pull-decoder.ts'
export { PUSH_ID_BYTES } from './push/push-header.ts'
export type { ConflictPolicy, PushHeader } from './push/push-header.ts'
export { PushEncoder } from './push/push-encoder.ts'
export { PushDecoder } from './push/push-decoder.ts'
export type { PushEvent, PushLimits } from './push/push-decoder.ts'
export type { ConflictKind, ConflictRow } from './push/conflict-row.ts'
export { decodeRowidMap, encodeRowidMap } from './push/rowid-map.ts'
export type { RowidMapping } from './push/rowid-map.ts'
export { decodePushResponse, encodePushResponse } from './push/push-response.ts'
export type { AppliedBatch, PushResponse } from './push/push-response.ts'
export {
  decodePageHashesRequest,
  decodePageHashesResponse,
  encodePageHashesRequest,
  encodePageHashesResponse,
  PAGE_HASH_BYTES,
  pageHash,
} from './hashes/page-hashes.ts'
export type { PageHashesRequest, PageHashesResponse } from './hashes/page-hashes.ts'
export { parseServerInfo } from './info/server-info.ts'
export type { ServerInfo } from './info/server-info.ts'
export { fromHranaValue, toHranaValue } from './hrana/hrana-value.ts'
export { parseCursorRequest, parsePipelineRequest } from './hrana/parse-request.ts'
export { parseStatementResult } from './hrana/parse-statement-result.ts'
export type { HranaRows } from './hrana/parse-statement-result.ts'
export type {
  HranaBatch,
  HranaBatchResult,
  HranaBatchStep,
  HranaColumn,
  HranaCondition,
  HranaCursorEntry,
  HranaCursorRequest,
  HranaCursorResponse,
  HranaDescribeResult,
  HranaError,
  HranaNamedArg,
  HranaPipelineRequest,
  HranaPipelineResponse,
  HranaRequest,
  HranaResponse,
  HranaResult,
  HranaSqlReference,
  HranaStatement,
  HranaStatementResult,
  HranaValue,
} from './hrana/hrana-types.ts'
