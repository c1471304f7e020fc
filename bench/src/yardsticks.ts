/** `pnpm bench:yardsticks [--long] [--only TEXT]`: Tidemark beside what the machine needs for the least that could do the work. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { machine } from './machine.ts'
import { applyAgainstWrite } from './yardsticks/apply-against-write.ts'
import { bootstrapAgainstCopy } from './yardsticks/bootstrap-against-copy.ts'
import { clientToClient } from './yardsticks/latency.ts'
import { pullsAgainstRows } from './yardsticks/pull-against-rows.ts'
import { pushAgainstExchange } from './yardsticks/push-against-exchange.ts'
import type { Measured, Yardstick } from './yardsticks/yardstick.ts'

const yardsticks: readonly Yardstick[] = [
  pushAgainstExchange,
  ...pullsAgainstRows,
  clientToClient,
  applyAgainstWrite,
  bootstrapAgainstCopy,
]

const { values: options } = parseArgs({
  options: { long: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
})
process.stdout.write(`${machine()}\n`)
for (const yardstick of yardsticks) {
  if (!yardstick.name.includes(options.only) || (yardstick.isLong && !options.long)) continue
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-yardstick-'))
  try {
    process.stdout.write(`${lineOf(yardstick, await yardstick.measure(directory))}\n`)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function lineOf(
  { name, against, maxRatio }: Yardstick,
  { tidemark, yardstick, unit, note }: Measured,
): string {
  const ratio = tidemark / yardstick
  const target =
    maxRatio === null ? '' : ` (at most ${maxRatio}: ${ratio <= maxRatio ? 'reached' : 'not reached'})`
  const value = (amount: number): string => `${amount.toFixed(unit === 'ms' ? 1 : 0)} ${unit}`
  const numbers = `${value(tidemark)} against ${value(yardstick)}: ${ratio.toFixed(2)}×${target}`
  return `${name}, beside ${against}\n  ${numbers}${note === undefined ? '' : `\n  ${note}`}`
}
