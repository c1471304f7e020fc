export interface HranaSettings {
  /** `PRAGMA foreign_keys` of a new stream. */
  readonly foreignKeys: boolean
  /** One statement. */
  readonly statementTimeoutMs: number
  /** Waiting for the write turn. */
  readonly turnWaitMs: number
  /** A transaction, from its first statement; checked between statements. */
  readonly transactionTimeoutMs: number
  /** A stream between two requests that has a transaction open. */
  readonly transactionIdleTimeoutMs: number
  /** A stream between two requests. */
  readonly streamIdleTimeoutMs: number
  /** Streams open at the same time on one database. */
  readonly maxStreams: number
  /** Values and text of one answer, roughly. */
  readonly maxResponseBytes: number
}
