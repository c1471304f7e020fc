import { styleText } from 'node:util'
import type { LocalChange, PendingChange, RejectedChange } from '@tidemark/sdk-node'
import { jsonPending, jsonRejected } from './change-json.ts'
import { formatEffect, formatSubject, formatWholeEffect } from './change-text.ts'
import { printableStart } from '../printable.ts'
import { formatCount, formatMoment } from '../quantity.ts'
import { refusedChange } from './refused-change.ts'
import { MAX_JSON_LENGTH } from './value-json.ts'

const MAX_REASON_LENGTH = 300

/** How a list shows changes. */
export interface Layout {
  /** About so many columns to a line. */
  readonly width: number
  /** With whole values, however long they are; otherwise in some lines, and long values are cut. */
  readonly isWhole: boolean
}

/** What a list keeps of a change, or of an entry that was set aside: what it prints. */
export interface ListItem {
  readonly number: number
  readonly timeMs: number
  /** The first stands behind the number, the others below. */
  readonly lines: readonly string[]
  readonly json: object
}

/** A pending change: what it does, and what blocks it. */
export function pendingItem(change: PendingChange, layout: Layout): ListItem {
  const { changeId, changeTime, blocked } = change
  const lines = linesOf(change, changeId, layout)
  if (blocked !== null) lines.push(`blocked: ${formatReason(blocked)}`)
  return { number: changeId, timeMs: changeTime, lines, json: jsonPending(change, jsonLength(layout)) }
}

/** What was set aside: the change that was refused, the reason, and how many went with it. */
export function rejectedItem(entry: RejectedChange, layout: Layout): ListItem {
  const { id, rejectedAt, changes } = entry
  const refused = refusedChange(entry)
  const lines = refused === null ? [] : linesOf(refused, id, layout)
  lines.push(`refused: ${formatReason(entry)}`)
  const others = changes.length - 1
  if (others > 0) lines.push(`with ${formatCount(others, 'other change')} that went with it`)
  return { number: id, timeMs: rejectedAt, lines, json: jsonRejected(entry, jsonLength(layout)) }
}

/** Pending changes under the moments of their making. */
export function formatChanges(items: readonly ListItem[]): string {
  const digits = digitsOf(items)
  const lines: string[] = []
  let last: string | null = null
  for (const item of items) {
    const moment = momentOf(item)
    if (moment !== last) lines.push(moment)
    last = moment
    lines.push(...numbered(item, digits))
  }
  return lines.join('\n')
}

/** What was set aside, each entry under the moment when it was. */
export function formatRejected(items: readonly ListItem[]): string {
  const digits = digitsOf(items)
  return items.flatMap((item) => [momentOf(item), ...numbered(item, digits)]).join('\n')
}

function linesOf(change: LocalChange, number: number, { width, isWhole }: Layout): string[] {
  const columns = width - indentOf(digitsIn(number))
  return isWhole
    ? [formatSubject(change, Number.POSITIVE_INFINITY), ...formatWholeEffect(change, columns)]
    : [formatSubject(change), ...formatEffect(change, columns)]
}

function jsonLength({ isWhole }: Layout): number {
  return isWhole ? Number.POSITIVE_INFINITY : MAX_JSON_LENGTH
}

function momentOf({ timeMs }: ListItem): string {
  return styleText('dim', formatMoment(timeMs / 1000))
}

function numbered({ number, lines }: ListItem, digits: number): string[] {
  const indent = ' '.repeat(indentOf(digits))
  const [first = '', ...rest] = lines
  return [`  ${String(number).padStart(digits)}  ${first}`, ...rest.map((line) => indent + line)]
}

function indentOf(digits: number): number {
  return digits + 4
}

function digitsOf(items: readonly ListItem[]): number {
  return items.reduce((most, { number }) => Math.max(most, digitsIn(number)), 1)
}

function digitsIn(number: number): number {
  return String(number).length
}

function formatReason({ sqliteCode, message }: NonNullable<PendingChange['blocked']>): string {
  return printableStart(`${message} (${sqliteCode})`, MAX_REASON_LENGTH)
}
