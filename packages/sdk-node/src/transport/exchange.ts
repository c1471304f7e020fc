/** Bytes, in memory or in a file, or chunks that are made while they are sent. Chunks are read once. */
export type Body = Uint8Array | Blob | AsyncIterable<Uint8Array>

/** A request as it goes out: once, and not to where a server redirects it. */
export interface Outgoing {
  readonly address: string
  readonly method: 'get' | 'post'
  readonly headers: Readonly<Record<string, string>>
  readonly body: Body | undefined
  readonly signal: AbortSignal
}

export interface AnswerHeaders {
  /** Null: not there. Names in lower case. */
  get(name: string): string | null
}

/** What came back, of whatever status. */
export interface Answer {
  readonly status: number
  readonly headers: AnswerHeaders
  /** Ends only when the body is whole; fails when it is cut. Leaving it early gives it up. */
  readonly body: AsyncIterable<Uint8Array>
  /** Gives up a body of which nothing was read. */
  cancel(): Promise<void>
}

/** Options of ky: trying again, giving up and failing by status are up to those who send. */
export const SEND_ONCE = { retry: 0, timeout: false, throwHttpErrors: false } as const
