import type { ByteCounters } from '../transport/byte-counters.ts'

/** What happened since the database was opened. */
export interface SyncCounters extends ByteCounters {
  rowsPushed: number
  pagesPulled: number
  conflicts: number
  rejected: number
  busyRetries: number
  lastSyncDurationMs: number | null
}

export function newSyncCounters(): SyncCounters {
  return {
    sentBytes: 0,
    receivedBytes: 0,
    rowsPushed: 0,
    pagesPulled: 0,
    conflicts: 0,
    rejected: 0,
    busyRetries: 0,
    lastSyncDurationMs: null,
  }
}
