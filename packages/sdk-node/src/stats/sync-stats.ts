import type { Replica } from '@tidemark/engine'
import type { SyncCounters } from './sync-counters.ts'

/** The state of sync. Counters count since the database was opened; times are Unix seconds. */
export interface SyncStats {
  /** Changes that wait to be pushed. */
  readonly cdcOperations: number
  /** Bytes of `<path>-wal`. */
  readonly mainWalSize: number
  /** Bytes of `<path>-wal-revert`. */
  readonly revertWalSize: number
  readonly lastPullUnixTime: number | null
  readonly lastPushUnixTime: number | null
  /** The server's revision that the file was last brought to; empty before the first pull. */
  readonly revision: string
  /** Bytes of request bodies. */
  readonly networkSentBytes: number
  /** Bytes of response bodies. */
  readonly networkReceivedBytes: number
  /** Duration of the last push, pull or sync. */
  readonly lastSyncDurationMs: number | null
  readonly rowsPushed: number
  readonly pagesPulled: number
  /** Conflicts met while pulling, and remote rows overwritten by pushes. */
  readonly conflicts: number
  /** Changes that the server refused for good. */
  readonly rejected: number
  /** Entries of `rejected()` now. */
  readonly quarantined: number
  /** How often an operation waited because something was busy or unreachable. */
  readonly busyRetries: number
}

export function readSyncStats(replica: Replica, counters: SyncCounters): SyncStats {
  const { mainWalBytes, revertWalBytes } = replica.stats()
  const { lastPullUnixTime, lastPushUnixTime, revision } = replica.info
  const { rowsPushed, pagesPulled, conflicts, rejected, busyRetries, lastSyncDurationMs } = counters
  return {
    cdcOperations: replica.pendingCount(),
    mainWalSize: mainWalBytes,
    revertWalSize: revertWalBytes,
    lastPullUnixTime,
    lastPushUnixTime,
    revision,
    networkSentBytes: counters.sentBytes,
    networkReceivedBytes: counters.receivedBytes,
    lastSyncDurationMs,
    rowsPushed,
    pagesPulled,
    conflicts,
    rejected,
    quarantined: replica.queue.rejectedCount(),
    busyRetries,
  }
}
