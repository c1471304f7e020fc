import { classifyStatement } from '../sql/classify-statement.ts'
import { tableRenaming } from '../sql/table-renaming.ts'
import type { CapturedChange } from './captured-change.ts'

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
  /**
   * How the table came about that has its name in the end, latest first. Empty: there is none, or more was
   * done than to build it anew, once or several times.
   */
  readonly rebuilds: readonly TableRebuild[]
}

/**
 * A table that is built anew: another one is created, filled, and renamed to the name of the one that is
 * dropped. So do migrations what ALTER TABLE cannot (https://www.sqlite.org/lang_altertable.html#otheralter).
 */
export interface TableRebuild {
  /** Ids of its schema statements. */
  readonly statements: ReadonlySet<number>
  /** The new table's name until it is renamed, and the ids between which rows under that name are its. */
  readonly newName: string
  readonly firstId: number
  readonly lastId: number
}

/** One table on its way through the statements. */
interface TableHistory {
  /** Its name before the first statement; null: one of them creates it. */
  readonly origin: string | null
  readonly statements: SchemaStatement[]
}

interface Drop {
  readonly table: TableHistory
  readonly changeId: number
}

/** The tables that were there before `statements`, and are dropped by one of them, under whatever name. */
export function droppedTables(statements: readonly SchemaStatement[]): DroppedTable[] {
  const tables = new Map<string, TableHistory | null>()
  const drops: Drop[] = []
  for (const statement of statements) {
    const { verb, name } = tableStatement(statement.sql)
    if (name === null) continue
    const known = verb === 'create' ? { origin: null, statements: [] } : tables.get(name.toLowerCase())
    const table = known === undefined ? { origin: name, statements: [] } : known
    if (table === null) continue
    table.statements.push(statement)
    const renaming = tableRenaming(statement.sql)
    if (verb === 'drop') drops.push({ table, changeId: statement.changeId })
    tables.set(name.toLowerCase(), verb === 'drop' || renaming !== null ? null : table)
    if (renaming !== null) tables.set(renaming.to.toLowerCase(), table)
  }
  return drops.flatMap(({ table, changeId }) => {
    const { origin: name } = table
    if (name === null) return []
    const successor = tables.get(name.toLowerCase()) ?? null
    return [
      { name, changeId, rebuilds: successor === null ? [] : rebuildsOf(table, successor, drops, statements) },
    ]
  })
}

/** The changes that make up a rebuild: its statements, and the rows with which the new table is filled. */
export function isPartOf(rebuild: TableRebuild, change: CapturedChange): boolean {
  if (change.kind === 'commit') return false
  if (change.kind === 'schema') return rebuild.statements.has(change.changeId)
  const { changeId, table } = change
  const isWithin = changeId > rebuild.firstId && changeId < rebuild.lastId
  return isWithin && table.name.toLowerCase() === rebuild.newName.toLowerCase()
}

function rebuildsOf(
  old: TableHistory,
  successor: TableHistory,
  drops: readonly Drop[],
  statements: readonly SchemaStatement[],
): TableRebuild[] {
  const rebuilds: TableRebuild[] = []
  for (let table = successor; table !== old;) {
    const step = rebuildOf(table, drops, statements)
    if (step === null) return []
    rebuilds.push(step.rebuild)
    table = step.replaced
  }
  return old.statements.length === 1 ? rebuilds : []
}

/** Null where something else happens to the table, or meanwhile to any other: it may depend on this one. */
function rebuildOf(
  { origin, statements: own }: TableHistory,
  drops: readonly Drop[],
  all: readonly SchemaStatement[],
): { readonly rebuild: TableRebuild; readonly replaced: TableHistory } | null {
  const [created, renamed, ...later] = own
  if (
    origin !== null ||
    renamed === undefined ||
    later.some(({ sql }) => tableStatement(sql).verb !== 'drop')
  )
    return null
  const renaming = tableRenaming(renamed.sql)
  const [firstId, lastId] = [created!.changeId, renamed.changeId]
  const within = all.filter(
    ({ changeId, sql }) =>
      changeId > firstId && changeId < lastId && classifyStatement(sql).kind === 'schema',
  )
  const drop = drops.find(({ changeId }) => changeId === within[0]?.changeId)
  if (renaming === null || drop === undefined || within.length !== 1) return null
  const statements = new Set([firstId, drop.changeId, lastId])
  return { rebuild: { statements, newName: renaming.from, firstId, lastId }, replaced: drop.table }
}

function tableStatement(sql: string): { readonly verb: string; readonly name: string | null } {
  const statement = classifyStatement(sql)
  const isTable = statement.kind === 'schema' && statement.objectType === 'table'
  return isTable ? statement : { verb: '', name: null }
}
