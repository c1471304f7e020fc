import type Database from 'better-sqlite3'
import { classifyStatement } from '../sql/classify-statement.ts'
import { parseAlterTable } from '../sql/parse-alter-table.ts'
import { tableRenaming } from '../sql/table-renaming.ts'
import { userVersionOf } from '../sql/user-version.ts'
import type { SchemaStatement } from './dropped-tables.ts'
import { currentSchema } from './known-schema.ts'
import type { SchemaObject } from './known-schema.ts'
import { SchemaModel } from './schema-model.ts'

export interface MadeByOthers {
  readonly pulled: Database.Database
  readonly here: Database.Database
  /** Others have set the `user_version` that is set here by a statement with this id, or gone on from it. */
  readonly passedId: number
}

/**
 * The ids of pending statements that others have made already. Those with nothing left to do, and those that
 * cannot be made any more although all comes to the schema that is here without them, or although others have
 * gone on to a later version. They are tried on a model without rows. What only creates things that a later
 * one drops counts too.
 */
export function madeStatements(
  statements: readonly SchemaStatement[],
  { pulled, here, passedId }: MadeByOthers,
): Set<number> {
  const passing = new Set(createdAndDropped(statements))
  const tried = statements.filter(
    ({ changeId, sql }) => !passing.has(changeId) && userVersionOf(sql) === null,
  )
  const schema = currentSchema(pulled)
  const { done, failed } = trial(schema, tried)
  const needless = new Set(
    failed.flatMap((statement) => [statement.changeId, ...creationOf(statement, statements)]),
  )
  const again = trial(
    schema,
    tried.filter(({ changeId }) => !needless.has(changeId)),
  )
  const isReached =
    again.failed.length === 0 && currentSchema(here).every((object) => again.reached.has(describe(object)))
  const made = [...done, ...[...needless].filter((changeId) => isReached || changeId < passedId)]
  return new Set(made.length > 0 ? [...passing, ...made] : [])
}

interface Trial {
  /** Ids of alterations with nothing left to do. */
  readonly done: readonly number[]
  readonly failed: readonly SchemaStatement[]
  /** The objects that are there in the end. */
  readonly reached: ReadonlySet<string>
}

function trial(schema: readonly SchemaObject[], statements: readonly SchemaStatement[]): Trial {
  const model = new SchemaModel(schema)
  try {
    const [done, failed]: [number[], SchemaStatement[]] = [[], []]
    for (const statement of statements) {
      if (!model.has(statement.sql)) {
        if (!model.tryAll([statement.sql])) failed.push(statement)
      } else if (parseAlterTable(statement.sql) !== null) done.push(statement.changeId)
    }
    return { done, failed, reached: new Set(model.objects().map(describe)) }
  } finally {
    model.close()
  }
}

/**
 * The ids of `PRAGMA user_version = N` where others have set that version, or gone on from it: `from` is what
 * it was here before, `to` what it is there now. None where it has gone down here on the way.
 */
export function passedVersions(statements: readonly SchemaStatement[], from: number, to: number): number[] {
  const passed: number[] = []
  let last = from
  for (const { changeId, sql } of statements) {
    const version = userVersionOf(sql)
    if (version === null) continue
    if (version < last) return []
    if (version > last && version <= to) passed.push(changeId)
    last = version
  }
  return passed
}

/** Indexes, views and triggers that come and go. */
function* createdAndDropped(statements: readonly SchemaStatement[]): Generator<number> {
  const created = new Map<string, number>()
  for (const { changeId, sql } of statements) {
    const statement = classifyStatement(sql)
    if (statement.kind !== 'schema' || statement.objectType.endsWith('table')) continue
    const object = `${statement.objectType} ${statement.name?.toLowerCase()}`
    const createdId = created.get(object)
    if (statement.verb === 'create') created.set(object, createdId ?? changeId)
    if (statement.verb !== 'drop' || createdId === undefined) continue
    created.delete(object)
    yield createdId
    yield changeId
  }
}

/**
 * Where a table or a column cannot get a name that others have given to theirs: the statements that have
 * created it, and renamed it before.
 */
function creationOf({ changeId, sql }: SchemaStatement, statements: readonly SchemaStatement[]): number[] {
  const statement = classifyStatement(sql)
  const alter = parseAlterTable(sql)
  if (statement.kind !== 'schema' || statement.name === null) return []
  if (alter?.action !== 'rename' && alter?.action !== 'rename column') return []
  const table = statement.name.toLowerCase()
  const isTable = alter.action === 'rename'
  let name = isTable ? table : alter.column.toLowerCase()
  const found: number[] = []
  for (const other of statements.toReversed()) {
    if (other.changeId >= changeId) continue
    const step = isTable ? namingOfTable(other.sql) : namingOfColumn(other.sql, table)
    if (step?.to.toLowerCase() !== name) continue
    found.push(other.changeId)
    if (step.from === null) return found
    name = step.from.toLowerCase()
  }
  return []
}

/** The names before and after; before is null where it is created. */
interface Naming {
  readonly from: string | null
  readonly to: string
}

function namingOfTable(sql: string): Naming | null {
  const statement = classifyStatement(sql)
  const isTable = statement.kind === 'schema' && statement.objectType === 'table'
  return isTable && statement.verb === 'create' && statement.name !== null
    ? { from: null, to: statement.name }
    : tableRenaming(sql)
}

function namingOfColumn(sql: string, table: string): Naming | null {
  const statement = classifyStatement(sql)
  if (statement.kind !== 'schema' || statement.name?.toLowerCase() !== table) return null
  const alter = parseAlterTable(sql)
  if (alter?.action === 'add column') return { from: null, to: alter.column }
  return alter?.action === 'rename column' ? { from: alter.column, to: alter.to } : null
}

/** An object whatever its quotes and blanks: a table that is renamed gets some. */
function describe({ type, name, sql }: SchemaObject): string {
  return JSON.stringify([type, name.toLowerCase(), sql.replaceAll(/[\s"`[\]]+/g, '')])
}
