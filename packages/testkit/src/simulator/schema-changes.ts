import { ADDED_COLUMN } from './content.ts'
import type { Random } from './random.ts'
import type { Table, TableKind } from './tables.ts'

/** A change of the schema, and the tables that its writer has afterwards. */
export interface SchemaChange {
  readonly sql: string
  readonly tables: readonly Table[]
}

/**
 * A change that does not get into the way of anybody else's: new names carry the writer's tag, and what is
 * renamed or dropped is its own. `tables` are those that it writes to, `common` of them are everybody's. A
 * new one is of one of `kinds`.
 */
export function schemaChange(
  random: Random,
  tag: string,
  tables: readonly Table[],
  common: number,
  kinds: readonly TableKind[],
): SchemaChange {
  const own = tables.slice(common)
  const some = random.pick(tables)
  const added = `${ADDED_COLUMN}${tag}`
  const mine = own.length === 0 ? null : random.pick(own)
  const others = tables.filter((table) => table !== mine)
  const choice = random.weighted({
    create: 4,
    column: 4,
    index: 3,
    rename: 2,
    drop: 2,
    trigger: 2,
    version: 1,
  })
  if (choice === 'column') {
    const rest = random.pick(['', ' DEFAULT 5', " DEFAULT 'some text' NOT NULL", ' DEFAULT NULL'])
    return { sql: `ALTER TABLE ${some.name} ADD COLUMN ${added} ANY${rest}`, tables }
  }
  if (choice === 'index') return { sql: `CREATE INDEX index_${tag} ON ${some.name}(a, tag)`, tables }
  if (choice === 'version') return { sql: `PRAGMA user_version = ${random.below(1000)}`, tables }
  if (choice === 'create' || mine === null) {
    const table = { name: `own_${tag}`, kind: random.pick(kinds) }
    return { sql: table.kind.create(table.name), tables: [...tables, table] }
  }
  switch (choice) {
    case 'rename': {
      const renamed = { ...mine, name: `${mine.name}r` }
      return { sql: `ALTER TABLE ${mine.name} RENAME TO ${renamed.name}`, tables: [...others, renamed] }
    }
    case 'drop':
      return { sql: `DROP TABLE ${mine.name}`, tables: others }
    case 'trigger': {
      const event = random.pick(['INSERT', 'UPDATE', 'DELETE'])
      const trail = `INSERT INTO trail VALUES ('own trigger', '${tag}')`
      const touch = `UPDATE ${mine.name} SET b = 'touched' WHERE id = NEW.id`
      const canTouch = event !== 'DELETE'
      const body = canTouch && random.chance(50) ? touch : trail
      const of = body === touch && event === 'UPDATE' ? ' OF a' : ''
      return {
        sql: `CREATE TRIGGER trigger_${tag} AFTER ${event}${of} ON ${mine.name} BEGIN ${body}; END`,
        tables,
      }
    }
  }
}
