import { rowsOf } from './content.ts'
import type { Reader } from './content.ts'
import type { Plan, Step } from './plan.ts'
import { Random } from './random.ts'

const COLUMNS = ['first', 'p', 'q', 'r', 's', 'u', 'v', 'w']

/**
 * In percent, how often a client drops a column right before such a step; before any other 2. Only a pull
 * meets it while it is pending.
 */
const DROPS: Partial<Record<Step['kind'], number>> = { pull: 30, together: 20 }

/**
 * Adds steps in which a client drops a column, decided apart: a seed has the same other steps with them and
 * without. Each client does so in a table that nobody else writes to: to others, changes of rows that name
 * the column would not fit any more.
 */
export function withColumnDrops(plan: Plan): Plan {
  const random = new Random(plan.seed ^ 0x64726f70)
  const steps = plan.steps.flatMap((step): Step[] => {
    if (!random.chance(DROPS[step.kind] ?? 2)) return [step]
    const client = 'client' in step ? step.client : random.below(plan.clients.length)
    return [{ kind: 'drop column', client, seed: random.next() }, step]
  })
  return { ...plan, steps }
}

/** The tables of these steps, for the writers 1, 2 and so on. Those of every second one have no key. */
export function tablesOfDrops({ steps, clients }: Plan): string[] {
  if (!steps.some(({ kind }) => kind === 'drop column')) return []
  return clients.map((_, index) => {
    const key = index % 2 === 0 ? 'id INTEGER PRIMARY KEY, ' : ''
    return `CREATE TABLE ${tableOf(index + 1)}(${key}${COLUMNS.join()})`
  })
}

/**
 * The statements of one transaction: a column is dropped, under its name or another one, between changes of
 * rows. Where none is left, one is added.
 */
export function columnDrop(random: Random, db: Reader, writer: number, tag: string): string[] {
  const table = tableOf(writer)
  const dropped = droppedColumn(random, db, table)
  const renamed = `${dropped}_${tag}`
  const rows = [
    `INSERT INTO ${table}(first) VALUES ('${tag}')`,
    `UPDATE ${table} SET first = first || '+'`,
    `DELETE FROM ${table} WHERE first LIKE '%++%'`,
  ]
  const change =
    dropped === null
      ? [`ALTER TABLE ${table} ADD COLUMN added_${tag}`]
      : random.chance(30)
        ? [
            `ALTER TABLE ${table} RENAME COLUMN ${dropped} TO ${renamed}`,
            `ALTER TABLE ${table} DROP COLUMN ${renamed}`,
          ]
        : [`UPDATE ${table} SET ${dropped} = '${tag}'`, `ALTER TABLE ${table} DROP COLUMN ${dropped}`]
  const some = (): string[] => rows.filter(() => random.chance(50))
  return [`INSERT INTO journal(tag) VALUES ('${tag}')`, ...some(), ...change, ...some()]
}

/** The rows of the writer's table, with the columns that it has; null where it has none. */
export function rowsBetweenDrops(db: Reader, writer: number): string | null {
  const table = tableOf(writer)
  const exists = db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(table) !== undefined
  return exists ? rowsOf(db, table) : null
}

function droppedColumn(random: Random, db: Reader, table: string): string | null {
  const columns = db
    .prepare(`SELECT name FROM pragma_table_info('${table}') WHERE name NOT IN ('id', 'first')`)
    .pluck()
    .all() as string[]
  return columns.length === 0 ? null : random.pick(columns)
}

function tableOf(writer: number): string {
  return `columns_of_${writer}`
}
