/** Bytes of request and response bodies since the database was opened. */
export interface ByteCounters {
  sentBytes: number
  receivedBytes: number
}
