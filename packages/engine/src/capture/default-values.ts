import type { SqlValue } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import { ExactSelect } from '../sql/exact-read.ts'
import { quoteText } from '../sql/quote.ts'
import { defaultExpression } from './default-expression.ts'
import type { UserTable } from './user-table.ts'

/** What a row gets in each column of a table that an INSERT leaves out, in their order. */
export function defaultValues(db: Database.Database, { shape }: UserTable): SqlValue[] {
  const written = new Map(
    db
      .prepare<[string], [string, string | null]>(
        "SELECT name, dflt_value FROM pragma_table_xinfo(?, 'main')",
      )
      .raw()
      .all(shape.name),
  )
  const expressions = shape.columns.map((name) => `(${defaultExpression(written.get(name) ?? null)})`)
  return expressions.length === 0
    ? []
    : (new ExactSelect(db, expressions, `WHERE ${quoteText('')} = ''`).get() ?? [])
}
