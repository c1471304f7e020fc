import {
  classifyStatement,
  isKeyword,
  nameOf,
  parseAlterTable,
  quoteIdentifier,
  tokenize,
} from '@tidemark/engine'
import { plain } from './push-state.ts'
import type { ServerTrigger } from './push-state.ts'
import type { SqlStatement } from './row-statements.ts'
import { UnsendableValueError } from './sql-value.ts'

/**
 * Keeps the server's triggers from firing a second time for rows whose triggers have fired at the client:
 * those of the tables that a push writes are dropped, and created again before its end, in the same
 * transaction.
 */
export class TriggerPause {
  /** By name, lower case. */
  readonly #triggers: Map<string, ServerTrigger>
  readonly #paused = new Map<string, ServerTrigger>()
  /** A renaming rewrites triggers: their text is not known from then on. */
  #isTextKnown = true

  constructor(triggers: readonly ServerTrigger[]) {
    this.#triggers = new Map(triggers.map((trigger) => [trigger.name.toLowerCase(), trigger]))
  }

  /** To be run before a row of `table` is changed. @throws UnsendableValueError */
  pause(table: string): SqlStatement[] {
    if (this.#triggers.size === 0) return []
    const firing = [...this.#triggers].filter(
      ([name, trigger]) => !this.#paused.has(name) && isSameName(trigger.table, table),
    )
    if (firing.length > 0 && !this.#isTextKnown)
      throw new UnsendableValueError(
        'rows of a table with triggers cannot be pushed in one batch behind a renaming; push with pushOperationsThreshold: 1',
      )
    for (const [name, trigger] of firing) this.#paused.set(name, trigger)
    return firing.map(([, { name }]) => plain(`DROP TRIGGER ${quoteIdentifier(name)}`))
  }

  /** Before a schema statement, which may concern triggers, and at the end. */
  resume(): SqlStatement[] {
    const paused = [...this.#paused.values()]
    this.#paused.clear()
    return paused.map(({ sql }) => plain(sql))
  }

  /** To be told of each schema statement. */
  follow(sql: string): void {
    const statement = classifyStatement(sql)
    if (statement.kind !== 'schema' || statement.name === null) return
    const name = statement.name.toLowerCase()
    const { verb, objectType } = statement
    if (objectType === 'trigger') {
      if (verb === 'drop') this.#triggers.delete(name)
      else if (!this.#triggers.has(name))
        this.#triggers.set(name, { name: statement.name, table: tableOf(sql), sql })
    } else if (verb === 'drop') {
      for (const [key, { table }] of this.#triggers) if (isSameName(table, name)) this.#triggers.delete(key)
    } else if (verb === 'alter' && parseAlterTable(sql)?.action !== 'add column') this.#isTextKnown = false
  }
}

/** The table of a new trigger. */
function tableOf(sql: string): string {
  const tokens = [...tokenize(sql)]
  return nameOf(tokens[tokens.findIndex((token) => isKeyword(token, 'ON')) + 1]) ?? ''
}

function isSameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
