import type Database from 'better-sqlite3'
import { quoteIdentifier } from '../sql/quote.ts'
import { createTriggers } from './create-triggers.ts'
import { followingColumns } from './followed-updates.ts'
import { growImages } from './image-tables.ts'
import { hasCascades, hasDeleteActions } from './overruled-updates.ts'
import { shapeNumber } from './shape-number.ts'
import { TableObjects } from './table-objects.ts'
import type { TableObject } from './table-objects.ts'
import { captureTriggers } from './trigger-sql.ts'
import type { CaptureTrigger } from './trigger-sql.ts'
import { uniqueKeys } from './unique-conditions.ts'
import { assertCapturable } from './user-table.ts'
import type { UserTable } from './user-table.ts'

/**
 * Makes our triggers of `tables` fit them as they are now, and makes room for their columns. A temporary
 * table of the same name is another one. `create` creates triggers, in their order.
 *
 * @throws StateError for a table that cannot be captured
 */
export function installTriggers(
  db: Database.Database,
  tables: readonly UserTable[],
  create: typeof createTriggers = createTriggers,
): void {
  for (const table of tables) assertCapturable(table)
  growImages(db, Math.max(0, ...tables.map((table) => table.shape.columns.length)))
  const objects = new TableObjects(db)
  const missing: CaptureTrigger[] = []
  for (const table of tables) {
    const keys = uniqueKeys(db, table, objects)
    const triggers = captureTriggers(table, shapeNumber(db, table.shape), keys, {
      following: followingColumns(db, table),
      hasDeleteActions: hasDeleteActions(db, table),
      hasCascades: hasCascades(db, table),
    })
    const existing = objects.of(table.shape.name)
    if (areInstalled(existing, triggers)) continue
    drop(db, existing.filter(isOurs))
    missing.push(...triggers)
  }
  create(db, missing)
  keepRowids(db, tables)
}

/**
 * Drops our triggers of the tables with these names, and our indexes; their changes are not captured until
 * {@link installTriggers}.
 */
export function removeTriggers(db: Database.Database, tableNames: readonly string[]): void {
  if (tableNames.length === 0) return
  const objects = new TableObjects(db)
  for (const name of tableNames) drop(db, objects.of(name).filter(isOurs))
}

function drop(db: Database.Database, objects: readonly TableObject[]): void {
  for (const { type, name } of objects) db.exec(`DROP ${type} main.${quoteIdentifier(name)}`)
}

/**
 * VACUUM numbers the rows of a table anew that has neither INTEGER PRIMARY KEY nor any index, and the rowid
 * is what captured changes of a table without a key name their rows by. So each gets an index, which is empty
 * and costs nothing to keep.
 */
function keepRowids(db: Database.Database, tables: readonly UserTable[]): void {
  const keyless = tables.filter(({ shape }) => shape.key.length === 0)
  if (keyless.length === 0) return
  const objects = new TableObjects(db)
  for (const { shape } of keyless) {
    const index = `tidemark_${shapeNumber(db, shape)}_rowids`
    const isThere = objects.of(shape.name).some(({ type, name }) => type === 'index' && name === index)
    if (!isThere) db.exec(`CREATE INDEX main.${index} ON ${quoteIdentifier(shape.name)} (1) WHERE 0`)
  }
}

/** Whether, of all that hangs on the table, exactly these triggers of ours are there, created after all others. */
function areInstalled(objects: readonly TableObject[], triggers: readonly CaptureTrigger[]): boolean {
  const existing = objects.filter(({ type }) => type === 'trigger')
  const ours = existing.filter(({ sql }) => sql?.startsWith('CREATE TRIGGER tidemark_'))
  const last = existing.slice(existing.length - triggers.length)
  return ours.length === triggers.length && triggers.every(({ sql }, index) => last[index]?.sql === sql)
}

/** By the name, as SQL's LIKE compares it. */
function isOurs({ name }: TableObject): boolean {
  return /^tidemark_/i.test(name)
}
