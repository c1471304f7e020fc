import type { LocalChange } from '@tidemark/sdk-node'
import { changedColumns, valueOf, type RowChange } from './changed-columns.ts'
import { printableName, printableStart, withoutEscapes } from '../printable.ts'
import { formatCount } from '../quantity.ts'
import { formatValue } from './value-text.ts'

const MAX_KEY_LENGTH = 80
const MAX_VALUE_LENGTH = 40
const MAX_LINES = 2

/** What a change is made on: `update note, row 7`. The key is as `discard --key` takes it, a value each time. */
export function formatSubject(change: LocalChange, maxKeyLength: number = MAX_KEY_LENGTH): string {
  if (change.kind === 'schema') return 'schema'
  const key = change.key.map((value) => formatValue(value, maxKeyLength)).join(', ')
  return `${change.kind} ${printableName(change.table)}, row ${key}`
}

/**
 * What a change does, in one or two lines of about `width` columns: of an update the columns that differ, of
 * an insert what it writes, of a delete what was there, of a schema change its SQL. Then how many columns
 * more there are, if any.
 */
export function formatEffect(change: LocalChange, width: number): string[] {
  if (change.kind === 'schema') return [printableStart(change.sql, width)]
  const columns = changedColumns(change)
  if (columns.length === 0) return ['changes no value']
  const lines: string[] = []
  for (const [index, column] of columns.entries()) {
    const longer = `${lines.at(-1) ?? ''}, ${formatColumn(change, column, MAX_VALUE_LENGTH).join(' ')}`
    if (lines.length > 0 && longer.length < width) {
      lines[lines.length - 1] = longer
      continue
    }
    const added = columnLines(change, column, width, MAX_VALUE_LENGTH)
    if (lines.length > 0 && lines.length + added.length > MAX_LINES)
      return [...lines, `and ${formatCount(columns.length - index, 'more column')}`]
    lines.push(...added)
  }
  return lines
}

/** What a change does, with nothing left out: each column begins a line, and SQL has the lines that it has. */
export function formatWholeEffect(change: LocalChange, width: number): string[] {
  if (change.kind === 'schema') return withoutEscapes(change.sql).split('\n')
  const columns = changedColumns(change)
  if (columns.length === 0) return ['changes no value']
  return columns.flatMap((column) => columnLines(change, column, width, Number.POSITIVE_INFINITY))
}

function columnLines(change: RowChange, column: string, width: number, maxLength: number): string[] {
  const parts = formatColumn(change, column, maxLength)
  const line = parts.join(' ')
  return line.length < width ? [line] : parts
}

/** One part, or two where a value becomes another. */
function formatColumn({ before, after }: RowChange, column: string, maxLength: number): string[] {
  const values = [before, after]
    .filter((row) => row !== null)
    .map((row) => formatValue(valueOf(row, column), maxLength))
  return values.map((value, index) => (index === 0 ? `${printableName(column)}: ${value}` : `→ ${value}`))
}
