import type { RowChange, SqlValue, TableShape } from '@tidemark/protocol'
import { RefusedChangeError } from './refused-change-error.ts'
import type { RowIdentity } from './target-table.ts'

/**
 * How a row is found again: by its key, or by its rowid if the table has no key or the key has a NULL in it,
 * as SQLite allows.
 */
export function identityOf(shape: TableShape, key: readonly SqlValue[], rowid: bigint | null): RowIdentity {
  if (shape.key.length > 0 && !key.includes(null)) return { by: 'key', values: key }
  if (rowid === null) throw new RefusedChangeError(`a row of table ${shape.name} has neither key nor rowid`)
  return { by: 'rowid', rowid }
}

/** Whether the row that is inserted is known by its key. Asked for each row of large pushes, so it makes nothing. */
export function hasWholeKey({ table, columns, values }: RowChange): boolean {
  for (const position of table.key) {
    const value = values[columns[position] === position ? position : columns.indexOf(position)]
    if (value === null || value === undefined) return false
  }
  return table.key.length > 0
}
