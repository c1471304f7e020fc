import type { SqlValue } from '@tidemark/protocol'
import { sameValue } from '../sql/value-equality.ts'
import type { CapturedRow } from './captured-change.ts'
import type { CopiedRows } from './copied-rows.ts'
import type { UserTable } from './user-table.ts'
import { keyOf } from './to-wire-change.ts'

/**
 * A change of a row of the old table as one of the table that was built anew from it, in columns which that
 * has: what it inserts and sets is what the migration here has made of it. As it is where the row's key has
 * no place in the new table.
 */
export function migratedRow(
  change: CapturedRow,
  table: UserTable,
  copied: CopiedRows,
  defaults: readonly SqlValue[],
): CapturedRow {
  const old = change.table.columns.map((name) => name.toLowerCase())
  const places = table.shape.columns.map((name) => old.indexOf(name.toLowerCase()))
  if (
    change.table.key.length === 0 ||
    table.shape.key.length === 0 ||
    table.shape.key.some((position) => places[position] === -1)
  )
    return { ...change, table: { ...change.table, name: table.shape.name } }
  const key = keyOf(
    table.shape.key.map((position) => places[position]!),
    (change.after ?? change.before)!,
  )
  const copy = change.after === null ? null : copied.find(key, { untouched: false })
  const { before, after } = change
  const columns = places.flatMap((place, index) => {
    const name = table.shape.columns[index]!
    const made = copy?.get(name.toLowerCase())
    if (place !== -1) {
      const isSet = after !== null && (before === null || !sameValue(before[place]!, after[place]!))
      return [{ index, before: before?.[place], after: isSet && made !== undefined ? made : after?.[place] }]
    }
    const fallback = defaults[index] ?? null
    if (made === undefined || sameValue(made, fallback)) return []
    // A column that has got another name: what it was, it was under the old one.
    const from = after!.findIndex(
      (value, at) => before !== null && sameValue(value, made) && !sameValue(value, before[at]!),
    )
    return [{ index, before: from === -1 ? fallback : before![from], after: made }]
  })
  const positions = columns.map(({ index }) => index)
  return {
    ...change,
    table: {
      name: table.shape.name,
      columns: positions.map((position) => table.shape.columns[position]!),
      key: table.shape.key.map((position) => positions.indexOf(position)),
    },
    before: before === null ? null : columns.map((column) => column.before ?? null),
    after: after === null ? null : columns.map((column) => column.after ?? null),
  }
}
