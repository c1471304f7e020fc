import { quoteIdentifier } from '../sql/quote.ts'
import type { SchemaObject } from './known-schema.ts'

/** The way from one schema to another. */
export interface SchemaDifference {
  readonly statementsBeforeRows: readonly string[]
  /** Tables whose rows have to follow. */
  readonly newTables: ReadonlySet<string>
  readonly statementsAfterRows: readonly string[]
}

export function schemaDifference(
  known: readonly SchemaObject[],
  current: readonly SchemaObject[],
): SchemaDifference {
  const describe = ({ type, name, sql }: SchemaObject): string => JSON.stringify([type, name, sql])
  const before = new Set(known.map(describe))
  const after = new Set(current.map(describe))
  const gone = known.filter((object) => !after.has(describe(object)))
  const added = current.filter((object) => !before.has(describe(object)))
  const goneTables = new Set(gone.filter((object) => object.type === 'table').map((object) => object.name))
  const drops = gone.filter((object) => object.type === 'table' || !goneTables.has(object.tbl_name))
  const order = ['trigger', 'view', 'index', 'table']
  drops.sort((a, b) => order.indexOf(a.type) - order.indexOf(b.type))
  const newTables = added.filter((object) => object.type === 'table')
  const dependent = current.filter(
    (object) => object.type !== 'table' && (goneTables.has(object.tbl_name) || !before.has(describe(object))),
  )
  return {
    statementsBeforeRows: [
      ...drops.map((object) => `DROP ${object.type.toUpperCase()} ${quoteIdentifier(object.name)}`),
      ...newTables.map((object) => object.sql),
    ],
    newTables: new Set(newTables.map((object) => object.name)),
    statementsAfterRows: dependent.map((object) => object.sql),
  }
}
