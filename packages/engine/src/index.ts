export * from './server-side.ts'

export { parseAlterTable } from './sql/parse-alter-table.ts'
export type { AlterTable } from './sql/parse-alter-table.ts'
export { tableRenaming } from './sql/table-renaming.ts'
export type { TableRenaming } from './sql/table-renaming.ts'
export { quoteIdentifier, quoteText } from './sql/quote.ts'

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
export { capturedCount, maxChangeId, readCaptured, readCapturedFrom } from './capture/read-captured.ts'
export { captureSchemaStatement } from './capture/schema-statement.ts'
export { toWireChange } from './capture/to-wire-change.ts'
export type { BeforeImages } from './capture/to-wire-change.ts'

export { RefusedChangeError } from './apply/refused-change-error.ts'
export { acknowledgedChangeId, pushRecord } from './apply/push-record.ts'
export type { PushRecord } from './apply/push-record.ts'
export { RowidMap } from './apply/rowid-map.ts'

export { acknowledgement } from './replay/acknowledged.ts'
export type { Acknowledgement, PushMemory } from './replay/acknowledged.ts'
export { checkResolution } from './replay/check-resolution.ts'
export type { Conflict, ConflictResolver, Resolution, Row } from './replay/conflict.ts'
export { replayCaptured } from './replay/replay-captured.ts'
export type { ReplayOptions, ReplayReport } from './replay/replay-captured.ts'

export { blockedChanges } from './queue/blocked-changes.ts'
export type { Reason } from './queue/reason.ts'
export { rejectedCount } from './queue/rejected-changes.ts'
export type { RejectedEntry } from './queue/rejected-changes.ts'

export type { AcknowledgedRows } from './replica/acknowledged-rows.ts'
export { isBaseDamaged } from './replica/base-damaged.ts'
export { Replica } from './replica/replica.ts'
export type { ReplicaOptions } from './replica/replica-options.ts'
export type { ReplicaStats } from './replica/replica.ts'
export type { BootstrapOptions, BootstrapWriter } from './replica/bootstrap.ts'
export type { PullStage } from './replica/changes-file.ts'
export type { StagedPull } from './replica/staged-pages.ts'
export type { ApplyReport, ReplayOptions as ApplyOptions } from './replica/finish-replay.ts'
export { loadInfo } from './replica/info.ts'
export type { InfoPatch, ReplicaInfo } from './replica/info.ts'
export { readSyncState } from './replica/pulled-base.ts'
export { replicaPaths } from './replica/paths.ts'
export type { ReplicaPaths } from './replica/paths.ts'
export type { PushSource } from './replica/push-source.ts'
export type { BaseRebuild } from './replica/rebuild-base.ts'
export type { Durability } from './replica/replica-options.ts'
