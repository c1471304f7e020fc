export { connect } from './connect.ts'
export { Database } from './database/database.ts'
export type { AggregateOptions, SqlFunction } from './database/database.ts'
export type { TransactionBody, TransactionFunction } from './database/transaction-function.ts'
export { Statement } from './statement/statement.ts'
export type { ColumnDefinition, RunResult } from './statement/statement.ts'
export type {
  AutoCheckpointOptions,
  ConnectOptions,
  OperationOptions,
  PullOptions,
  ResetOptions,
  RetryOptions,
} from './options/connect-options.ts'
export type { PushResult, SyncResult } from './sync/sync-results.ts'
export type { ConflictDecision, ConflictResolution, ConflictStrategy } from './sync/conflict-resolution.ts'
export type { SyncStats } from './stats/sync-stats.ts'
export type { DiscardFilter } from './queue/discard-filter.ts'
export type { DiscardOptions, RetryRejectedOptions } from './queue/edit-queue.ts'
export type { RejectedChange } from './queue/rejected-change.ts'
export type { LocalChange, PendingChange, PendingFilter, Row } from './queue/pending-change.ts'
export type {
  Mutation,
  MutationRow,
  MutationValue,
  Transform,
  TransformDecision,
} from './transform/mutation.ts'
export type {
  BusyEvent,
  PullEvent,
  RejectedEvent,
  RollbackEvent,
  SyncEventName,
  SyncEvents,
  SyncListener,
} from './events/sync-events.ts'
export { retryFetch } from './transport/retry-fetch.ts'
export type { RetryFetchOptions } from './transport/retry-fetch.ts'
export { AuthError } from './errors/auth-error.ts'
export { CheckpointNeededError } from './errors/checkpoint-needed-error.ts'
export { ConflictResolverError } from './errors/conflict-resolver-error.ts'
export { NetworkError } from './errors/network-error.ts'
export type { NetworkErrorOptions } from './errors/network-error.ts'
export { OptionsError } from './errors/options-error.ts'
export { RejectedError } from './errors/rejected-error.ts'
export type { Rejection } from './errors/rejected-error.ts'
export { SyncConflictError } from './errors/sync-conflict-error.ts'
export { TransformError } from './errors/transform-error.ts'
export {
  BusyError,
  isTidemarkError,
  LimitError,
  ProtocolError,
  RawText,
  StateError,
  TidemarkError,
} from '@tidemark/protocol'
export type { ConflictKind, ConflictRow, Recovery, SqlValue } from '@tidemark/protocol'
export { RefusedChangeError } from '@tidemark/engine'
export type { Conflict, Reason } from '@tidemark/engine'
