import { classifyStatement } from '../sql/classify-statement.ts'
import { tableRenaming } from '../sql/table-renaming.ts'
import type { CapturedRow } from './captured-change.ts'

/** A captured schema statement. */
export interface SchemaStatement {
  readonly changeId: number
  readonly sql: string
}

/** A table that captured statements drop. */
export interface DroppedTable {
  /** Its name before the first of the statements. */
  readonly name: string
  /** Id of the statement that drops it. */
  readonly changeId: number
  /** The table that has got its name; null: none has, or it is gone too. */
  readonly heir: Heir | null
  /**
   * How the heir came about, latest first. Empty: there is none, or more was done than to build the table
   * anew, once or several times, and to alter it.
   */
  readonly rebuilds: readonly TableRebuild[]
  /** Whether a row change was made on the table that is dropped, by its name at that time. */
  readonly has: (change: CapturedRow) => boolean
}

/** A table that has the name of a dropped one, or had it before it was renamed. */
export interface Heir {
  /** Its name in the end. */
  readonly name: string
  /** Id of the statement that creates it, and its name then. */
  readonly createdId: number
  readonly createdAs: string
  /** Whether a row change was made on it, by its name at that time. */
  readonly has: (change: CapturedRow) => boolean
}

/**
 * A table that is built anew: another one is created, filled, and renamed to the name of the one that is
 * dropped. So do migrations what ALTER TABLE cannot (https://www.sqlite.org/lang_altertable.html#otheralter).
 */
export interface TableRebuild {
  /** Ids of the schema statements about the new table and the old one. */
  readonly statements: ReadonlySet<number>
  /** The new table's name until it is renamed, and the ids between which rows under that name are its. */
  readonly newName: string
  readonly firstId: number
  readonly lastId: number
}

/** One table on its way through the statements. */
interface TableHistory {
  /** Whether one of the statements creates it. */
  readonly isCreated: boolean
  /** Its names, each from the statement on that gives it. */
  readonly names: { readonly name: string; readonly fromId: number }[]
  readonly statements: SchemaStatement[]
  isDropped: boolean
}

interface Drop {
  readonly table: TableHistory
  readonly changeId: number
}

/**
 * The tables that were there before `statements`, and are dropped by one of them, under whatever name.
 *
 * @param hasTable whether others have a table of the name of one that the statements create: then it counts too
 */
export function droppedTables(
  statements: readonly SchemaStatement[],
  hasTable: (name: string) => boolean = () => false,
): DroppedTable[] {
  const { all, drops } = historiesOf(statements)
  const taken = new Set<string>()
  return drops.flatMap(({ table, changeId }) => {
    const { name } = table.names[0]!
    const isOfOthers = !table.isCreated || (!taken.has(name.toLowerCase()) && hasTable(name))
    taken.add(name.toLowerCase())
    if (!isOfOthers) return []
    const heir = all.findLast(
      (other) =>
        other !== table &&
        other.isCreated &&
        !other.isDropped &&
        other.names.some((had) => isName(had.name, name)),
    )
    return [
      {
        name,
        changeId,
        heir: heir === undefined ? null : heirOf(heir),
        rebuilds: heir === undefined ? [] : rebuildsOf(table, heir, drops, statements),
        has: (change: CapturedRow) => change.changeId < changeId && isOf(table, change),
      },
    ]
  })
}

/** Whether a change is one of the rows with which the new table of a rebuild is filled. */
export function isCopyOf(rebuild: TableRebuild, { changeId, table }: CapturedRow): boolean {
  const isWithin = changeId > rebuild.firstId && changeId < rebuild.lastId
  return isWithin && isName(table.name, rebuild.newName)
}

function historiesOf(statements: readonly SchemaStatement[]): {
  readonly all: TableHistory[]
  readonly drops: Drop[]
} {
  const tables = new Map<string, TableHistory | null>()
  const all: TableHistory[] = []
  const drops: Drop[] = []
  for (const statement of statements) {
    const { verb, name } = tableStatement(statement.sql)
    if (name === null) continue
    const known = verb === 'create' ? undefined : tables.get(name.toLowerCase())
    if (known === null) continue
    const table = known ?? newHistory(name, verb === 'create' ? statement.changeId : null)
    if (known === undefined) all.push(table)
    table.statements.push(statement)
    const renaming = tableRenaming(statement.sql)
    table.isDropped = verb === 'drop'
    if (verb === 'drop') drops.push({ table, changeId: statement.changeId })
    tables.set(name.toLowerCase(), verb === 'drop' || renaming !== null ? null : table)
    if (renaming === null) continue
    tables.set(renaming.to.toLowerCase(), table)
    table.names.push({ name: renaming.to, fromId: statement.changeId })
  }
  return { all, drops }
}

function newHistory(name: string, createdId: number | null): TableHistory {
  return {
    isCreated: createdId !== null,
    names: [{ name, fromId: createdId ?? 0 }],
    statements: [],
    isDropped: false,
  }
}

function heirOf(table: TableHistory): Heir {
  return {
    name: table.names.at(-1)!.name,
    createdId: table.names[0]!.fromId,
    createdAs: table.names[0]!.name,
    has: (change) => isOf(table, change),
  }
}

function isOf({ names }: TableHistory, { changeId, table }: CapturedRow): boolean {
  const at = names.findLast(({ fromId }) => fromId < changeId)
  return at !== undefined && isName(at.name, table.name)
}

function rebuildsOf(
  old: TableHistory,
  heir: TableHistory,
  drops: readonly Drop[],
  statements: readonly SchemaStatement[],
): TableRebuild[] {
  const rebuilds: TableRebuild[] = []
  for (let table = heir; table !== old;) {
    const step = rebuildOf(table, drops, statements)
    if (step === null) return []
    rebuilds.push(step.rebuild)
    table = step.replaced
  }
  return rebuilds
}

/** Null where something else happens to the table, or meanwhile to any other: it may depend on this one. */
function rebuildOf(
  { isCreated, statements: own }: TableHistory,
  drops: readonly Drop[],
  all: readonly SchemaStatement[],
): { readonly rebuild: TableRebuild; readonly replaced: TableHistory } | null {
  const [created, renamed] = own
  if (!isCreated || renamed === undefined) return null
  const renaming = tableRenaming(renamed.sql)
  const [firstId, lastId] = [created!.changeId, renamed.changeId]
  const within = all.filter(
    ({ changeId, sql }) =>
      changeId > firstId && changeId < lastId && classifyStatement(sql).kind === 'schema',
  )
  const drop = drops.find(({ changeId }) => changeId === within[0]?.changeId)
  if (renaming === null || drop === undefined || within.length !== 1) return null
  const statements = new Set([...own, ...drop.table.statements].map(({ changeId }) => changeId))
  return { rebuild: { statements, newName: renaming.from, firstId, lastId }, replaced: drop.table }
}

function isName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

function tableStatement(sql: string): { readonly verb: string; readonly name: string | null } {
  const statement = classifyStatement(sql)
  const isTable = statement.kind === 'schema' && statement.objectType === 'table'
  return isTable ? statement : { verb: '', name: null }
}
