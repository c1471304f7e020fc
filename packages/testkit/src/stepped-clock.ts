/**
 * Loaded before everything else of a process (`--import`): its clock is off by as many milliseconds as the
 * file that `TIDEMARK_CLOCK_OFFSET` names says, at each moment. What measures spans (`performance.now`) goes
 * on as it is, like a machine's monotonic clock.
 */
import { readFileSync } from 'node:fs'

const file = process.env['TIDEMARK_CLOCK_OFFSET']!
const RealDate = Date
const now = (): number => RealDate.now() + Number(readFileSync(file, 'utf8'))

globalThis.Date = class extends RealDate {
  constructor(...given: readonly [] | readonly [number | string]) {
    super(given.length === 0 ? now() : given[0])
  }

  static override now(): number {
    return now()
  }
} as DateConstructor
