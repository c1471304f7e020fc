import type { ServerConfig } from '../config/server-config.ts'
import type { WorkerLimits } from './worker-settings.ts'

/** How long a worker that died may keep a database's files. */
const LOCK_WAIT_MS = 5000
/**
 * Others wait as long at most for a push that arrives slowly; a client beside the server sends faster than it
 * is applied.
 */
const ARRIVAL_WAIT_MS = 250

/** What of the configuration concerns the workers. */
export function workerSettings(config: ServerConfig): WorkerLimits {
  const {
    statementTimeoutMs,
    turnWaitMs,
    transactionTimeoutMs,
    transactionIdleTimeoutMs,
    streamIdleTimeoutMs,
  } = config
  return {
    database: {
      durability: config.durability,
      maxDatabaseBytes: config.maxDatabaseBytes,
      retention: { bytes: config.historyBytes, ageMs: config.historySeconds * 1000 },
      segmentBytes: config.historySegmentBytes,
      checkpointFrames: config.checkpointFrames,
      lockWaitMs: LOCK_WAIT_MS,
    },
    hrana: {
      foreignKeys: config.foreignKeys,
      statementTimeoutMs,
      turnWaitMs,
      transactionTimeoutMs,
      transactionIdleTimeoutMs,
      streamIdleTimeoutMs,
      maxStreams: config.maxStreams,
      maxResponseBytes: config.maxSqlResponseBytes,
    },
    push: {
      maxPushBytes: config.maxPushBytes,
      maxBlockBytes: config.maxPushBlockBytes,
      maxWalPages: config.maxWalPages,
      turnWaitMs,
      arrivalWaitMs: ARRIVAL_WAIT_MS,
      applyTimeoutMs: config.applyTimeoutMs,
    },
    maxLongPollMs: config.maxLongPollMs,
    maxOpenDatabases: Math.max(Math.floor(config.maxOpenDatabases / config.workers), 1),
    maxRssBytes: config.maxWorkerBytes,
  }
}
