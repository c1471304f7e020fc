import { classifyStatement } from '../sql/classify-statement.ts'
import { parseAlterTable } from '../sql/parse-alter-table.ts'
import type { AlterTable } from '../sql/parse-alter-table.ts'
import type { CapturedRow } from './captured-change.ts'
import type { SchemaStatement } from './dropped-tables.ts'

interface Step {
  readonly changeId: number
  /** The table, in lower case. */
  readonly name: string
  /** Null: it is dropped. */
  readonly alter: AlterTable | null
  readonly isMade: boolean
}

/** Gives rows the names that later statements have given to their tables and columns. */
export class RenamedRows {
  readonly #steps: readonly Step[]

  /** Only statements that are `made` count; of the others only what becomes of a table's name. */
  constructor(statements: readonly SchemaStatement[], isMade: (changeId: number) => boolean) {
    this.#steps = statements.flatMap(({ changeId, sql }) => {
      const statement = classifyStatement(sql)
      if (statement.kind !== 'schema' || statement.objectType !== 'table' || statement.name === null)
        return []
      const alter = statement.verb === 'alter' ? parseAlterTable(sql) : null
      const counts = statement.verb === 'drop' || (alter !== null && alter.action !== 'add column')
      return counts ? [{ changeId, name: statement.name.toLowerCase(), alter, isMade: isMade(changeId) }] : []
    })
  }

  /**
   * The change with its names behind all that comes after it, without the columns that are dropped. A table
   * that is dropped later keeps its name.
   */
  of(change: CapturedRow): CapturedRow {
    const { table, changeId } = change
    const { name, columns } = this.namesOf(table.name, table.columns, changeId)
    return columns === table.columns && name === table.name ? change : withNames(change, name, columns)
  }

  /** The same for the names that a table and its columns have at the statement `changeId`; null: dropped. */
  namesOf(
    table: string,
    columns: readonly (string | null)[],
    changeId: number,
  ): { readonly name: string; readonly columns: readonly (string | null)[] } {
    let name = table.toLowerCase()
    let names = columns
    let newName = table
    for (const step of this.#steps) {
      if (step.changeId < changeId || step.name !== name) continue
      const { alter, isMade } = step
      if (alter === null) break
      if (alter.action === 'rename') {
        name = alter.to.toLowerCase()
        if (isMade) newName = alter.to
      } else if (isMade) {
        const gone = alter.column.toLowerCase()
        const to = 'to' in alter ? alter.to : null
        names = names.map((column) => (column?.toLowerCase() === gone ? to : column))
      }
    }
    return { name: newName, columns: names }
  }
}

/** `names` are those of the columns, null where a column is left out. */
function withNames(change: CapturedRow, name: string, names: readonly (string | null)[]): CapturedRow {
  const kept = names.flatMap((column, index) => (column === null ? [] : [index]))
  const image = (values: CapturedRow['after']): CapturedRow['after'] =>
    values === null ? null : kept.map((index) => values[index]!)
  return {
    ...change,
    table: {
      name,
      columns: kept.map((index) => names[index]!),
      key: change.table.key.map((position) => kept.indexOf(position)),
    },
    before: image(change.before),
    after: image(change.after),
  }
}
