/** What Tidemark needs for something, beside what the machine needs for the least that could do it. */
export interface Yardstick {
  readonly name: string
  /** What it is compared with. */
  readonly against: string
  /** Tidemark's value divided by the yardstick's shall be at most this; null: no target. */
  readonly maxRatio: number | null
  /** Takes long. */
  readonly isLong: boolean
  measure(directory: string): Promise<Measured>
}

export interface Measured {
  readonly tidemark: number
  readonly yardstick: number
  readonly unit: 'ms' | 'bytes'
  /** What else there is to say. */
  readonly note?: string
}
