import type { HranaColumn, HranaValue } from './hrana-types.ts'
import { requireArray, requireObject } from './json-fields.ts'
import { parseHranaValue } from './parse-statement.ts'

/** What a server says that a statement gives. */
export interface HranaRows {
  readonly cols: readonly HranaColumn[]
  readonly rows: readonly (readonly HranaValue[])[]
}

/** Checks the parsed JSON of a statement's result, as far as it is read. @throws ProtocolError for another form */
export function parseStatementResult(value: unknown): HranaRows {
  const { cols, rows } = requireObject(value, 'result')
  return {
    cols: requireArray(cols, 'result.cols').map((col) => parseColumn(col)),
    rows: requireArray(rows, 'result.rows').map((row) =>
      requireArray(row, 'result.rows').map((cell) => parseHranaValue(cell, 'result.rows')),
    ),
  }
}

function parseColumn(value: unknown): HranaColumn {
  const { name, decltype } = requireObject(value, 'result.cols')
  return { name: textOrNull(name), decltype: textOrNull(decltype) }
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
