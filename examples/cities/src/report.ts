import { styleText } from 'node:util'
import Table from 'cli-table3'
import type { Proof } from './proof.ts'

/** One line of the report. Bytes are those that crossed the wire in this step. */
export interface Step {
  readonly what: string
  readonly rows: number | null
  readonly sentBytes: number
  readonly receivedBytes: number
  readonly ms: number
  readonly note: string
}

/** Something that must be true for the demo to have worked. */
export interface Check {
  readonly what: string
  readonly holds: boolean
}

const started = performance.now()

/** One line of progress, with the seconds since the demo began. */
export function progress(text: string): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(5)
  console.log(`${styleText('dim', `${seconds} s`)}  ${text}`)
}

/** What a step brought, in words. */
export function describeStep({ what, rows, sentBytes, receivedBytes, note }: Step): string {
  const details = [
    rows === null ? '' : `${formatRows(rows)} ${rows === 1 ? 'row' : 'rows'}`,
    sentBytes === 0 ? '' : `${formatBytes(sentBytes)} sent`,
    receivedBytes === 0 ? '' : `${formatBytes(receivedBytes)} received`,
    note,
  ].filter((detail) => detail !== '')
  return details.length === 0 ? what : `${what}: ${details.join(', ')}`
}

export function printSteps(steps: readonly Step[]): void {
  printTable(
    ['step', 'rows', 'sent', 'received', 'time', ''],
    steps.map(({ what, rows, sentBytes, receivedBytes, ms, note }) => [
      what,
      rows === null ? '' : formatRows(rows),
      formatBytes(sentBytes),
      formatBytes(receivedBytes),
      formatTime(ms),
      note,
    ]),
    new Set([1, 2, 3, 4]),
  )
}

export function printProofs(proofs: ReadonlyMap<string, Proof>): void {
  const tables = Object.keys([...proofs.values()][0]?.rows ?? {})
  printTable(
    ['', ...tables, 'content digest', 'integrity_check'],
    [...proofs].map(([where, { rows, digest, integrity }]) => [
      where,
      ...tables.map((name) => formatRows(rows[name] ?? 0)),
      `${digest.slice(0, 16)}…`,
      integrity,
    ]),
    new Set(tables.map((_, index) => index + 1)),
  )
}

export function printChecks(checks: readonly Check[]): void {
  for (const { what, holds } of checks) {
    console.log(`${holds ? styleText('green', '✓') : styleText('red', '✗')} ${what}`)
  }
}

function printTable(head: readonly string[], rows: readonly string[][], right: ReadonlySet<number>): void {
  const table = new Table({
    head: head.map((cell) => styleText('bold', cell)),
    colAligns: head.map((_, column) => (right.has(column) ? 'right' : 'left')),
    chars: {
      'top-left': '─',
      'top-right': '',
      'top-mid': '─',
      left: '',
      right: '',
      middle: ' ',
      mid: '─',
      'left-mid': '─',
      'mid-mid': '─',
      'right-mid': '',
      'bottom-left': '─',
      'bottom-mid': '─',
      'bottom-right': '',
    },
    style: { head: [], border: [], compact: true },
  })
  table.push(...rows)
  console.log(`\n${table.toString()}`)
}

function formatRows(rows: number): string {
  return rows.toLocaleString('en-US')
}

function formatBytes(bytes: number): string {
  if (bytes === 0) return ''
  if (bytes < 1024) return `${bytes} B`
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`
}

function formatTime(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
