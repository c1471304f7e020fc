export { readBackfilledFrames, readPageNumbers, readWalIndexHeader } from './wal/wal-index.ts'
export type { WalIndexHeader } from './wal/wal-index.ts'
export { WalFile } from './wal/wal-file.ts'
export type { WalFrame } from './wal/wal-file.ts'

export { splitStatements } from './sql/split-statements.ts'
export { classifyStatement } from './sql/classify-statement.ts'
export type { StatementClass } from './sql/classify-statement.ts'
export { quoteIdentifier } from './sql/quote.ts'
export { isOperational, sqliteCode } from './sql/sqlite-error.ts'

export { adoptExisting } from './capture/adopt-existing.ts'
export type {
  CapturedChange,
  CapturedCommit,
  CapturedRow,
  CapturedSchema,
} from './capture/captured-change.ts'
export { CapturedDecoder, decodeCaptured, encodeCaptured } from './capture/captured-codec.ts'
export { writeCommitMarker } from './capture/commit-marker.ts'
export { captureDifference } from './capture/difference.ts'
export { captureForeignSchema } from './capture/foreign-schema.ts'
export { hasCapture, installCapture, removeCapture } from './capture/install.ts'
export { capturedCount, maxChangeId, readCaptured } from './capture/read-captured.ts'
export { captureSchemaStatement } from './capture/schema-statement.ts'
export { toWireChange } from './capture/to-wire-change.ts'

export { ApplyConnection } from './apply/apply-connection.ts'
export { applyPush } from './apply/apply-push.ts'
export type { PushInput, PushOutcome } from './apply/apply-push.ts'
export type { ConflictLimits } from './apply/conflict-log.ts'
export { acknowledgedChangeId, pushRecord } from './apply/push-record.ts'
export type { PushRecord } from './apply/push-record.ts'

export { acknowledgedRowids } from './replay/acknowledged.ts'
export type { Conflict, ConflictResolver, Resolution, Row } from './replay/conflict.ts'
export { replayCaptured } from './replay/replay-captured.ts'
export type { ReplayOptions, ReplayReport } from './replay/replay-captured.ts'

export { Replica } from './replica/replica.ts'
export type { ReplicaOptions, ReplicaStats } from './replica/replica.ts'
export type { BootstrapOptions, BootstrapWriter } from './replica/bootstrap.ts'
export type { PullStage, StagedPull } from './replica/changes-file.ts'
export type { ApplyReport, ReplayOptions as ApplyOptions } from './replica/finish-replay.ts'
export { loadInfo } from './replica/info.ts'
export type { InfoPatch, ReplicaInfo } from './replica/info.ts'
export { replicaPaths } from './replica/paths.ts'
export type { ReplicaPaths } from './replica/paths.ts'
export type { PushSource } from './replica/push-source.ts'
export type { BaseRebuild } from './replica/rebuild-base.ts'
export type { Durability } from './replica/session.ts'
