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

/** What the client's process says: ready for the next order, a round's sample, or why it cannot go on. */
export type ClientMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'sample'; readonly sample: Sample }
  | { readonly type: 'failed'; readonly reason: string }

/** What it is told: to measure a round, or to run some without measuring them, from 0 on. */
export type ClientOrder = { readonly round: number } | { readonly warmUps: number }
