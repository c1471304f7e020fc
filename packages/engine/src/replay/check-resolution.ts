import { RawText } from '@tidemark/protocol'

import type { Conflict, Resolution } from './conflict.ts'

/**
 * The decision of a resolver, which is the application's code, once it is known to be one.
 *
 * @throws TypeError for anything else, for values that SQLite does not have, and for columns that none of the
 * rows in the conflict has
 */
export function checkResolution(resolution: Resolution, conflict: Conflict): Resolution {
  if (resolution === 'keep-local' || resolution === 'accept-remote') return resolution
  const row: unknown = typeof resolution === 'object' && resolution !== null ? resolution.row : null
  if (typeof row !== 'object' || row === null)
    throw new TypeError("A conflict resolver must return 'keep-local', 'accept-remote' or { row }")
  const { table, base, local, remote } = conflict
  for (const [column, value] of Object.entries(row)) {
    if (!isSqlValue(value))
      throw new TypeError(`The row of a conflict resolver has no SQLite value in ${table}.${column}`)
    if (![base, local, remote].some((known) => known !== null && Object.hasOwn(known, column)))
      throw new TypeError(`The row of a conflict resolver has a column that ${table} does not: ${column}`)
  }
  return resolution
}

function isSqlValue(value: unknown): boolean {
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value
  return (
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    value instanceof Uint8Array ||
    value instanceof RawText
  )
}
