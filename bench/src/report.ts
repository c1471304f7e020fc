import { styleText } from 'node:util'
import type { SideResult, WorkResult } from './compare-work.ts'
import { SideFailure } from './processes/client.ts'

/** Ratios that compare the sides, and whether Tidemark reached what it shall. */
export interface Verdict {
  /** Turso's time divided by Tidemark's. */
  readonly timesFaster: number
  /** Turso's bytes divided by Tidemark's. */
  readonly timesFewerBytes: number
  readonly bytes: number
  readonly isReached: boolean
}

/** Null where a side failed. */
export function verdictOf({ work, sides }: WorkResult): Verdict | null {
  const { tidemark, turso } = sides
  if (tidemark instanceof SideFailure || turso instanceof SideFailure) return null
  const bytes = bytesOf(tidemark)
  const timesFaster = turso.ms / tidemark.ms
  const timesFewerBytes = bytesOf(turso) / bytes
  const { target } = work
  const isReached =
    timesFaster >= (target.timesFaster ?? 0) &&
    timesFewerBytes >= (target.timesFewerBytes ?? 0) &&
    bytes <= (target.maxBytes ?? Number.POSITIVE_INFINITY)
  return { timesFaster, timesFewerBytes, bytes, isReached }
}

/** A row of the report, as lines for a terminal. */
export function textOf(result: WorkResult): string {
  const { work, sides } = result
  const verdict = verdictOf(result)
  const title = styleText('bold', work.name)
  return [
    `${title} (durability ${work.durability})`,
    `  tidemark  ${sideText(sides.tidemark)}`,
    `  turso     ${sideText(sides.turso)}`,
    `  ${verdict === null ? 'no comparison' : verdictText(result, verdict)}`,
  ].join('\n')
}

function sideText(side: SideResult | SideFailure): string {
  if (side instanceof SideFailure) return styleText('red', `failed: ${side.message}`)
  const time = `${ms(side.ms)} (${ms(side.fastestMs)} – ${ms(side.slowestMs)})`
  const bytes = `sent ${size(side.sentBytes)}, received ${size(side.receivedBytes)}`
  const cpu = `CPU ${ms(side.clientCpuMs)} + server ${ms(side.serverCpuMs)}`
  const memory = `peak ${side.clientPeakMb.toFixed(0)} + server ${side.serverPeakMb.toFixed(0)} MB`
  return [time, bytes, cpu, memory].join('; ')
}

function verdictText({ work }: WorkResult, verdict: Verdict): string {
  const { timesFaster, timesFewerBytes, maxBytes } = work.target
  const parts = [
    `${verdict.timesFaster.toFixed(2)}× faster${timesFaster === null ? '' : ` (target ${timesFaster})`}`,
  ]
  if (verdict.bytes > 0) {
    const target = timesFewerBytes === undefined ? '' : ` (target ${timesFewerBytes.toFixed(1)})`
    parts.push(`${verdict.timesFewerBytes.toFixed(1)}× fewer bytes${target}`)
  }
  if (maxBytes !== undefined) parts.push(`${verdict.bytes} bytes (at most ${maxBytes})`)
  const mark = verdict.isReached ? styleText('green', 'reached') : styleText('red', 'not reached')
  return `${parts.join('; ')}: ${mark}`
}

function bytesOf(side: SideResult): number {
  return side.sentBytes + side.receivedBytes
}

function ms(value: number): string {
  return value < 100 ? `${value.toFixed(1)} ms` : `${value.toFixed(0)} ms`
}

function size(bytes: number): string {
  if (bytes < 10_000) return `${bytes} B`
  return bytes < 10_000_000 ? `${(bytes / 1000).toFixed(0)} KB` : `${(bytes / 1e6).toFixed(1)} MB`
}
