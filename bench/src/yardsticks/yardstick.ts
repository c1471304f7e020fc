import type { Spread } from '../statistics.ts'

/** What Tidemark needs for something, beside what the machine needs for the least that could do it. */
export interface Yardstick {
  readonly name: string
  /** What it is compared with. */
  readonly against: string
  /** Of both; null where nothing is committed. */
  readonly durability: 'full' | null
  /** Tidemark's median divided by the yardstick's shall be at most this; null: no target. */
  readonly maxRatio: number | null
  measure(directory: string): Promise<Measured>
}

export interface Measured {
  readonly unit: 'ms' | 'bytes'
  readonly tidemark: Spread
  readonly yardstick: Spread
  /** What else there is to say. */
  readonly note?: string
}

export interface YardstickResult extends Omit<Yardstick, 'measure'>, Measured {
  readonly ratio: number
  readonly isReached: boolean
}

export async function runYardstick(yardstick: Yardstick, directory: string): Promise<YardstickResult> {
  const { name, against, durability, maxRatio } = yardstick
  const measured = await yardstick.measure(directory)
  const ratio = measured.tidemark.median / measured.yardstick.median
  const isReached = ratio <= (maxRatio ?? Number.POSITIVE_INFINITY)
  return { name, against, durability, maxRatio, ...measured, ratio, isReached }
}
