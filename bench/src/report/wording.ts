/** What the terminal's and the file's reports say alike. */
import type { WorkResult } from '../comparison/compare-work.ts'
import type { Point } from '../growth/measure.ts'
import type { YardstickResult } from '../yardsticks/yardstick.ts'
import { bytes, times } from './units.ts'

/** `reached`, `not reached`, nothing without a target, or that there is nothing to compare. */
export function outcomeOf({ verdict }: WorkResult): string {
  if (verdict === null) return 'no comparison'
  if (verdict.isReached === null) return ''
  return verdict.isReached ? 'reached' : 'not reached'
}

/** How much faster, and how many fewer bytes, with the targets; null where a side failed. */
export function comparisonOf({ verdict, target }: WorkResult): string | null {
  if (verdict === null) return null
  const parts = [`${times(verdict.timesFaster)} faster${least(target?.timesFaster)}`]
  if (verdict.timesFewerBytes !== null)
    parts.push(`${times(verdict.timesFewerBytes)} fewer bytes${least(target?.timesFewerBytes)}`)
  if (target?.maxBytes !== undefined) parts.push(`${bytes(verdict.bytes)} (≤ ${bytes(target.maxBytes)})`)
  return parts.join(', ')
}

function least(target: number | null = null): string {
  return target === null ? '' : ` (≥ ${Number(target.toFixed(2))}×)`
}

/** The ratio with the highest that is allowed. */
export function yardstickRatio({ ratio, maxRatio }: YardstickResult): string {
  return maxRatio === null ? times(ratio) : `${times(ratio)} (≤ ${maxRatio}×)`
}

export function yardstickOutcome({ maxRatio, isReached }: YardstickResult): string {
  if (maxRatio === null) return ''
  return isReached ? 'reached' : 'not reached'
}

/** `3 of 5 targets reached`. */
export function countReached(works: readonly WorkResult[], yardsticks: readonly YardstickResult[]): string {
  const aimed = [
    ...works.filter(({ target }) => target !== null),
    ...yardsticks.filter(({ maxRatio }) => maxRatio !== null),
  ]
  return `${aimed.length - missesOf(works, yardsticks).length} of ${aimed.length} targets reached`
}

/** The rows with a target that is not reached, as what beside what. */
export function missesOf(works: readonly WorkResult[], yardsticks: readonly YardstickResult[]): string[] {
  return [
    ...works
      .filter(({ target, verdict }) => target !== null && verdict?.isReached !== true)
      .map(({ name }) => `${name}, beside Turso`),
    ...yardsticks
      .filter(({ isReached }) => !isReached)
      .map(({ name, against }) => `${name}, beside ${against}`),
  ]
}

/** How much longer the last point takes than the first. */
export function growthFactor(points: readonly Point[], key: 'pushMs' | 'pullMs'): number {
  return points.at(-1)![key] / points[0]![key]
}
