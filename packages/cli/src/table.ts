import { styleText } from 'node:util'
import Table from 'cli-table3'

const PLAIN = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}
const STYLE = { head: [], border: [], 'padding-left': 0, 'padding-right': 0 }

/** Rows under a head, without lines: good to read and to cut into columns. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const table = new Table({
    head: head.map((cell) => styleText('dim', cell)),
    chars: PLAIN,
    style: STYLE,
    colAligns: head.map((_, column) => (right.includes(column) ? 'right' : 'left')),
  })
  table.push(...rows.map((row) => [...row]))
  return trimLines(table.toString())
}

/** Names and values, one a line. */
export function formatFields(fields: readonly (readonly [name: string, value: string])[]): string {
  const table = new Table({ chars: PLAIN, style: STYLE })
  table.push(...fields.map(([name, value]) => [styleText('dim', name), value]))
  return trimLines(table.toString())
}

function trimLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}
