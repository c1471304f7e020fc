import type { WorkResult } from './comparison/compare-work.ts'
import type { Growth } from './growth/measure.ts'
import type { YardstickResult } from './yardsticks/yardstick.ts'

/** All that a run measured, with what it ran on: what `--json` writes, and what the reports are made from. */
export interface Results {
  readonly date: string
  readonly machine: string
  /** The contenders with their versions. */
  readonly contenders: readonly string[]
  readonly works: readonly WorkResult[]
  readonly yardsticks: readonly YardstickResult[]
  /** Null where it was not asked for. */
  readonly growth: readonly Growth[] | null
}
