import { styleText } from 'node:util'
import Table from 'cli-table3'
import type { Proof } from './proof.ts'

/** One line of the report. Bytes are those that crossed the wire in this step, both ways. */
export interface Step {
  readonly what: string
  readonly rows: number | null
  readonly sentBytes: number | null
  readonly receivedBytes: number | null
  readonly ms: number
  readonly note: string
}

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

export function printSteps(steps: readonly Step[]): void {
  const table = new Table({
    head: ['step', 'rows', 'sent', 'received', 'time', ''],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'left'],
    style: { head: ['bold'], border: ['dim'], compact: true },
  })
  for (const { what, rows, sentBytes, receivedBytes, ms, note } of steps) {
    table.push([
      what,
      formatRows(rows),
      formatBytes(sentBytes),
      formatBytes(receivedBytes),
      formatTime(ms),
      note,
    ])
  }
  console.log(`\n${table.toString()}`)
}

export function printProofs(proofs: ReadonlyMap<string, Proof>): void {
  const tables = Object.keys([...proofs.values()][0]?.rows ?? {})
  const table = new Table({
    head: ['', ...tables, 'content digest', 'integrity_check'],
    colAligns: ['left', ...tables.map(() => 'right' as const), 'left', 'left'],
    style: { head: ['bold'], border: ['dim'], compact: true },
  })
  for (const [where, { rows, digest, integrity }] of proofs) {
    table.push([
      where,
      ...tables.map((name) => formatRows(rows[name] ?? 0)),
      `${digest.slice(0, 16)}…`,
      integrity,
    ])
  }
  console.log(`\n${table.toString()}\n`)
}

export function printChecks(checks: readonly Check[]): void {
  for (const { what, holds } of checks) {
    console.log(`${holds ? styleText('green', '✓') : styleText('red', '✗')} ${what}`)
  }
}

export function formatRows(rows: number | null): string {
  return rows === null ? '' : rows.toLocaleString('en-US')
}

export function formatBytes(bytes: number | null): string {
  if (bytes === null) return ''
  if (bytes < 1024) return `${bytes} B`
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`
}

function formatTime(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
