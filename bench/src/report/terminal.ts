import { styleText } from 'node:util'
import type { SideFailed, SideResult, WorkResult } from '../comparison/compare-work.ts'
import type { Growth } from '../growth/measure.ts'
import type { Spread } from '../statistics.ts'
import type { YardstickResult } from '../yardsticks/yardstick.ts'
import { bytes, megabytes, ms, seconds } from './units.ts'
import { comparisonOf, growthFactor, outcomeOf, yardstickOutcome, yardstickRatio } from './wording.ts'

const WIDTHS = [10, 12, 26, 11, 11, 11, 11, 11, 11]
const HEADINGS = ['', 'median', 'spread', 'sent', 'received', 'CPU client', 'server', 'peak client', 'server']

/** The names of the columns of {@link workText}. */
export function headings(): string {
  return styleText('dim', columns(HEADINGS))
}

/** A row of the comparison: both sides and their ratio. */
export function workText(result: WorkResult): string {
  const { name, durability, sides, note } = result
  return [
    `${styleText('bold', name)} (durability ${durability})`,
    sideText('tidemark', sides.tidemark),
    sideText('turso', sides.turso),
    withOutcome(comparisonOf(result) ?? '', outcomeOf(result)),
    ...(note === undefined ? [] : [`  ${note}`]),
  ].join('\n')
}

/** A yardstick: what Tidemark needs, what the least needs, and their ratio. */
export function yardstickText(result: YardstickResult): string {
  const { name, against, durability, tidemark, yardstick, unit, note } = result
  const format = unit === 'ms' ? ms : bytes
  const value = (label: string, spread: Spread): string =>
    columns([label, format(spread.median), spreadText(spread, format)])
  return [
    `${styleText('bold', name)}, beside ${against}${durability === null ? '' : ` (durability ${durability})`}`,
    value('tidemark', tidemark),
    value('least', yardstick),
    withOutcome(yardstickRatio(result), yardstickOutcome(result)),
    ...(note === undefined ? [] : [`  ${note}`]),
  ].join('\n')
}

/** Times of both sides at each size, with the factor from the first to the last. */
export function growthText(growth: readonly Growth[]): string {
  const series = { 'rows in the database': 'bySize', 'rows in the backlog': 'byBacklog' } as const
  const lines = Object.entries(series).flatMap(([axis, key]) => [
    styleText('bold', `by ${axis}`),
    ...growth.flatMap((own) =>
      (['pushMs', 'pullMs'] as const).map((time) => {
        const points = own[key].map((point) => `${point.rows.toLocaleString('en')}: ${ms(point[time])}`)
        const factor = growthFactor(own[key], time).toFixed(2)
        return `  ${`${own.side} ${time.slice(0, 4)}`.padEnd(14)} ${points.join(', ')} (×${factor})`
      }),
    ),
  ])
  return `${lines.join('\n')}\n`
}

function sideText(side: string, result: SideResult | SideFailed): string {
  if ('failed' in result) return `${columns([side])} ${styleText('red', `failed: ${result.failed}`)}`
  return columns([
    side,
    ms(result.ms.median),
    spreadText(result.ms, ms),
    bytes(result.sentBytes),
    bytes(result.receivedBytes),
    seconds(result.clientCpuMs),
    seconds(result.serverCpuMs),
    megabytes(result.clientPeakMb),
    megabytes(result.serverPeakMb),
  ])
}

function spreadText({ lowest, highest }: Spread, format: (value: number) => string): string {
  return lowest === highest ? '' : `${format(lowest)} – ${format(highest)}`
}

function columns(cells: readonly string[]): string {
  return cells
    .map((cell, index) => (index === 0 ? `  ${cell}`.padEnd(WIDTHS[0]! + 2) : cell.padStart(WIDTHS[index]!)))
    .join(' ')
    .trimEnd()
}

/** A row's last line; either part may be empty. */
function withOutcome(comparison: string, outcome: string): string {
  const colored = outcome === '' ? '' : styleText(outcome === 'reached' ? 'green' : 'red', outcome)
  return `  ${[comparison, colored].filter((part) => part !== '').join(': ')}`
}
