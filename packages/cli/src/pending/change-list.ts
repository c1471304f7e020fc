import { styleText } from 'node:util'
import type { PendingChange, RejectedChange } from '@tidemark/sdk-node'
import { formatEffect, formatSubject } from './change-text.ts'
import { printableStart } from '../printable.ts'
import { formatCount, formatMoment } from '../quantity.ts'
import { refusedChange } from './refused-change.ts'

const MAX_REASON_LENGTH = 300

/** Pending changes under the moments of their making; each with its number, what it does, and what blocks it. */
export function formatChanges(changes: readonly PendingChange[], width: number): string {
  const digits = digitsOf(changes.map(({ changeId }) => changeId))
  const indent = ' '.repeat(digits + 4)
  const lines: string[] = []
  let last: string | null = null
  for (const change of changes) {
    const moment = formatMoment(change.changeTime / 1000)
    if (moment !== last) lines.push(styleText('dim', moment))
    last = moment
    lines.push(
      `${numbered(change.changeId, digits)}${formatSubject(change)}`,
      ...formatEffect(change, width - indent.length).map((line) => indent + line),
    )
    if (change.blocked !== null) lines.push(`${indent}blocked: ${formatReason(change.blocked)}`)
  }
  return lines.join('\n')
}

/** What was set aside: each entry with its number, the reason, and the change that was refused. */
export function formatRejected(entries: readonly RejectedChange[], width: number): string {
  const digits = digitsOf(entries.map(({ id }) => id))
  const indent = ' '.repeat(digits + 4)
  const lines: string[] = []
  for (const entry of entries) {
    lines.push(styleText('dim', formatMoment(entry.rejectedAt / 1000)))
    const reason = `refused: ${formatReason(entry)}`
    const refused = refusedChange(entry)
    if (refused === null) {
      lines.push(`${numbered(entry.id, digits)}${reason}`)
      continue
    }
    lines.push(
      `${numbered(entry.id, digits)}${formatSubject(refused)}`,
      ...formatEffect(refused, width - indent.length).map((line) => indent + line),
      `${indent}${reason}`,
    )
    const others = entry.changes.length - 1
    if (others > 0) lines.push(`${indent}with ${formatCount(others, 'other change')} that went with it`)
  }
  return lines.join('\n')
}

function digitsOf(numbers: readonly number[]): number {
  return numbers.reduce((most, number) => Math.max(most, String(number).length), 1)
}

function numbered(number: number, digits: number): string {
  return `  ${String(number).padStart(digits)}  `
}

function formatReason({ sqliteCode, message }: NonNullable<PendingChange['blocked']>): string {
  return printableStart(`${message} (${sqliteCode})`, MAX_REASON_LENGTH)
}
