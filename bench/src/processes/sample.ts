/** What one round of a work took, on one side. */
export interface Sample {
  readonly ms: number
  readonly sentBytes: number
  readonly receivedBytes: number
  readonly clientCpuMs: number
  readonly serverCpuMs: number
  readonly clientPeakMb: number
  readonly serverPeakMb: number
  /** Of the rows afterwards. */
  readonly digest: string
}

/** What the client's process says: ready for the first round, a round's sample, or why it cannot go on. */
export type ClientMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'sample'; readonly sample: Sample }
  | { readonly type: 'failed'; readonly reason: string }

/** What it is told: to run a round, numbered from 0. */
export interface ClientOrder {
  readonly round: number
}
