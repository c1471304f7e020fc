import type Database from 'better-sqlite3'
import { indexTables } from '../capture/virtual-table.ts'
import type { IndexTable } from '../capture/virtual-table.ts'
import { classifyStatement } from '../sql/classify-statement.ts'
import { parseCreateTrigger } from '../sql/parse-create-trigger.ts'
import type { ParsedTrigger, TriggerStatement } from '../sql/parse-create-trigger.ts'
import { quoteIdentifier } from '../sql/quote.ts'
import { inSavepoint } from '../sql/savepoint.ts'
import { isOperational, sqliteCode } from '../sql/sqlite-error.ts'
import { isKeyword } from '../sql/tokens.ts'
import { insertTriggers } from './index-triggers.ts'

/**
 * Full-text indexes over other tables that have come, or got triggers, by schema changes. What an application
 * does to fill such an index with the rows that are there writes no rows, so it is not among the changes:
 * it is done here. Otherwise the index would be empty, and SQLite takes the whole file for damaged when a
 * trigger removes a row from an index that does not have it.
 */
export class NewIndexes {
  readonly #db: Database.Database
  readonly #names = new Set<string>()

  constructor(db: Database.Database) {
    this.#db = db
  }

  /** To be called behind each schema change that was made. */
  add(sql: string): void {
    const statement = classifyStatement(sql)
    if (statement.kind !== 'schema' || statement.verb !== 'create') return
    if (statement.objectType === 'virtual table') this.#names.add(statement.name!.toLowerCase())
    if (statement.objectType === 'trigger')
      for (const { writes } of parseCreateTrigger(sql).body)
        if (writes !== null) this.#names.add(writes.toLowerCase())
  }

  /**
   * Fills the indexes. To be called before rows are written that triggers may take for indexed, and at the
   * end; inside {@link ApplyConnection.withoutTriggers}.
   *
   * @throws SqliteError when the machine or the file fails
   */
  fill(): void {
    if (this.#names.size === 0) return
    const indexes = indexTables(this.#db)
    for (const name of this.#names) {
      const index = indexes.get(name)
      if (index !== undefined) this.#tryTo(() => this.#fillOne(index))
    }
    this.#names.clear()
  }

  #fillOne({ name, content }: IndexTable): void {
    const table = quoteIdentifier(name)
    if (content === 'elsewhere')
      return void this.#db.exec(`INSERT INTO ${table}(${table}) VALUES ('rebuild')`)
    if (content === 'own') this.#db.exec(`DELETE FROM ${table}`)
    // What an index without content has cannot be told from its rows.
    else if (this.#db.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get() !== undefined) return
    this.#fillByTriggers(name)
  }

  /** As if all rows were inserted now. */
  #fillByTriggers(index: string): void {
    for (const trigger of insertTriggers(this.#db))
      for (const statement of trigger.body) {
        if (statement.writes?.toLowerCase() !== index.toLowerCase()) continue
        const sql = insertForAllRows(trigger, statement)
        if (sql !== null) this.#db.exec(sql)
      }
  }

  /** An index that cannot be filled, as its content is not there yet, stays as it is. */
  #tryTo(run: () => void): void {
    try {
      inSavepoint(this.#db, run)
    } catch (error) {
      const code = sqliteCode(error)
      if (code === null || isOperational(code)) throw error
    }
  }
}

/**
 * What an `INSERT … VALUES (…)`, or `INSERT … SELECT …` from no table, of a trigger does for each new row, for
 * all rows of its table; null for any other statement.
 */
function insertForAllRows(
  { table, when }: ParsedTrigger & { readonly table: string },
  { text, tokens }: TriggerStatement,
): string | null {
  const offset = tokens[0]!.start
  const between = (start: number, end: number): string => text.slice(start - offset, end - offset)
  const source = tokens.findIndex((token) => isKeyword(token, 'VALUES') || isKeyword(token, 'SELECT'))
  const rest = tokens.slice(source + 1)
  const [first, last] = [rest[0], rest.at(-1)]
  if (source < 0 || first === undefined || last === undefined) return null
  const open = depths(rest)
  const rows = `FROM main.${quoteIdentifier(table)} AS new WHERE (${when ?? '1'})`
  const into = between(offset, tokens[source]!.start)
  if (isKeyword(tokens[source], 'VALUES'))
    return open.indexOf(0) === rest.length - 1 && last.text === ')'
      ? `${into} SELECT ${between(first.end, last.start)} ${rows}`
      : null
  if (rest.some((token, at) => open[at] === 0 && clauses.some((word) => isKeyword(token, word)))) return null
  const where = rest.findIndex((token, at) => open[at] === 0 && isKeyword(token, 'WHERE'))
  return where < 0
    ? `${into} SELECT ${between(first.start, last.end)} ${rows}`
    : `${into} SELECT ${between(first.start, rest[where]!.start)} ${rows} AND (${between(rest[where]!.end, last.end)})`
}

/** With one of these a SELECT is not about the new row alone. */
const clauses = [
  'FROM',
  'DISTINCT',
  'GROUP',
  'ORDER',
  'LIMIT',
  'UNION',
  'EXCEPT',
  'INTERSECT',
  'WINDOW',
  'ON',
]

/** How many parentheses are open behind each token. */
function depths(tokens: readonly { readonly text: string }[]): number[] {
  let depth = 0
  return tokens.map(({ text }) => (depth += text === '(' ? 1 : text === ')' ? -1 : 0))
}
