import { parseCreateTable } from '../sql/parse-create-table.ts'
import { quoteIdentifier } from '../sql/quote.ts'
import type { SchemaObject } from './known-schema.ts'
import { SchemaModel } from './schema-model.ts'

/** The way from one schema to another. */
export interface SchemaDifference {
  readonly statementsBeforeRows: readonly string[]
  /** Tables that are created on the way: all their rows have to follow. */
  readonly newTables: ReadonlySet<string>
  /** Columns that are added on the way, by table: their values have to follow where they are not the default. */
  readonly addedColumns: ReadonlyMap<string, readonly string[]>
  readonly statementsAfterRows: readonly string[]
}

interface Alteration {
  readonly table: string
  readonly statements: readonly string[]
  readonly addedColumns: readonly string[]
}

/**
 * Derives statements that lead from `known` to `current`. `originOf` tells which known table a current one
 * has come from, name unchanged or not; null: it was created. Tables are altered where that leads to exactly
 * the current definition, which is tried on a model, and created anew where it does not.
 */
export function schemaDifference(
  known: readonly SchemaObject[],
  current: readonly SchemaObject[],
  originOf: (table: string) => string | null,
): SchemaDifference {
  const tables = current.filter(({ type }) => type === 'table')
  const knownTables = new Map(
    known.filter(({ type }) => type === 'table').map((object) => [object.name, object]),
  )
  const isToAlter = tables.some((table) => {
    const origin = originOf(table.name)
    return origin !== null && knownTables.get(origin)?.sql !== table.sql
  })
  // Reading a whole schema into a model takes longer than most schema changes.
  const model = isToAlter ? new SchemaModel(known) : null
  try {
    const inCurrent = new SchemaIndex(current)
    const vanished = known.filter((object) => object.type !== 'table' && inCurrent.find(object) === undefined)
    const dropsFirst = model === null ? [] : dropsOf(vanished, new Set())
    model?.tryAll(dropsFirst)
    const alterations =
      model === null ? unchangedTables(tables, originOf) : alterTables(model, knownTables, tables, originOf)
    return differenceAfter(alterations, dropsFirst, model === null ? known : model.objects(), current)
  } finally {
    model?.close()
  }
}

/** What is left to do after `alterations`, which lead to the schema `altered`. */
function differenceAfter(
  alterations: readonly Alteration[],
  dropsFirst: readonly string[],
  altered: readonly SchemaObject[],
  current: readonly SchemaObject[],
): SchemaDifference {
  const kept = new Set(alterations.map(({ table }) => table.toLowerCase()))
  const isNew = (object: SchemaObject): boolean =>
    object.type === 'table' && !kept.has(object.name.toLowerCase())
  const newTables = current.filter(isNew)
  const goneTables = altered.filter(isNew)
  const goneNames = new Set(goneTables.map((object) => object.name.toLowerCase()))
  const inCurrent = new SchemaIndex(current)
  const inAltered = new SchemaIndex(altered)
  const differing = altered.filter(
    (object) => object.type !== 'table' && inCurrent.find(object)?.sql !== object.sql,
  )
  const missing = current.filter((object) => {
    const there = inAltered.find(object)
    return (
      object.type !== 'table' && (there?.sql !== object.sql || goneNames.has(there.tbl_name.toLowerCase()))
    )
  })
  const withColumns = alterations.filter(({ addedColumns }) => addedColumns.length > 0)
  return {
    statementsBeforeRows: [
      ...dropsFirst,
      ...dropsOf(differing, goneNames),
      ...dropsOf(goneTables, new Set()),
      ...alterations.flatMap(({ statements }) => statements),
      ...newTables.map(({ sql }) => sql),
    ],
    newTables: new Set(newTables.map(({ name }) => name)),
    addedColumns: new Map(withColumns.map(({ table, addedColumns }) => [table, addedColumns])),
    statementsAfterRows: missing.map(({ sql }) => sql),
  }
}

function unchangedTables(
  tables: readonly SchemaObject[],
  originOf: (table: string) => string | null,
): Alteration[] {
  return tables
    .filter(({ name }) => originOf(name) !== null)
    .map(({ name }) => ({ table: name, statements: [], addedColumns: [] }))
}

/** The tables that need not be created anew, with what has to be done to each. */
function alterTables(
  model: SchemaModel,
  known: ReadonlyMap<string, SchemaObject>,
  tables: readonly SchemaObject[],
  originOf: (table: string) => string | null,
): Alteration[] {
  let altered = new SchemaIndex(model.objects())
  return tables.flatMap((object) => {
    const origin = originOf(object.name)
    const before = origin === null ? undefined : known.get(origin)
    if (before === undefined) return []
    const alteration = alterationOf(before, object)
    if (alteration === null) return []
    if (alteration.statements.length > 0) {
      if (!model.tryAll(alteration.statements)) return []
      altered = new SchemaIndex(model.objects())
    }
    return altered.find(object)?.sql === object.sql ? [alteration] : []
  })
}

/** A new column name is written as its definition has it: SQLite keeps its quotes, or that it has none. */
function alterationOf(before: SchemaObject, after: SchemaObject): Alteration | null {
  const table = quoteIdentifier(after.name)
  const isRenamed = before.name !== after.name
  const rename = isRenamed ? [`ALTER TABLE ${quoteIdentifier(before.name)} RENAME TO ${table}`] : []
  if (before.sql === after.sql) return { table: after.name, statements: [], addedColumns: [] }
  const [from, to] = [parseCreateTable(before.sql), parseCreateTable(after.sql)]
  if (from === null || to === null) return null
  const fromNames = from.map(({ name }) => name)
  const toNames = to.map(({ name }) => name)
  const gone = from.filter(({ name }) => !toNames.includes(name))
  const added = to.filter(({ name }) => !fromNames.includes(name))
  const isSamePlaces =
    gone.length === added.length &&
    gone.every(({ name }, index) => fromNames.indexOf(name) === toNames.indexOf(added[index]!.name))
  const statements = isSamePlaces
    ? gone.map(
        ({ name }, index) =>
          `ALTER TABLE ${table} RENAME COLUMN ${quoteIdentifier(name)} TO ${added[index]!.nameAsWritten}`,
      )
    : [
        ...gone.map(({ name }) => `ALTER TABLE ${table} DROP COLUMN ${quoteIdentifier(name)}`),
        ...added.map(({ sql }) => `ALTER TABLE ${table} ADD COLUMN ${sql}`),
      ]
  return {
    table: after.name,
    statements: [...rename, ...statements],
    addedColumns: isSamePlaces ? [] : added.map(({ name }) => name),
  }
}

/** Objects by type and name, whatever its case. */
class SchemaIndex {
  readonly #objects: ReadonlyMap<string, SchemaObject>

  constructor(objects: readonly SchemaObject[]) {
    this.#objects = new Map(objects.map((object) => [keyOfObject(object), object]))
  }

  find(object: SchemaObject): SchemaObject | undefined {
    return this.#objects.get(keyOfObject(object))
  }
}

function keyOfObject({ type, name }: SchemaObject): string {
  return `${type} ${name.toLowerCase()}`
}

/** DROP statements, without those that a table in `tables` takes along. */
function dropsOf(objects: readonly SchemaObject[], tables: ReadonlySet<string>): string[] {
  const order = ['trigger', 'view', 'index', 'table']
  return objects
    .filter((object) => object.type === 'view' || !tables.has(object.tbl_name.toLowerCase()))
    .toSorted((a, b) => order.indexOf(a.type) - order.indexOf(b.type))
    .map(({ type, name }) => `DROP ${type.toUpperCase()} ${quoteIdentifier(name)}`)
}
