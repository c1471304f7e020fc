import type Database from 'better-sqlite3'
import { isReservedName } from '../capture/own-tables.ts'
import { indexTables } from '../capture/virtual-table.ts'
import { parseCreateTrigger } from '../sql/parse-create-trigger.ts'
import type { ParsedTrigger } from '../sql/parse-create-trigger.ts'
import { isKeyword } from '../sql/tokens.ts'

/** Triggers that keep full-text indexes over other tables up to date. */
export interface IndexTriggers {
  /** Names of those that do nothing else. */
  readonly pure: readonly string[]
  /** Those that do other things too: their names, and what each of them is without the rest. */
  readonly mixed: ReadonlyMap<string, string>
}

/**
 * The effects of these triggers on an index are no rows, so they are not among the changes: they have to fire
 * where changes are applied. What else a trigger does is among the changes, and must not be done again.
 */
export function indexTriggers(db: Database.Database): IndexTriggers {
  const pure: string[] = []
  const mixed = new Map<string, string>()
  const indexes = indexTables(db)
  if (indexes.size === 0) return { pure, mixed }
  for (const { name, sql } of selectTriggers(db)) {
    const { head, body } = parseCreateTrigger(sql)
    const kept = body.filter(({ writes }) => writes !== null && indexes.has(writes.toLowerCase()))
    if (kept.length === 0) continue
    if (kept.length === body.length) pure.push(name)
    // What the statements left out would have inserted last is not known.
    else if (!kept.some(({ tokens }) => tokens.some((token) => isKeyword(token, 'LAST_INSERT_ROWID'))))
      mixed.set(name, `${head} ${kept.map(({ text }) => `${text};`).join(' ')} END`)
  }
  return { pure, mixed }
}

/** The application's triggers that fire for inserts, each with its table. */
export function insertTriggers(db: Database.Database): (ParsedTrigger & { readonly table: string })[] {
  return selectTriggers(db).flatMap(({ table, sql }) => {
    const trigger = parseCreateTrigger(sql)
    return trigger.firesForInserts ? [{ ...trigger, table }] : []
  })
}

interface TriggerDefinition {
  readonly name: string
  readonly table: string
  readonly sql: string
}

function selectTriggers(db: Database.Database): TriggerDefinition[] {
  return db
    .prepare<[], TriggerDefinition>(
      'SELECT name, tbl_name AS "table", sql FROM sqlite_schema WHERE type = \'trigger\'',
    )
    .all()
    .filter(({ name }) => !isReservedName(name))
}
